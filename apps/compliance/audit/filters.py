"""What of the audit log somebody looks at: the same for pages, exports and the API."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime, time, timedelta
from typing import Any, Final
from uuid import UUID

from django.db.models import Q, QuerySet
from django.http import QueryDict
from django.utils import timezone
from django.utils.dateparse import parse_date

from apps.audit.kinds import CATEGORIES, ENTRY_KINDS
from apps.audit.models import AuditEntry
from apps.common.spans import EARLIEST

ACTORS: Final = {
    "person": "Any member",
    "program": "Any program",
    "operator": "Operators of the installation",
    "workflow": "Workflows",
    "agent": "Agents",
    "system": "The platform itself",
    "nobody": "Nobody who is known",
}
"""Kinds of those who act."""
VIAS: Final = {
    "console": "The console",
    "api": "The API",
    "key": "An API key",
    "command": "A command at the machine",
    "run": "A run",
}
"""Ways in that can be asked for: what the way of an entry begins with."""
_RUNS: Final = ("run", "R-", "W-")
_LATEST: Final = datetime(9000, 1, 1, tzinfo=UTC)
_SLACK: Final = timedelta(days=1)
"""Ids are made a moment before the time of an entry is read, by whatever clock the process has."""


@dataclass(frozen=True)
class AuditFilter:
    """How entries are narrowed; what is empty does not narrow."""

    search: str = ""
    category: str = ""
    kind: str = ""
    actor: str = ""
    """The id of a member or program, or a kind of those who act."""
    subject_kind: str = ""
    subject: str = ""
    """The subject's id."""
    outcome: str = ""
    via: str = ""
    since: datetime | None = None
    before: datetime | None = None

    def __bool__(self) -> bool:
        return any(getattr(self, each.name) for each in fields(self))

    def told(self) -> dict[str, str]:
        """What narrows, as the record of an export says it."""
        values = {each.name: getattr(self, each.name) for each in fields(self)}
        return {
            name: value.isoformat() if isinstance(value, datetime) else value for name, value in values.items() if value
        }

    def of(self, rows: QuerySet[AuditEntry]) -> QuerySet[AuditEntry]:
        """The rows that match."""
        kinds = self._kinds()
        if kinds is not None:
            rows = rows.filter(kind__in=kinds)
        if self.actor:
            id = uuid_or_none(self.actor)
            rows = rows.filter(actor_id=id) if id else rows.filter(actor_kind=self.actor)
        exact = {"subject_kind": self.subject_kind, "subject_id": self.subject, "outcome": self.outcome}
        rows = rows.filter(**{name: value for name, value in exact.items() if value})
        if self.via == "run":
            beginnings = Q()
            for beginning in _RUNS:
                beginnings |= Q(via__startswith=beginning)
            rows = rows.filter(beginnings)
        elif self.via:
            rows = rows.filter(via__startswith=self.via)
        if self.search:
            rows = rows.filter(_found(self.search))
        return self._within(rows)

    def _kinds(self) -> list[str] | None:
        if self.kind:
            return [self.kind]
        if self.category:
            return [each.key for each in ENTRY_KINDS if each.category == self.category]
        return None

    def _within(self, rows: QuerySet[AuditEntry]) -> QuerySet[AuditEntry]:
        # Ids are in order of time, but for a moment: a span of long ago is found by the key, in which lists are read.
        if self.since is not None:
            since = min(max(self.since, EARLIEST), _LATEST)
            rows = rows.filter(at__gte=since, id__gte=_first_id(since - _SLACK))
        if self.before is not None:
            before = min(max(self.before, EARLIEST), _LATEST)
            rows = rows.filter(at__lt=before, id__lt=_first_id(before + _SLACK))
        return rows


def filter_of(query: QueryDict | Mapping[str, Any]) -> AuditFilter:
    """The filter in a query string; values that make no sense do not narrow."""

    def text(name: str, longest: int) -> str:
        return str(query.get(name, "")).replace("\0", "").strip()[:longest]

    actor, outcome, via = text("actor", 40), text("outcome", 10), text("via", 20)
    category = text("category", 20)
    until = _midnight(text("until", 10))
    return AuditFilter(
        search=text("q", 100),
        category=category if category in CATEGORIES else "",
        kind=text("kind", 60),
        actor=actor if actor in ACTORS or uuid_or_none(actor) else "",
        subject_kind=text("subject_kind", 60),
        subject=text("subject", 100),
        outcome=outcome if outcome in AuditEntry.Outcome.values else "",
        via=via if via in VIAS else "",
        since=_midnight(text("since", 10)),
        before=until + timedelta(days=1) if until else None,
    )


def uuid_or_none(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _found(words: str) -> Q:
    """Entries whose kind has the words in its title or key, or that have them as an id: payloads are sealed."""
    lowered = words.lower()
    kinds = [each.key for each in ENTRY_KINDS if lowered in each.title.lower() or lowered in each.key]
    found = Q(kind__in=kinds) | Q(subject_id=words) | Q(request=words)
    if id := uuid_or_none(words):
        found |= Q(id=id) | Q(subject_id=str(id)) | Q(actor_id=id)
    return found


def _first_id(at: datetime) -> UUID:
    """The lowest key that may have been made at a moment: see RFC 9562, 5.7."""
    return UUID(int=int(at.timestamp() * 1000) << 80)


def _midnight(text: str) -> datetime | None:
    try:
        day = parse_date(text)
    except ValueError:  # well formed, as 2026-02-31 is, and no day
        day = None
    if day is None or not 1970 <= day.year <= 9000:
        return None
    return timezone.make_aware(datetime.combine(day, time.min))
