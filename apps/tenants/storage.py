"""Files of a tenant, below one folder of its own, sealed with its data key; and a place for what is only passing."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, cast

from django.conf import settings

from apps.tenants import sealedfiles
from apps.tenants.context import current_tenant
from apps.tenants.keys import data_key, require_data_key
from apps.tenants.names import require_schema
from apps.tenants.sealing import SealBroken

STALE = 3600
"""Seconds after which a part of a file was left by a process that died: making one takes minutes."""


def tenant_path(*parts: str) -> Path:
    """A path below the current tenant's folder; the folder that is to hold it exists afterwards.

    Raises `ValueError` for parts that lead out of it, by `..`, an absolute part or a symbolic link.
    """
    root = _root(current_tenant().schema_name)
    root.mkdir(parents=True, exist_ok=True)
    path = root.joinpath(*parts).resolve()
    if not path.is_relative_to(root.resolve()) or any("\x00" in part for part in parts):
        raise ValueError("This path leads out of the tenant's folder.")
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def file_seal(source: Path, path: Path) -> None:
    """Keep what is in `source` at `path`, a `tenant_path`: sealed, whole or not at all, and on the disk afterwards."""
    key = data_key(current_tenant())
    part = path.with_name(f".{path.name}")
    _sweep(path.parent.glob(".*"))
    try:
        with source.open("rb") as plain, part.open("wb") as target:
            if key is None:  # a tenant from before files were sealed
                shutil.copyfileobj(plain, target)
            else:
                sealedfiles.seal(plain, target, key=key, context=_context(path))
            target.flush()
            os.fsync(target.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def file_reseal(path: Path) -> None:
    """Seal a file that lies at `path` in plain. Who reads it meanwhile goes on."""
    with suppress(FileNotFoundError):  # it was deleted meanwhile
        file_seal(path, path)


def file_open(path: Path) -> BinaryIO:
    """What `file_seal` kept at `path`, to be read from any place without a plain copy on the disk.

    Raises `FileNotFoundError`, and `SealBroken` for a file that was changed, cut off or moved here from elsewhere.
    """
    tenant = current_tenant()
    if sealedfiles.is_sealed(path):
        reader = sealedfiles.SealedReader(path, key=require_data_key(tenant), context=_context(path))
        return cast(BinaryIO, reader)
    if tenant.sealed_at is None:
        return path.open("rb")
    raise SealBroken


def scratch_path(name: str) -> Path:
    """Where the current tenant may have a plain file for the moment; whoever asks removes it.

    Readers of foreign files need one, as they hold no key. The folder is no part of a backup, only this user can look
    into it, and what a process left there that died is removed at the next call after `STALE` seconds.
    """
    folder = _scratch(current_tenant().schema_name)
    folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.mkdir(mode=0o700, exist_ok=True)
    _sweep(folder.parent.glob("*/*"))
    return folder / name


def _sweep(parts: Iterable[Path]) -> None:
    """Remove those of the parts that processes left behind which died."""
    old = time.time() - STALE
    for part in parts:
        with suppress(FileNotFoundError):  # its owner was quicker
            if part.stat().st_mtime < old:
                part.unlink()


def files_remove(schema: str) -> None:
    """Delete every file of a tenant. Does nothing when there is none."""
    shutil.rmtree(_root(schema), ignore_errors=True)
    shutil.rmtree(_scratch(schema), ignore_errors=True)


def _root(schema: str) -> Path:
    require_schema(schema)
    return Path(settings.VAR) / "files" / schema


def _scratch(schema: str) -> Path:
    require_schema(schema)
    return Path(settings.VAR) / "scratch" / schema


def _context(path: Path) -> str:
    """What a file is bound to: its tenant, and its place among the tenant's files."""
    tenant = current_tenant()
    return f"tenant:{tenant.pk}:file:{path.relative_to(_root(tenant.schema_name).resolve())}"
