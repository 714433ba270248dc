"""A place in memory for the databases that tests copy from the template.

A copy is some thousand small files, and lives for one test. Where files are made and deleted by the thousand, a file
system on a disk may come to take seconds for each thousand, memory takes a tenth of one. The template stays on the
disk, where the next run finds it.
"""

from __future__ import annotations

import atexit
import fcntl
import os
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import psycopg

from orchestrall.embedded import NOBODY, Postgres, user_namespaces_work

SPACE = "copies"
FOLDER = Path("/dev/shm")  # noqa: S108  # Linux has it; elsewhere copies are made on the disk
PREFIX = "orchestrall-copies-"
MADE_BY_THEN = 60.0
"""Seconds after which a folder that nobody has locked is nobody's."""
ROOM = 2 << 30
"""As much must be free. Each process of a run has three copies of some forty megabytes, and others need memory too."""

_held: list[int] = []


def folders_again(data: Path) -> None:
    """Make the folders that a server's data leads to, before it starts: one that was killed together with its machine
    goes through what it did last, and does not start where it finds no folder for that."""
    for link in (data / "pg_tblspc").glob("*"):
        _folder(link.readlink())


def _folder(place: Path) -> None:
    """Make a folder, which is locked for as long as this process lives, or the one that has locked it already."""
    place.mkdir(mode=0o700, exist_ok=True)
    if os.geteuid() == 0 and not user_namespaces_work():
        os.chown(place, NOBODY, NOBODY)
    held = os.open(place, os.O_RDONLY)
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(held)
    else:
        _held.append(held)


def _nobodys() -> Iterator[Path]:
    """Folders of runs that were killed, whichever data their servers have: memory is not left to them."""
    for place in FOLDER.glob(f"{PREFIX}*"):
        with suppress(OSError):
            if time.time() - place.stat().st_mtime > MADE_BY_THEN:
                tried = os.open(place, os.O_RDONLY)
                try:
                    fcntl.flock(tried, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    yield place
                finally:
                    os.close(tried)


def copies_in_memory(server: Postgres) -> None:
    """Give a server that was just started a tablespace in memory, if there is room, until this process ends.

    Whoever stops the server at exit registers that after this, as what was registered last is called first.
    """
    with psycopg.connect(server.url("postgres"), autocommit=True) as admin:
        _forget(admin)
        for left in _nobodys():
            shutil.rmtree(left, ignore_errors=True)
        if not FOLDER.is_dir() or shutil.disk_usage(FOLDER).free < ROOM:
            return
        place = FOLDER / f"{PREFIX}{secrets.token_hex(8)}"
        _folder(place)
        atexit.register(shutil.rmtree, place, ignore_errors=True)
        admin.execute(f"create tablespace {SPACE} location '{place}'")


def _forget(admin: psycopg.Connection[Any]) -> None:
    """Delete the tablespace of an earlier run, and what is in it if that was killed."""
    named = "from pg_tablespace where spcname = %s"
    for (place,) in admin.execute(f"select pg_tablespace_location(oid) {named}", [SPACE]).fetchall():
        left = f"select datname from pg_database where dattablespace = (select oid {named})"
        for (database,) in admin.execute(left, [SPACE]).fetchall():
            admin.execute(f'drop database "{database}" with (force)')
        admin.execute(f"drop tablespace {SPACE}")
        shutil.rmtree(place, ignore_errors=True)
