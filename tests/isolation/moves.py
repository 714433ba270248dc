"""What somebody with access to the storage, or a careless restore, carries from one tenant to the other."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.isolation.ground.sides import Side


@dataclass(frozen=True)
class Kept:
    """What stood in our rows and files before."""

    rows: list[tuple[str, Any, dict[str, bytes | None]]]
    """Table, the values of the primary key, and the encrypted columns."""
    files: dict[Path, bytes]


def ciphertexts_swap(source: Side, target: Side) -> Kept:
    """Put every encrypted value and file of `source` in the place of that of `target` under the same key."""
    from django.conf import settings
    from django.db import connection

    rows: list[tuple[str, Any, dict[str, bytes | None]]] = []
    with connection.cursor() as cursor:
        for table, keys, columns in _encrypted():
            names = ", ".join(f'o."{name}"' for name in [*keys, *columns])
            same = " and ".join(f't."{key}" = o."{key}"' for key in keys)
            both = f'from "{source.schema}"."{table}" t where {same}'
            cursor.execute(f'select {names} from "{target.schema}"."{table}" o where exists (select {both})')
            for found in cursor.fetchall():
                values = dict(zip(columns, found[len(keys) :], strict=True))
                rows.append((table, found[: len(keys)], values))
            changes = ", ".join(f'"{name}" = t."{name}"' for name in columns)
            with _past_triggers(cursor):
                cursor.execute(f'update "{target.schema}"."{table}" o set {changes} {both}')
    files = {}
    folder = Path(settings.VAR) / "files"
    for path in (folder / source.schema).rglob("*"):
        mine = folder / target.schema / path.relative_to(folder / source.schema)
        if path.is_file() and mine.is_file():
            files[mine] = mine.read_bytes()
            shutil.copyfile(path, mine)
    if not (rows and files):
        raise LookupError("There is nothing encrypted under a key that both have.")
    return Kept(rows, files)


def ciphertexts_restore(kept: Kept, target: Side) -> None:
    """Put back what stood there."""
    from django.db import connection

    with connection.cursor() as cursor:
        keys_of = {table: keys for table, keys, _ in _encrypted()}
        for table, id, values in kept.rows:
            changes = ", ".join(f'"{name}" = %s' for name in values)
            same = " and ".join(f'"{key}" = %s' for key in keys_of[table])
            statement = f'update "{target.schema}"."{table}" set {changes} where {same}'
            with _past_triggers(cursor):
                cursor.execute(statement, [*values.values(), *id])
    for path, content in kept.files.items():
        path.write_bytes(content)


@contextmanager
def _past_triggers(cursor: Any) -> Iterator[None]:
    """Whoever has the storage is held up by no trigger."""
    cursor.execute("set session_replication_role = replica")
    yield
    cursor.execute("set session_replication_role = origin")


def _encrypted() -> list[tuple[str, list[str], list[str]]]:
    """Table, primary key and encrypted columns of each model of the product that has some."""
    from django.apps import apps

    from apps.tenants.fields import payload_fields

    found = []
    for model in apps.get_models():
        columns = [str(each.column) for each in payload_fields(model)]
        if columns and model.__module__.startswith("apps."):  # tests make models of their own, without a table
            found.append((model._meta.db_table, [str(each.column) for each in model._meta.pk_fields], columns))
    return found
