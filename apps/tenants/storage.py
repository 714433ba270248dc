"""Files of a tenant, below one folder of its own."""

from __future__ import annotations

import shutil
from pathlib import Path

from django.conf import settings

from apps.tenants.context import current_tenant
from apps.tenants.names import require_schema


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


def files_remove(schema: str) -> None:
    """Delete every file of a tenant. Does nothing when there is none."""
    shutil.rmtree(_root(schema), ignore_errors=True)


def _root(schema: str) -> Path:
    require_schema(schema)
    return Path(settings.VAR) / "files" / schema
