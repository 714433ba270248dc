"""What the log says of people, and for how long. A part of a payload is shredded whole: the digests stay, and the log
still verifies."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db.models import Case, F, Q, QuerySet, Value, When
from django.db.models.functions import Coalesce
from django.utils import timezone

from apps.audit.kinds import ENTRY_KINDS
from apps.audit.models import AuditPayload
from apps.common.privacy import Erased, Found, Item, Person, PersonalData, Retained, exempt
from apps.tenants.sealing import SealBroken

PERIOD = "retention period"
"""What a part was shredded for, where nobody asked."""


class Entries(PersonalData):
    key = "audit.entry"
    title = "Audit log"
    what = "What the person did, and what was done to their account: with name, e-mail and network address."
    erasure = (
        "What is about people in these entries is shredded; what was done stays, and the log still verifies. Where the "
        "rest names the person too, it is shredded as well. What was altered and does not open is counted, and stays."
    )
    tables = ("audit.AuditPayload",)

    def total(self) -> int:
        return AuditPayload.objects.count()

    def find(self, person: Person, *, mark: str | None, limit: int, to_erase: bool) -> Found:
        rows = AuditPayload.objects.select_related("entry").order_by("pk")
        if mark is not None:
            rows = rows.filter(pk__gt=mark)
        seen = list(rows[:limit])
        said = {row.pk: _said(row) for row in seen}
        items = [item for row in seen if (item := _item(row, said[row.pk], person)) is not None]
        mark = str(seen[-1].pk) if len(seen) == limit else None
        return Found(items, len(seen), mark, broken=sum(_BROKEN in parts.values() for parts in said.values()))

    def erase(self, person: Person, rows: Sequence[str], *, request: str) -> Erased:
        digests = {}
        for row in (
            AuditPayload.objects.filter(pk__in=[UUID(row) for row in rows])
            .select_related("entry")
            .select_for_update(of=("self",))
        ):
            parts = _parts(row, _said(row), person)
            if not parts:
                continue
            AuditPayload.objects.filter(pk=row.pk).update(
                **dict.fromkeys(parts), shredded_at=timezone.now(), shredded_for=request
            )
            digests[str(row.pk)] = f":{bytes(row.entry.personal_digest).hex()}"  # the entry's own; the salt is gone
        return Erased(digests)


_BROKEN: Final = "It was altered in the database, and does not open."


def _said(row: AuditPayload) -> dict[str, Any]:
    """What is there of the parts of an entry, opened; `_BROKEN` for one that does not open, which stops no request."""
    said: dict[str, Any] = {}
    for name in ("personal", "facts"):
        try:
            part = getattr(row, name)
        except SealBroken:
            said[name] = _BROKEN
        else:
            said |= {} if part is None else {name: part["content"]}
    return said


def _parts(row: AuditPayload, said: dict[str, Any], person: Person) -> list[str]:
    """The parts of an entry that have to be shredded for a person. What is about people in it goes with the rest. One
    that does not open stays, as evidence of what was done to it; not so what is about people in an entry of theirs."""
    entry = row.entry
    is_theirs = person.member is not None and (
        entry.actor_id == person.member or entry.subject_id == str(person.member)
    )
    named = {name for name, part in said.items() if part is not _BROKEN and person.is_in(part)}
    return [name for name in said if name in named or (name == "personal" and is_theirs)]


def _item(row: AuditPayload, said: dict[str, Any], person: Person) -> Item | None:
    parts = _parts(row, said, person)
    if not parts:
        return None
    kind = ENTRY_KINDS.get(row.entry.kind)
    told = {name: said[name] for name in parts}
    content = {
        "columns": {"kind": row.entry.kind, "outcome": row.entry.outcome, "via": row.entry.via},
        "says": [{"where": name, "says": part} for name, part in told.items()],
    }
    count = max(1, person.count(told))
    return Item(str(row.pk), kind.title if kind else row.entry.kind, row.entry.at, content, count=count)


class _Parts(Retained):
    """One part of the payloads of entries."""

    part: str

    def _rows(self, before: datetime) -> QuerySet[Any]:
        return AuditPayload.objects.filter(Q(**{f"{self.part}__isnull": False}), entry__at__lt=before)

    def due(self, before: datetime) -> int:
        return self._rows(before).count()

    def expire(self, before: datetime, limit: int) -> int:
        oldest = self._rows(before).order_by("entry__at").select_for_update(of=("self",), skip_locked=True)
        keys = list(oldest.values_list("pk", flat=True)[:limit])
        reason = Case(When(shredded_for="", then=Value(PERIOD)), default=F("shredded_for"))
        AuditPayload.objects.filter(pk__in=keys).update(
            **{self.part: None}, shredded_at=Coalesce("shredded_at", timezone.now()), shredded_for=reason
        )
        return len(keys)


class PersonalKept(_Parts):
    key = "audit.personal"
    title = "Who it was, in the audit log"
    group = "Audit and records"
    what = "Names, addresses and networks in entries are shredded; what was done, and the account's key, stay."
    note = "Long enough to look into what happened. The EU AI Act asks for six months of logs (Art. 26(6))."
    default = 731
    least = 183
    part = "personal"


class FactsKept(_Parts):
    key = "audit.facts"
    title = "What was done, in the audit log"
    group = "Audit and records"
    what = "Before, after and circumstances are shredded; kind, time and place in the log stay, and it still verifies."
    note = "Evidence: in many trades six to ten years."
    default = 3653
    least = 365
    part = "facts"


exempt(
    "It names nobody: keys, times, digests, signatures, and where these are published.",
    *(
        f"audit.{name}"
        for name in ("AuditEntry", "AuditPending", "AuditPlace", "AuditLeaf", "AuditNode", "AuditCheckpoint")
    ),
)
