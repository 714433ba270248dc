"""Asking, granting, entering, leaving, revoking. Each is recorded in the tenant that is entered and in the operators'.

All run inside the tenant that is entered. What an operator does on their own side is called by the operators' pages,
which know that one is signed in there, with what that tenant's policy asks of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.utils import timezone

from apps.accounts.auditing import (
    ACCESS_ASKED,
    ACCESS_DECLINED,
    ACCESS_ENTERED,
    ACCESS_GRANTED,
    ACCESS_LEFT,
    ACCESS_REVOKED,
)
from apps.accounts.models import OperatorGrant, OperatorVisit, User
from apps.accounts.models.grants import HOURS, VISITOR_ROLES
from apps.accounts.operator_access.tickets import Entry, entry_mint, entry_redeem
from apps.accounts.permissions import OPERATORS_ADMIT
from apps.audit.actors import Actor
from apps.audit.kinds import EntryKind
from apps.audit.services import Subject, record
from apps.common.errors import Conflict, InvalidInput, Issue, NotFound
from apps.common.ids import uuid7
from apps.common.permissions import demand
from apps.common.work import schedule
from apps.tenants.context import current_tenant, tenant_by_schema, tenant_context
from apps.tenants.live import sockets_recheck

VISIT_END: Final = "accounts.visit_end"
"""The kind of work that notes the end of visits when their grant's time is up."""
VISITOR_HOST: Final = "visitor.invalid"


@dataclass(frozen=True)
class Operator:
    """An operator, as their own tenant knows them."""

    id: UUID
    email: str
    name: str

    @classmethod
    def of(cls, user: User) -> Operator:
        return cls(user.pk, user.email, str(user))

    def as_actor(self) -> Actor:
        return Actor("operator", self.id, self.name, self.email)


@transaction.atomic
def access_ask(*, operator: Operator, role: str, hours: int, reason: str, ticket: str) -> OperatorGrant:
    """Ask the owners of the current tenant to let an operator in. Raises `InvalidInput`."""
    said = _said(operator.email, role, hours, reason, ticket)
    grant = OperatorGrant.objects.create(asked_by=operator.email, asked_at=timezone.now(), **said)
    _record(ACCESS_ASKED, operator, grant, after={"role": role, "hours": hours}, reason=grant.reason)
    return grant


@transaction.atomic
def access_grant(
    *, actor: User, operator_email: str, role: str, hours: int, reason: str, ticket: str = ""
) -> OperatorGrant:
    """Let in an operator, or any operator where no address is given, who then names the ticket.

    Raises `InvalidInput`, and `PermissionDenied` for anybody but an owner.
    """
    demand(actor, OPERATORS_ADMIT)
    said = _said(operator_email, role, hours, reason, ticket)
    return _granted(actor, OperatorGrant(**said))


@transaction.atomic
def access_approve(*, actor: User, grant: OperatorGrant, role: str = "", hours: int = 0) -> OperatorGrant:
    """Answer a request with yes, for the role and the time that were asked for or others. Raises as `access_grant`,
    and `Conflict` for one that was answered."""
    demand(actor, OPERATORS_ADMIT)
    grant = _asked(grant)
    said = _said(grant.operator_email, role or grant.role, hours or grant.hours, grant.reason, grant.ticket)
    grant.role, grant.hours = said["role"], said["hours"]
    return _granted(actor, grant)


@transaction.atomic
def access_decline(*, actor: User, grant: OperatorGrant) -> OperatorGrant:
    """Answer a request with no. Raises `Conflict` for one that was answered."""
    demand(actor, OPERATORS_ADMIT)
    grant = _asked(grant)
    grant.closed_by, grant.closed_at = actor, timezone.now()
    grant.save(update_fields=["closed_by", "closed_at"])
    _record(ACCESS_DECLINED, actor, grant)
    return grant


@transaction.atomic
def access_revoke(*, actor: User, grant: OperatorGrant) -> OperatorGrant:
    """End a grant now, and every visit by it in the middle of what it does. Ending one that has ended changes
    nothing."""
    demand(actor, OPERATORS_ADMIT)
    grant = OperatorGrant.objects.select_for_update().get(pk=grant.pk)
    if grant.state == "active":
        grant.closed_by, grant.closed_at = actor, timezone.now()
        grant.save(update_fields=["closed_by", "closed_at"])
        _visits_end(grant)
        _record(ACCESS_REVOKED, actor, grant)
    return grant


def entry_open(*, operator: Operator, grant: UUID, reference: str = "") -> str:
    """A ticket that takes an operator in, once and within a minute. Raises `NotFound` without a grant that is theirs
    and open now, and `InvalidInput` where one for any operator asks for the ticket that the visit is about."""
    found = OperatorGrant.objects.filter(pk=grant, operator_email__in=["", operator.email]).first()
    if found is None or not found.is_open(timezone.now()):
        raise NotFound("No grant of this organisation lets you in now.", remedy="Ask for one, and wait for its owner.")
    reference = reference.strip()
    if not found.operator_email and not (found.ticket or reference):
        issue = Issue(path="reference", message="Name the ticket that the visit is about.")
        raise InvalidInput("Nobody was let in.", issues=[issue])
    if len(reference) > 100 or not reference.isprintable():
        issue = Issue(path="reference", message="Name the ticket in 100 printable characters at most.")
        raise InvalidInput("Nobody was let in.", issues=[issue])
    return entry_mint(Entry(str(found.pk), str(operator.id), operator.email, operator.name, reference))


