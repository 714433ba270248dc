"""What the rows of tenants are, as figures that change with any of them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

Table = tuple[str, str]
"""Schema and name."""

_LEFT_OUT = ("django_session", "audit_pending", "audit_leaf", "audit_node", "audit_checkpoint", "audit_place")
_LOG = ("audit_entry", "audit_payload")


def digests(connection: Any, schemas: list[str], *, with_log: bool = True) -> dict[str, str]:
    """A figure for each tenant that changes with any of its rows; `connection` is Django's, or psycopg's.

    Without the log, nothing of the audit log counts: what its own people fetched is recorded there.

    Left out are sessions, where toasts are kept, when a key was used, and how often its own people fetched a file, of
    which each time has an entry in the log as well; and of the audit log its tree, which is made of entries by and by,
    and that somebody used a key or failed to sign in, which is recorded of the refused as well.
    """
    return _by_schema(schemas, tables_read(connection, schemas, with_log=with_log))


def tables_read(connection: Any, schemas: list[str], *, with_log: bool = True) -> dict[Table, str]:
    """The rows of every table that counts, as a figure each."""
    with connection.cursor() as cursor:
        return _digests(cursor, _tables(cursor, schemas, with_log))


class Watched:
    """The same, again and again within one transaction, in which a table that nobody wrote to is not read again.

    `known` tells what all tables were when this transaction began: then only those are read that it has written to.
    """

    def __init__(
        self, connection: Any, schemas: list[str], *, with_log: bool = True, known: dict[Table, str] | None = None
    ) -> None:
        self._connection, self._schemas = connection, schemas
        with connection.cursor() as cursor:
            self._tables = _those(known, schemas, with_log) if known else _tables(cursor, schemas, with_log)
            self._writes = _writes(cursor, schemas)
            written = [table for table in self._tables if self._writes.get(table)] if known else self._tables
            self._at_first = {table: (known or {}).get(table, "") for table in self._tables}
            self._at_first |= _digests(cursor, written)
        self.at_first = _by_schema(schemas, self._at_first)

    def now(self) -> dict[str, str]:
        """The figures now. What was written and undone counts as written, so that nothing is missed."""
        with self._connection.cursor() as cursor:
            writes = _writes(cursor, self._schemas)
            touched = [table for table in self._tables if writes.get(table) != self._writes.get(table)]
            return _by_schema(self._schemas, self._at_first | _digests(cursor, touched))


def _those(known: Iterable[Table], schemas: list[str], with_log: bool) -> list[Table]:
    return [(schema, table) for schema, table in known if schema in schemas and (with_log or table not in _LOG)]


def _tables(cursor: Any, schemas: list[str], with_log: bool) -> list[Table]:
    cursor.execute(
        "select schemaname, tablename from pg_tables where schemaname = any(%s) and tablename <> all(%s)",
        [schemas, list(_LEFT_OUT if with_log else _LEFT_OUT + _LOG)],
    )
    return [(schema, table) for schema, table in cursor.fetchall()]


def _writes(cursor: Any, schemas: list[str]) -> dict[Table, int]:
    """How many rows of each table this transaction has written, also in parts of it that were undone."""
    cursor.execute(
        "select schemaname, relname, n_tup_ins + n_tup_upd + n_tup_del from pg_stat_xact_user_tables "
        "where schemaname = any(%s)",
        [schemas],
    )
    return {(schema, table): written for schema, table, written in cursor.fetchall()}


def _digests(cursor: Any, tables: Iterable[Table]) -> dict[Table, str]:
    parts = [
        f"select '{schema}', '{table}', "
        f"md5(string_agg((to_jsonb(t) - array['last_used_at', 'downloads'])::text, '|' order by t::text)) "
        f'from "{schema}"."{table}" t {_only(schema, table)}'
        for schema, table in tables
    ]
    if not parts:
        return {}
    cursor.execute(" union all ".join(parts))
    return {(schema, table): rows or "" for schema, table, rows in cursor.fetchall()}


def _only(schema: str, table: str) -> str:
    """Which rows of a table count: a `where`, or nothing for all of them."""
    told = "kind not in ('accounts.sign_in_failed', 'gateway.key_used')"
    if table == "audit_payload":
        return f'where entry_id in (select id from "{schema}".audit_entry where {told})'
    return f"where {told}" if table == "audit_entry" else ""


def _by_schema(schemas: list[str], tables: dict[Table, str]) -> dict[str, str]:
    found = {schema: hashlib.sha256() for schema in schemas}
    for (schema, table), rows in sorted(tables.items()):
        found[schema].update(f"{table}={rows};".encode())
    return {schema: digest.hexdigest() for schema, digest in found.items()}
