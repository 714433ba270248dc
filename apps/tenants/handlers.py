"""Making and deleting a tenant as background work of the platform."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from apps.common.work import Claim, WorkKind, fenced
from apps.tenants import services
from apps.tenants.context import public_context
from apps.tenants.models import Tenant


class _Repeatable:
    """What both kinds share. Their steps may be repeated, so the fence guards only the end of the row."""

    status: Tenant.Status

    def step(self, tenant: Tenant) -> None:
        raise NotImplementedError

    def perform(self, claim: Claim) -> None:
        with public_context():
            tenant = Tenant.objects.filter(pk=claim.id).first()
            if tenant is not None:
                self.step(tenant)
            with fenced(claim) as row:
                row.finish()

    def bury(self, claim: Claim, cause: str) -> None:
        services.tenant_problem_set(id=claim.id, cause=cause)

    def revive(self, id: UUID) -> None:
        services.tenant_problem_set(id=id, cause="")

    def pending(self) -> Iterable[UUID]:
        return list(Tenant.objects.filter(status=self.status).values_list("id", flat=True))


class ProvisionWork(_Repeatable, WorkKind):
    name = services.PROVISION
    queue = "io"
    scope = "platform"
    status = Tenant.Status.CREATING

    def step(self, tenant: Tenant) -> None:
        services.tenant_provision(tenant=tenant)


class DeleteWork(_Repeatable, WorkKind):
    name = services.DELETE
    queue = "io"
    scope = "platform"
    status = Tenant.Status.DELETING

    def step(self, tenant: Tenant) -> None:
        services.tenant_erase(tenant=tenant)
