"""Reads of grants and visits."""

from __future__ import annotations

from uuid import UUID

from django.conf import settings
from django.db.models import Prefetch, Q, QuerySet
from django.utils import timezone

from apps.accounts.models import OperatorGrant, OperatorVisit, User
from apps.accounts.permissions import IDENTITY_MANAGE
from apps.common.errors import NotFound
from apps.common.permissions import Principal, demand
from apps.tenants.context import public_context, tenant_by_schema, tenant_context
from apps.tenants.models import Tenant

MOST_LISTED = 100


def grants_list(*, who: Principal) -> list[OperatorGrant]:
    """The newest grants and requests with their visits and who granted them, in two statements."""
    demand(who, IDENTITY_MANAGE)
    visits = Prefetch("visits", OperatorVisit.objects.select_related("visitor"))
    grants = OperatorGrant.objects.select_related("granted_by", "closed_by").prefetch_related(visits)
    return list(grants[:MOST_LISTED])


def grant_get(*, who: Principal, id: UUID) -> OperatorGrant:
    """One grant. Raises `NotFound` where there is none in this tenant."""
    demand(who, IDENTITY_MANAGE)
    grant = OperatorGrant.objects.filter(pk=id).first()
    if grant is None:
        raise NotFound("There is no such grant here.", remedy="See the list of grants.")
    return grant


def grants_wanting() -> list[OperatorGrant]:
    """Requests that nobody has answered, and grants that an operator may use now, in one statement."""
    asked = Q(granted_at=None, closed_at=None)
    return list(OperatorGrant.objects.filter(asked | _open()).order_by("granted_at", "-id"))


def grants_of(*, operator_email: str) -> QuerySet[OperatorGrant]:
    """What concerns an operator: what they asked for, and what lets them in. For the operators' own pages."""
    mine = Q(asked_by=operator_email) | (_open() & Q(operator_email__in=["", operator_email]))
    return OperatorGrant.objects.filter(mine)[:MOST_LISTED]


def is_still_operator(visitor: User) -> bool:
    """Whether whoever visits is an operator still, as their own tenant has it now. In two statements.

    Who is none any more is out of every tenant at once, whatever grants say.
    """
    operator = OperatorVisit.objects.filter(visitor=visitor).values_list("operator_id", flat=True).first()
    operators = tenant_by_schema(settings.OPERATORS_SCHEMA)
    if operator is None or operators is None:
        return False
    with tenant_context(operators):
        return User.objects.filter(pk=operator, is_active=True, is_staff=True).exists()


def organisations() -> list[Tenant]:
    """The tenants that are open, but for the operators' own, by name."""
    with public_context():
        ready = Tenant.objects.filter(status=Tenant.Status.READY).exclude(schema_name=settings.OPERATORS_SCHEMA)
        return list(ready.order_by("name", "slug"))


def _open() -> Q:
    return Q(granted_at__isnull=False, closed_at=None, ends_at__gt=timezone.now())