@transaction.atomic
def visit_begin(*, ticket: str) -> User:
    """Let in whoever brings a ticket of this tenant: the account that they act by. Raises `NotFound` for a ticket that
    was used, came too late, is of another tenant, or whose grant has ended meanwhile."""
    entry = entry_redeem(ticket)
    grant = OperatorGrant.objects.select_for_update().filter(pk=entry.grant).first() if entry else None
    now = timezone.now()
    if entry is None or grant is None or not grant.is_open(now) or grant.operator_email not in {"", entry.email}:
        raise NotFound(
            "This ticket lets nobody in: it was used, came too late, or its grant has ended.",
            remedy="Enter again from the operators' host.",
        )
    visitor = User.objects.create_user(
        f"{uuid7()}@{VISITOR_HOST}",
        None,
        name=f"Operator {entry.name}"[:150],
        role=grant.role,
        valid_until=grant.ends_at,
    )
    OperatorVisit.objects.create(
        grant=grant,
        visitor=visitor,
        operator_email=entry.email,
        operator_id=UUID(entry.operator),
        ticket=entry.reference or grant.ticket,
    )
    operator = Operator(UUID(entry.operator), entry.email, entry.name)
    _record(ACCESS_ENTERED, operator, grant, visitor=visitor.pk, ticket=entry.reference or grant.ticket)
    return visitor


@transaction.atomic
def visit_leave(*, visitor: User) -> None:
    """End a visit by the visitor's own hand. One that has ended stays as it is."""
    visit = OperatorVisit.objects.select_for_update().select_related("grant").get(visitor=visitor)
    if visit.left_at is None:
        _visits_end(visit.grant, OperatorVisit.objects.filter(pk=visit.pk))


@transaction.atomic
def grant_run_out(*, id: UUID) -> datetime | None:
    """Note the end of what is still open of a grant whose time is up; when to look again, where it is not yet. Nobody
    can do anything by it from its end on, whether or not this has run."""
    grant = OperatorGrant.objects.select_for_update().filter(pk=id).first()
    if grant is None or grant.state != "ended":
        return grant.ends_at if grant is not None and grant.state == "active" else None
    _visits_end(grant)
    return None


def _granted(actor: User, grant: OperatorGrant) -> OperatorGrant:
    now = timezone.now()
    grant.granted_by, grant.granted_at, grant.ends_at = actor, now, now + timedelta(hours=grant.hours)
    grant.save()
    schedule(VISIT_END, grant.pk, due_at=grant.ends_at)
    _record(ACCESS_GRANTED, actor, grant, after={"role": grant.role, "ends_at": grant.ends_at}, reason=grant.reason)
    return grant


def _asked(grant: OperatorGrant) -> OperatorGrant:
    grant = OperatorGrant.objects.select_for_update().get(pk=grant.pk)
    if grant.state != "asked":
        raise Conflict("This request was answered already; nothing was changed.", remedy="See what became of it.")
    return grant


def _visits_end(grant: OperatorGrant, visits: Any = None) -> None:
    """Sign visitors out for good. Their accounts stay for the records, and open nothing."""
    now = timezone.now()
    for visit in (grant.visits.all() if visits is None else visits).filter(left_at=None).select_related("visitor"):
        visit.left_at = min(now, grant.ends_at or now)
        visit.save(update_fields=["left_at"])
        User.objects.filter(pk=visit.visitor_id).update(is_active=False, signed_out_at=now)
        operator = Operator(visit.operator_id, visit.operator_email, str(visit.visitor).removeprefix("Operator "))
        sockets_recheck([visit.visitor_id])
        _record(ACCESS_LEFT, operator, grant, visitor=visit.visitor_id)


def _record(kind: EntryKind, who: User | Operator, grant: OperatorGrant, **facts: Any) -> None:
    """Record in this tenant and in the operators'. There, people of this one are not named."""
    record(kind, who=who, subject=grant, **facts)
    tenant, operators = current_tenant(), tenant_by_schema(settings.OPERATORS_SCHEMA)
    if operators is None or operators.pk == tenant.pk:
        return
    told = Actor("person", who.pk, f"An owner of {tenant.slug}") if isinstance(who, User) else who.as_actor()
    facts.pop("reason", None)
    with tenant_context(operators):
        record(kind, who=told, subject=Subject("tenants.tenant", str(tenant.pk), tenant.slug), **facts)


def _said(operator_email: str, role: str, hours: int, reason: str, ticket: str) -> dict[str, Any]:
    """What a grant says, if it may. Raises `InvalidInput`."""
    operator_email, reason, ticket, issues = operator_email.strip().lower(), reason.strip(), ticket.strip(), []
    if operator_email:
        try:
            validate_email(operator_email)
        except ValidationError:
            issues.append(Issue(path="operator_email", message="Enter the operator's e-mail address, or none."))
    if role not in VISITOR_ROLES:
        known = ", ".join(each.title.lower() for each in VISITOR_ROLES.values())
        issues.append(Issue(path="role", message=f"An operator may be let in as {known}; never as an owner."))
    if hours not in HOURS:
        issues.append(Issue(path="hours", message=f"Choose {HOURS.start} to {HOURS.stop - 1} hours."))
    if not reason or len(reason) > 500 or not reason.isprintable():
        issues.append(Issue(path="reason", message="Say in 1 to 500 characters what it is for."))
    if len(ticket) > 100 or not ticket.isprintable():
        issues.append(Issue(path="ticket", message="Name the ticket in 100 printable characters at most."))
    if issues:
        raise InvalidInput("Nothing was granted or asked for.", issues=issues)
    return {"operator_email": operator_email, "role": role, "hours": hours, "reason": reason, "ticket": ticket}
