"""Where the command line signs in, and as whom: asked from the environment, or kept in a file of the user's own."""

from __future__ import annotations

import json
import os
import re
import stat
import uuid
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from orchestrall_client import client as names
from orchestrall_client.client import Client
from orchestrall_client.connection import base_url


class Usage(Exception):
    """The command was not used as it is meant; the text says what to do."""


@dataclass(frozen=True)
class Login:
    """A host, and the key to it."""

    url: str
    key: str = field(repr=False)
    allow_http: bool = False

    @property
    def prefix(self) -> str:
        """The public part of the key, by which the console names it; empty for what is none."""
        found = re.match(r"ork_([0-9a-z]{8})_", self.key)
        return found[1] if found else ""

    @property
    def shown(self) -> str:
        """What may be shown of the key."""
        return f"ork_{self.prefix}…"


def place(environment: Mapping[str, str] = os.environ) -> Path:
    """The file of the login, where the XDG Base Directory Specification has such files."""
    home = environment.get("XDG_CONFIG_HOME", "")
    folder = Path(home) if os.path.isabs(home) else Path.home() / ".config"
    return folder / "orchestrall" / "login.json"


def read(path: Path) -> Login | None:
    """The login that was kept; None where there is none. Raises `Usage` for a file that others may read."""
    try:
        with path.open() as file:
            if os.name == "posix" and stat.S_IMODE(os.fstat(file.fileno()).st_mode) & 0o077:
                raise Usage(f"{path} holds a key and can be read by others. Close it: chmod 600 {path}")
            told = json.load(file)
        return Login(told["url"], told["key"], bool(told.get("allow_http")))
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError) as error:
        raise Usage(f"{path} cannot be read. Sign in again: orchestrall login") from error


def keep(path: Path, login: Login) -> None:
    """Keep it, readable by nobody else, from the first byte on."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    try:
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            json.dump({"url": login.url, "key": login.key, "allow_http": login.allow_http}, file)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def forget(path: Path) -> bool:
    """Delete the login. Returns whether there was one."""
    with suppress(FileNotFoundError):
        path.unlink()
        return True
    return False


def in_environment() -> bool:
    """Whether the environment says who asks."""
    return bool(os.environ.get(names.KEY) or os.environ.get(names.EMAIL))


def client_of(url: str | None, *, allow_http: bool) -> Client:
    """A client by what was said, the environment, and what was kept. A key goes to no host but its own."""
    wanted = url or os.environ.get(names.URL)
    if in_environment():
        kept = None if wanted else read(place())
        return Client(wanted or (kept.url if kept else None), allow_http=allow_http)
    kept = read(place())
    if kept is None:
        raise Usage(f"Sign in first: orchestrall login. A script sets {names.URL} and {names.KEY} instead.")
    if wanted and base_url(wanted, allow_http=True) != kept.url:
        raise Usage(f"The key that is kept is for {kept.url}. Sign in there: orchestrall login --url {wanted}")
    return Client(kept.url, key=kept.key, allow_http=allow_http or kept.allow_http)
