"""Recording. An entry is part of the transaction that makes it true: where it cannot be written, nothing is done."""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, cast
from uuid import UUID

import psycopg
from django.db import DatabaseError, connection, models, transaction
from django.utils import timezone

from apps.audit.actors import Actor, Acts, actor_of, circumstances
from apps.audit.documents import canonical, digest_of, salted
from apps.audit.kinds import EntryKind
from apps.audit.models import AuditEntry, AuditPayload, AuditPending
from apps.common.errors import Unavailable
from apps.common.ids import uuid7
from apps.common.permissions import Platform
from apps.common.redaction import is_credential_name
from apps.common.work import schedule
from apps.tenants.context import current_schema, current_tenant, tenant_context
from apps.tenants.fields import PayloadField
from apps.tenants.models import Tenant

SEQUENCE: Final = "audit.sequence"
"""The kind of work that puts pending entries into the tree."""
SEQUENCED_WITHIN: Final = 20
"""Seconds from a commit until its entries are put into the tree, where a worker is free."""
LARGEST: Final = 256 * 1024
"""Bytes of a payload's part. Of what is larger, the size and the digest are kept."""
_HIDDEN: Final = "(not shown)"
# Of a row as it is written, with their types; what stands last is kept in the payload.
_COLUMNS: Final = {
    "id": "uuid",
    "at": "timestamptz",
    "kind": "text",
    "outcome": "text",
    "actor_kind": "text",
    "actor_id": "uuid",
    "via": "text",
    "subject_kind": "text",
    "subject_id": "text",
    "request": "text",
    "facts_digest": "bytea",
    "personal_digest": "bytea",
    "facts": "bytea",
    "personal": "bytea",
}
_TABLES: Final = {"", *(model._meta.db_table for model in (AuditEntry, AuditPayload, AuditPending))}
"""Those that an entry is written to. A failure that names no table, as a lost connection, may be of them."""
_REQUEST: Final = re.compile("[0-9a-f]{32}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
"""The spellings of a UUID: names of requests that tell nothing."""
_MOST: Final = 2**53
"""Whole numbers beyond it are kept as text: not every reader of JSON has them."""


class AuditNotWritten(Unavailable):
    code = "audit_not_written"
    status = 503
    title = "The audit trail cannot be written"
    cause = "Nothing may be changed here without a record of it, and the record could not be stored."
    effect = "The change was not made."
    remedy = "Try again in a minute. If it stays, report the request id to whoever runs the installation."


Beside = tuple[str, Mapping[str, Any]]
"""SQL of the program's own that changes rows, and its parameters, whose names do not begin with ``audit_``."""


@dataclass(frozen=True)
class Subject:
    """What an entry is about, where it is no row of a table."""

    kind: str
    id: str
    name: str = ""

    @classmethod
    def of(cls, row: models.Model) -> Subject:
        return cls(row._meta.label_lower, str(row.pk), str(row))


@dataclass(frozen=True)
class Record:
    """What one call of `record` says, for those who record many things at once."""

    kind: EntryKind
    who: Acts | Actor | Platform | None = None
    subject: models.Model | Subject | None = None
    before: Mapping[str, Any] | None = None
    after: Mapping[str, Any] | None = None
    outcome: str = AuditEntry.Outcome.DONE
    facts: Mapping[str, Any] | None = None


def record(
    kind: EntryKind,
    *,
    who: Acts | Actor | Platform | None,
    subject: models.Model | Subject | None = None,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    outcome: str = AuditEntry.Outcome.DONE,
    **facts: Any,
) -> UUID:
    """Record one thing, in the caller's transaction and in one statement; returns the entry's id.

    Of `before` and `after` only what differs is kept. Values under names of credentials are not shown. `who` None is
    whoever the circumstances name, or the platform itself. Raises `AuditNotWritten`; let it pass, so that what was done
    in the transaction is undone. Outside a transaction it is a `RuntimeError`.
    """
    (id,) = record_many([Record(kind, who, subject, before, after, outcome, facts)])
    return id


def record_many(records: Sequence[Record], beside: Beside | None = None) -> list[UUID]:
    """Record several things in one statement, which carries out `beside` as well: what is recorded. As `record`.

    A failure of a table that is not the log's is that of `beside`, and is raised as the `DatabaseError` that it is.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("An audit entry belongs into the transaction of the change: use transaction.atomic().")
    if not records:
        return []
    columns = columns_of(records)
    also, parameters = beside or ("select 1", {})
    try:
        with connection.cursor() as cursor:
            cursor.execute(f"with {writing()}, beside as ({also}) select 1", {**parameters, **columns})
    except DatabaseError as error:
        if _failed_table(error) not in _TABLES:
            raise
        raise AuditNotWritten from error
    sequence_soon()
    return list(columns["audit_id"])


def _failed_table(error: DatabaseError) -> str:
    """The table that refused a row, as the database names it; empty where it names none."""
    cause = error.__cause__
    return (cause.diag.table_name or "") if isinstance(cause, psycopg.Error) else ""


def writing(only: str = "") -> str:
    """SQL of the common table expressions that write entries, for a statement that does more than that.

    `only` is a `where` over the rows `new`, as ``where exists (select from fenced)``. Its parameters are `columns_of`,
    whose names begin with ``audit_``. Call `sequence_soon` beside it.
    """
    # All of it is made of the names above, and of what the program gives.
    arrays = ", ".join(f"%(audit_{name})s::{type}[]" for name, type in _COLUMNS.items())
    entry = ", ".join(list(_COLUMNS)[:-2])  # all but the payload's parts
    return (
        f"audit_new as (select * from unnest({arrays}) as new({', '.join(_COLUMNS)}) {only}), "  # noqa: S608
        f"audit_entries as (insert into audit_entry ({entry}) select {entry} from audit_new), "
        "audit_payloads as (insert into audit_payload (entry_id, facts, personal, shredded_for) "
        "select id, facts, personal, '' from audit_new), "
        "audit_pendings as (insert into audit_pending (entry) select id from audit_new)"
    )


def columns_of(records: Iterable[Record]) -> dict[str, list[Any]]:
    """The columns of the entries, sealed for their rows, as `writing` takes them."""
    rows = [_row(each) for each in records]
    return {f"audit_{name}": [row[place] for row in rows] for place, name in enumerate(_COLUMNS)}


def sequence_soon() -> None:
    """Have the current tenant's pending entries put into the tree once this transaction is committed."""
    tenant, asked = current_tenant(), time.monotonic()
    transaction.on_commit(lambda: _nudge(tenant, asked), robust=True)


_relied_on: dict[UUID, float] = {}
"""Until when this process relies on the sequencer's looking at a tenant again, by its id."""


def _nudge(tenant: Tenant, asked: float) -> None:
    """Make the work row, unless this process has seen to it that the sequencer looks once more after this moment.

    The row that is made is due in `SEQUENCED_WITHIN` seconds at the latest. It may be due earlier, for another process;
    but once the sequencer has taken entries, it comes back that many seconds later before it ends. As those of this
    process can have been taken after `asked` only, another look follows until then, whoever made it come.
    """
    if _relied_on.get(tenant.pk, 0.0) > time.monotonic():
        return
    with nullcontext() if current_schema() == tenant.schema_name else tenant_context(tenant):
        with connection.cursor() as cursor:  # by the database's clock, as work is due by it
            cursor.execute("select clock_timestamp() + %s * interval '1 second'", [SEQUENCED_WITHIN])
            due_at = cursor.fetchone()[0]
        schedule(SEQUENCE, tenant.pk, due_at=due_at)
    _relied_on[tenant.pk] = asked + SEQUENCED_WITHIN - 1


def _row(said: Record) -> tuple[Any, ...]:
    id, around, actor = uuid7(), circumstances(), actor_of(said.who)
    subject = Subject.of(said.subject) if isinstance(said.subject, models.Model) else said.subject or Subject("", "")
    facts, personal = _parts(said, actor, subject)
    return (
        id,
        timezone.now(),
        said.kind.key,
        str(said.outcome),
        actor.kind,
        actor.id,
        actor.via[:80],
        subject.kind,
        subject.id[:100],
        _request_named(around.request),
        digest_of(facts),
        digest_of(personal),
        _sealed("facts", facts, id),
        _sealed("personal", personal, id),
    )


def _request_named(name: str) -> str:
    """The name of a request as an entry keeps it for good. Callers choose theirs, and could say in it who somebody is:
    of one that is no UUID a digest stands there, by which whoever has the name finds the entry."""
    if not name or _REQUEST.fullmatch(name):
        return name
    return hashlib.sha256(name.encode(errors="replace")).hexdigest()[:16]


def _parts(said: Record, actor: Actor, subject: Subject) -> tuple[dict[str, Any], dict[str, Any]]:
    """What is said: what is about nobody, and what is about people."""
    around, apart = circumstances(), said.kind.personal
    before, after = _differing(said.before or {}, said.after or {})
    facts: dict[str, Any] = {}
    personal: dict[str, Any] = {
        "actor": actor.name,
        "email": actor.email,
        "address": around.address,
        "agent": around.agent[:200],
    }
    (personal if "subject" in apart else facts)["subject"] = subject.name
    for name, values in (("before", before), ("after", after), ("", dict(said.facts or {}))):
        for key, value in values.items():
            part = personal if key in apart else facts
            (part.setdefault(name, {}) if name else part)[key] = _HIDDEN if is_credential_name(key) else _plain(value)
    return _kept(facts), _kept({name: value for name, value in personal.items() if value})


def _differing(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    names = {*before, *after}
    same = {name for name in names if name in before and name in after and before[name] == after[name]}
    return (
        {name: value for name, value in before.items() if name not in same},
        {name: value for name, value in after.items() if name not in same},
    )


def _plain(value: Any) -> Any:
    """The value in the few types that have one spelling everywhere."""
    if value is None or isinstance(value, bool) or (isinstance(value, int) and abs(value) <= _MOST):
        return value
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(key): _HIDDEN if is_credential_name(str(key)) else _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, set | frozenset):
        return sorted(str(item) for item in value)
    return str(value).encode(errors="replace").decode()  # half a pair of surrogates has no bytes


def _kept(content: dict[str, Any]) -> dict[str, Any]:
    text = canonical(content)
    if len(text) > LARGEST:
        content = {"too_large": {"bytes": len(text), "sha256": hashlib.sha256(text).hexdigest()}}
    return salted(content)


def _sealed(column: str, part: Mapping[str, Any], row: UUID) -> bytes:
    return cast(PayloadField, AuditPayload._meta.get_field(column)).seal(part, row).stored
