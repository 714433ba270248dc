"""Entries for the pages and the API of the audit log. They are made in the tenant that is entered."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from apps.accounts.auditing import ROLE_SET
from apps.accounts.models import User
from apps.audit.actors import under
from apps.audit.models import AuditPayload
from apps.audit.services import record

AROUND = {
    "via": "console",
    "request": "4bf92f3577b34da6a3ce929d0e0e4736",
    "address": "192.0.2.7",
    "agent": "Firefox/140",
}


def role_set(who: Any, subject: User, *, now: str = "administrator", outcome: str = "done", **around: Any) -> UUID:
    """An entry as of a change of a role, from the console at a documented address."""
    with transaction.atomic(), under(**{**AROUND, **around}):
        change: dict[str, Any] = {"before": {"role": "viewer"}, "after": {"role": now}, "outcome": outcome}
        return record(ROLE_SET, who=who, subject=subject, **change, reason="as asked")


def shred(id: UUID, part: str = "personal") -> None:
    AuditPayload.objects.filter(pk=id).update(**{part: None}, shredded_for="request P-7", shredded_at=timezone.now())
