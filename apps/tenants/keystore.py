"""Where the wrapped data keys are kept: a file for each tenant, in a folder that no backup of the database holds.

In the database an old dump would bring a deleted key back. The folder is shared by all processes, as the files are.
Back it up apart, and keep those backups no longer than an erased tenant may be brought back.
"""

from __future__ import annotations

import base64
import binascii
import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from django.conf import settings

from apps.tenants.sealing import KeysUnavailable


@dataclass(frozen=True)
class WrappedKey:
    """A data key as it is kept: opened by the master key of the name `master` only."""

    id: str
    master: str
    wrapped: bytes

    def to_text(self) -> str:
        words = {"version": 1, "id": self.id, "master": self.master, "wrapped": base64.b64encode(self.wrapped).decode()}
        return json.dumps(words) + "\n"

    @classmethod
    def from_text(cls, text: str) -> WrappedKey:
        """Raises `ValueError` for text that `to_text` did not make."""
        words = json.loads(text)
        if not isinstance(words, dict) or words.get("version") != 1:
            raise ValueError("not a wrapped key")
        try:
            return cls(str(words["id"]), str(words["master"]), base64.b64decode(words["wrapped"], validate=True))
        except (KeyError, TypeError, binascii.Error) as error:
            raise ValueError("not a wrapped key") from error


def get(tenant: UUID) -> WrappedKey | None:
    """The key of a tenant, or None where there is none. Raises `KeysUnavailable`."""
    try:
        return WrappedKey.from_text(_file(tenant).read_text())
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise KeysUnavailable(f"The key file of the tenant {tenant} cannot be read.") from error


def add(tenant: UUID, key: WrappedKey) -> WrappedKey:
    """Keep a tenant's first key; it is on the disk afterwards. Returns what is kept, which may be an earlier one."""
    with _locked():
        there = get(tenant)
        if there is None:
            _write(tenant, key)
        return there or key


def replace(tenant: UUID, old: WrappedKey, new: WrappedKey) -> bool:
    """Put `new` in the place of `old`. False, and nothing changed, where the key is another one by now, or deleted."""
    with _locked():
        if get(tenant) != old:
            return False
        _write(tenant, new)
        return True


def remove(tenant: UUID) -> bool:
    """Delete the key of a tenant, for good once backups of this folder are gone. False where there was none."""
    with _locked():
        try:
            with _file(tenant).open("r+b") as file:  # in place: nothing of it is left in the blocks that are given back
                file.write(b"\x00" * os.fstat(file.fileno()).st_size)
                file.flush()
                os.fsync(file.fileno())
            _file(tenant).unlink()
        except FileNotFoundError:
            return False
        _sync(_folder())
        return True


def tenants() -> set[UUID]:
    """The tenants that have a key."""
    if not _folder().is_dir():
        return set()
    return {UUID(file.name) for file in _folder().iterdir() if len(file.name) == 36 and file.name.count("-") == 4}


def is_there() -> bool:
    """Whether there is a folder of keys at all: else it may not be mounted, and no key counts as deleted."""
    return _folder().is_dir()


def flaw() -> str:
    """What is wrong with the folder, for who looks before the first key is needed; empty when it can be used."""
    folder = _folder()
    if folder.is_dir():
        if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
            return f"The folder of keys, {folder}, cannot be read and written by this process."
        return ""
    if folder.exists():
        return f"{folder} is to be the folder of keys, and is no folder."
    above = next(parent for parent in folder.parents if parent.exists())
    possible = above.is_dir() and os.access(above, os.W_OK | os.X_OK)
    return "" if possible else f"The folder of keys, {folder}, cannot be made."


def _folder() -> Path:
    return Path(settings.KEYS)


def _file(tenant: UUID) -> Path:
    return _folder() / str(tenant)


@contextmanager
def _locked() -> Iterator[None]:
    """Hold the folder alone: a key that is being wrapped anew must not come back after somebody deleted it."""
    try:
        _folder().mkdir(mode=0o700, parents=True, exist_ok=True)
        with open(_folder() / ".lock", "w", opener=lambda path, flags: os.open(path, flags, 0o600)) as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
    except OSError as error:
        raise KeysUnavailable(f"The folder of keys, {_folder()}, cannot be written: {error.strerror}.") from error


def _write(tenant: UUID, key: WrappedKey) -> None:
    fresh = _folder() / f".{tenant}"
    with open(fresh, "w", opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
        file.write(key.to_text())
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(_file(tenant))
    _sync(_folder())


def _sync(folder: Path) -> None:
    """Have the folder's list of files on the disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
