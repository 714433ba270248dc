"""Reads of the audit log. Each demands the permission in the call that fetches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.db.models import Q, QuerySet

from apps.accounts.models import User
from apps.audit.models import AuditEntry
from apps.common.errors import NotFound
from apps.common.permissions import Principal, demand
from apps.compliance.audit.filters import AuditFilter
from apps.compliance.permissions import AUDIT_VIEW

PAGE: Final = 50
NEAR: Final = 3
"""Entries before, and after, that are shown beside one."""


@dataclass(frozen=True)
class EntryPage:
    """Entries, newest first, and the id after which older ones follow; None: there are none."""

    entries: list[AuditEntry]
    older: UUID | None


def entries_query(*, who: Principal, narrow: AuditFilter) -> QuerySet[AuditEntry]:
    """Entries with their payloads, newest first."""
    demand(who, AUDIT_VIEW)
    return narrow.of(AuditEntry.objects.select_related("payload"))


def entries_page(*, who: Principal, narrow: AuditFilter, before: UUID | None = None) -> EntryPage:
    """A page of entries, those older than the one with the id `before`. One statement, however many there are."""
    rows = entries_query(who=who, narrow=narrow)
    if before is not None:
        rows = rows.filter(id__lt=before)
    found = list(rows[: PAGE + 1])
    return EntryPage(found[:PAGE], found[PAGE - 1].pk if len(found) > PAGE else None)


def entry_get(*, who: Principal, id: UUID) -> AuditEntry:
    """One entry with its payload. Raises `NotFound` where there is none in this tenant."""
    entry = entries_query(who=who, narrow=AuditFilter()).filter(pk=id).first()
    if entry is None:
        raise NotFound("There is no such entry in the audit log here.", remedy="See the audit log.")
    return entry


def near_subject(*, who: Principal, entry: AuditEntry) -> list[AuditEntry]:
    """The entries next to this one about the same thing, newest first; none where it is about nothing."""
    if not entry.subject_id:
        return []
    return _near(who, entry, Q(subject_kind=entry.subject_kind, subject_id=entry.subject_id))


def near_actor(*, who: Principal, entry: AuditEntry) -> list[AuditEntry]:
    """The entries next to this one of whoever acted, newest first; none where that has no account."""
    return _near(who, entry, Q(actor_id=entry.actor_id)) if entry.actor_id else []


def _near(who: Principal, entry: AuditEntry, same: Q) -> list[AuditEntry]:
    rows = entries_query(who=who, narrow=AuditFilter()).filter(same)
    newer = list(rows.filter(id__gt=entry.pk).order_by("id")[:NEAR])
    return [*reversed(newer), *rows.filter(id__lt=entry.pk)[:NEAR]]


def actors_here(*, who: Principal) -> list[User]:
    """Members and programs of the tenant, also those that are not active any more: whom entries may be asked for of."""
    demand(who, AUDIT_VIEW)
    return list(User.objects.order_by("is_service", "name", "email").only("id", "name", "email", "is_service"))
