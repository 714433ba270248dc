"""`orchestrall keys …`"""

from __future__ import annotations

import argparse
from itertools import islice
from typing import Any

from orchestrall_client.cli import login
from orchestrall_client.cli.login import Login, Usage
from orchestrall_client.cli.output import moment, print_json, print_list
from orchestrall_client.cli.parsing import Group, at_least_one
from orchestrall_client.client import Client

COLUMNS: dict[str, Any] = {
    "id": lambda key: key.id,
    "key": lambda key: f"ork_{key.prefix}…",
    "name": lambda key: key.name,
    "state": lambda key: key.state,
    "acts for": lambda key: key.acts_for.name,
    "ends": lambda key: moment(key.expires_at),
    "last used": lambda key: moment(key.last_used_at),
}


def add(group: Group) -> None:
    listing = group.command("list", list_keys, "The API keys, newest first, without their texts.")
    listing.add_argument("--q", default="", metavar="WORDS", help="only those of this name or prefix")
    listing.add_argument("--state", choices=["active", "ended"], default="", help="only those")
    listing.add_argument("--limit", type=at_least_one, default=20, help="how many at most (%(default)s)")

    rotate = group.command("rotate", rotate_kept, "Put a new key in place of the one that is kept. Neither is shown.")
    rotate.add_argument("--overlap", choices=["0", "1h", "1d", "7d"], default="1d", help="how long the old one goes on")


def list_keys(client: Client, asked: argparse.Namespace) -> int:
    found = client.keys.list(q=asked.q, state=asked.state, page_size=min(asked.limit, 200))
    print_list(islice(found, asked.limit), COLUMNS, as_json=asked.json)
    return 0


def rotate_kept(client: Client, asked: argparse.Namespace) -> int:
    path = login.place()
    kept = login.read(path)
    if kept is None or login.in_environment():
        raise Usage("This is for the key of `orchestrall login`, and that is not the one in use. Nothing was changed.")
    old = next((key for key in client.keys.list(q=kept.prefix, state="active") if key.prefix == kept.prefix), None)
    if old is None:
        raise Usage(f"{kept.shown} is none of the active keys. Sign in with one that is: orchestrall login")
    login.keep(path, kept)  # before there is a new one: a folder that cannot be written to would lose it
    made = client.keys.rotate(old, overlap=asked.overlap)
    login.keep(path, Login(kept.url, made.key, kept.allow_http))
    if asked.json:
        print_json(made.model_dump(mode="json", exclude={"key"}))
    else:
        print(f"ork_{made.prefix}… is kept in place of {kept.shown}, which is good for {asked.overlap} more.")
    return 0
