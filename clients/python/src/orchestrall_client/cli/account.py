"""`orchestrall login`, `logout`, `whoami` and `usage`."""

from __future__ import annotations

import argparse
import getpass
import os
import sys
from contextlib import suppress

from orchestrall_client import client as names
from orchestrall_client.cli import login
from orchestrall_client.cli.login import Login, Usage
from orchestrall_client.cli.output import clean, facts, print_json, table
from orchestrall_client.cli.parsing import Group
from orchestrall_client.client import Client
from orchestrall_client.connection import base_url
from orchestrall_client.errors import PermissionDenied

_LOGIN = """\
  orchestrall login --url https://acme.example
  orchestrall login --url https://acme.example < key.txt"""


def add(group: Group) -> None:
    made = group.plain("login", "Keep a host and an API key for the commands that follow.", examples=_LOGIN)
    made.set_defaults(alone=sign_in)
    group.plain("logout", "Forget the key that is kept; it stays good until it is revoked.").set_defaults(alone=leave)
    group.command("whoami", whoami, "The host, and by which key. Ends with 3 where the key has ended.")
    group.command("usage", usage, "Your limits, and what is used of them now.")


def sign_in(asked: argparse.Namespace) -> int:
    """Ask for what is missing, try the key, and keep both."""
    person = sys.stdin.isatty()
    url = asked.url or os.environ.get(names.URL) or (input("Address of the host: ") if person else "")
    if not url:
        raise Usage("Say which host: orchestrall login --url https://acme.example")
    url = base_url(url, allow_http=asked.allow_http)
    key = getpass.getpass("API key (it is not shown): ") if person else sys.stdin.readline()
    kept = Login(url, key.strip(), asked.allow_http)
    if not kept.key:
        raise Usage("No key was given. Make one in the console: API keys, Make a key.")
    with Client(kept.url, key=kept.key, allow_http=kept.allow_http) as client:
        _try(client)
    path = login.place()
    login.keep(path, kept)
    print(f"Signed in to {kept.url} with {kept.shown}. The key is kept in {path}.")
    return 0


def leave(asked: argparse.Namespace) -> int:
    print("Signed out." if login.forget(login.place()) else "Nobody was signed in.")
    return 0


def whoami(client: Client, asked: argparse.Namespace) -> int:
    _try(client)
    who, key = os.environ.get(names.EMAIL, ""), os.environ.get(names.KEY, "")
    kept = None if who or key else login.read(login.place())
    shown = kept.shown if kept else Login(client.url, key).shown if key else ""
    told = {"url": client.url, "key": shown, "email": "" if shown else who, "from": "login" if kept else "environment"}
    if asked.json:
        print_json(told)
    else:
        facts({name.capitalize(): value for name, value in told.items()})
    return 0


def usage(client: Client, asked: argparse.Namespace) -> int:
    found = client.usage()
    if asked.json:
        print_json(found)
        return 0
    print(f"Plan: {clean(found.plan_title)}\n")
    heads = ["limit", "used", "of", "seconds", "more in"]
    table(heads, [[each.title, each.used, each.limit, each.window, f"{each.reset} s"] for each in found.items])
    return 0


def _try(client: Client) -> None:
    """Raise what the server says to the credential. One that may not see runs is good for something else."""
    with suppress(PermissionDenied):
        next(client.runs.list(page_size=1), None)
