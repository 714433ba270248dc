"""Exports of the audit log. Each is recorded before its first byte leaves."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Final, Literal
from uuid import UUID

from django.db import transaction

from apps.accounts.permissions import MEMBERS_VIEW
from apps.audit.documents import instant
from apps.audit.exports import export_lines
from apps.audit.models import AuditEntry
from apps.audit.services import record
from apps.common.permissions import Principal, demand
from apps.common.spreadsheets import inert
from apps.common.widgets import Cell
from apps.compliance.audit import selectors
from apps.compliance.audit.filters import AuditFilter
from apps.compliance.audit.showing import shown
from apps.compliance.auditing import AUDIT_EXPORTED
from apps.compliance.permissions import AUDIT_EXPORT
from apps.tenants.context import current_tenant, tenant_context

Form = Literal["jsonl", "csv"]
ROWS: Final = 500
"""Entries that are read at a time."""
COLUMNS: Final = (
    "Time (UTC)", "What was done", "Outcome", "Kind", "Title", "Actor kind", "Actor", "Actor id", "E-mail", "Way",
    "Address", "Program", "Subject kind", "Subject", "Subject id", "Before", "After", "Facts", "Request", "Entry",
)  # fmt: skip
WORDS: Final = {"jsonl": "JSON lines with proofs", "csv": "CSV"}


@dataclass(frozen=True)
class Export:
    """What is exported: the entries that match and were there when it began."""

    narrow: AuditFilter
    newest: UUID | None
    entries: int


def export_begin(*, who: Principal, narrow: AuditFilter, form: Form) -> Export:
    """Record that the entries that match are exported, and which these are.

    Lines with proofs say all that is recorded, of people too: they are for whoever may see the members.
    """
    demand(who, AUDIT_EXPORT)
    if form == "jsonl":
        demand(who, MEMBERS_VIEW)
    with transaction.atomic():
        rows = selectors.entries_query(who=who, narrow=narrow)
        newest = rows.values_list("pk", flat=True).first()
        entries = rows.count()
        record(AUDIT_EXPORTED, who=who, entries=entries, format=WORDS[form], filter=narrow.told())
    return Export(narrow, newest, entries)


def jsonl_pieces(*, who: Principal, export: Export) -> Iterator[str]:
    """The entries as `apps.audit.exports` writes them, for `verify_audit.py`. As `csv_pieces`."""
    demand(who, AUDIT_EXPORT)
    demand(who, MEMBERS_VIEW)
    tenant, narrow = current_tenant(), export.narrow
    if replace(narrow, since=None, before=None):  # more than a span of time: each is proven by itself
        rows = selectors.entries_query(who=who, narrow=narrow)
        lines = export_lines(entries=rows.filter(pk__lte=export.newest) if export.newest else rows.none())
    else:
        lines = export_lines(since=narrow.since, until=narrow.before)

    def pieces() -> Iterator[str]:
        while True:
            with tenant_context(tenant):
                piece = "".join(islice(lines, ROWS))
            if not piece:
                return
            yield piece

    return pieces()


def csv_pieces(*, who: Principal, export: Export) -> Iterator[str]:
    """The entries as CSV, oldest first. Pieces enter the tenant anew: they are read after the answer has begun."""
    demand(who, AUDIT_EXPORT)
    tenant = current_tenant()

    def pieces() -> Iterator[str]:
        # A byte order mark: without it a spreadsheet program takes the text for that of its own country.
        yield "\ufeff" + _lines([COLUMNS])
        after = None
        while True:
            with tenant_context(tenant):
                found = entries_after(who=who, export=export, after=after)
                rows = [_cells(entry) for entry in found]
            if not rows:
                return
            after = found[-1].pk
            yield _lines(rows)

    return pieces()


def entries_after(*, who: Principal, export: Export, after: UUID | None) -> list[AuditEntry]:
    """The next entries of an export, oldest first."""
    if export.newest is None:
        return []
    rows = selectors.entries_query(who=who, narrow=export.narrow).filter(pk__lte=export.newest).order_by("id")
    return list((rows if after is None else rows.filter(pk__gt=after))[:ROWS])


def _lines(rows: Iterable[Sequence[Cell]]) -> str:
    """Rows as CSV (RFC 4180). Text that a spreadsheet program would run is made inert."""
    buffer = io.StringIO()
    csv.writer(buffer).writerows([inert(cell) for cell in row] for row in rows)
    return buffer.getvalue()


def _cells(entry: AuditEntry) -> list[Cell]:
    item = shown(entry)
    said = item.said
    return [
        instant(entry.at), item.sentence.text, entry.outcome, entry.kind, item.title,
        entry.actor_kind, said.actor, str(entry.actor_id or ""), item.email, entry.via,
        item.address, said.agent, entry.subject_kind, said.subject, entry.subject_id,
        *(json.dumps(part, ensure_ascii=False) if part else "" for part in (said.before, said.after, said.facts)),
        entry.request, str(entry.pk),
    ]  # fmt: skip
