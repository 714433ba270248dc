"""Bring an installation to the state that its code expects. Every step may be stopped and run again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db import transaction

from apps.accounts.auditing import MEMBER_ADDED
from apps.accounts.models import User
from apps.accounts.services import password_link, user_create
from apps.audit.services import record
from apps.common.permissions import Platform
from apps.tenants import schemas, services
from apps.tenants.context import public_context, tenant_context
from apps.tenants.models import Tenant

Tell = Callable[[str], None]

OPERATOR = "operator@operators.example"


def installation_prepare(*, tell: Tell) -> None:
    """Migrate every schema, make the operators' tenant, and finish tenants whose making or end was interrupted.

    With nothing to do it costs a few statements, whatever the number of tenants. `tell` gets a line per step.
    """
    schemas.migrate_all(tell=tell)
    with public_context():
        made = set(Tenant.objects.filter(slug=services.OPERATORS).values_list("slug", flat=True))
        creating = list(Tenant.objects.filter(status=Tenant.Status.CREATING))
        deleting = list(Tenant.objects.filter(status=Tenant.Status.DELETING))
    if not made:
        tell("Creating the operators' tenant")
        services.tenant_create(slug=services.OPERATORS, name="Operators", industry="", now=True)
    for tenant in creating:
        tell(f"Finishing tenant {tenant.slug}")
        services.tenant_provision(tenant=tenant)
    for tenant in deleting:
        tell(f"Deleting tenant {tenant.slug}, as was asked before")
        services.tenant_erase(tenant=tenant)


def operator_ensure(*, email: str, password: str | None = None) -> str:
    """Make `email` an operator unless there is one of that address.

    Returns the link at which a new operator without a password chooses one; empty otherwise.
    """
    with public_context():
        tenant = Tenant.objects.get(slug=services.OPERATORS)
    with tenant_context(tenant), transaction.atomic():
        if User.objects.filter(email=email.lower()).exists():
            return ""
        user = user_create(email=email, name="Operator", role="owner", password=password, is_staff=True)
        after = {"email": user.email, "role": user.role, "is_staff": True}
        record(MEMBER_ADDED, who=Platform(), subject=user, after=after)
        return "" if password else password_link(user)


def demo_fill(*, tenant: Tenant, **_: Any) -> None:
    """When a tenant is made: fill it, if it is one of the demonstration."""
    if tenant.is_demo:
        from apps.operations import demo  # here: other processes never need it

        demo.fill(tenant)
