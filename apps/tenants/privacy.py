"""What the installation knows of people of a tenant."""

from __future__ import annotations

from collections.abc import Sequence

from apps.common.privacy import Erased, Found, Item, Person, PersonalData, exempt
from apps.tenants.context import current_tenant, forget, public_context
from apps.tenants.models import Tenant
from apps.tenants.personal import salted_digest


class OwnerAddress(PersonalData):
    """Whom the first invitation went to. It is the tenant's row in the installation's own schema."""

    key = "tenants.owner"
    title = "Address of the first owner"
    what = "Where the first invitation to the organisation went."
    erasure = "The address is removed; whoever is an owner now stays one."
    tables = ("tenants.Tenant",)

    def total(self) -> int:
        return 1

    def find(self, person: Person, *, mark: str | None, limit: int, to_erase: bool) -> Found:
        id = current_tenant().pk
        with public_context():
            tenant = Tenant.objects.get(pk=id)
        if not person.is_in(tenant.owner_email):
            return Found((), looked=1, mark=None)
        columns = {"owner_email": tenant.owner_email, "organisation": tenant.name}
        content = {"columns": columns, "says": []}
        return Found([Item(str(tenant.pk), tenant.name, tenant.created_at, content)], looked=1, mark=None)

    def erase(self, person: Person, rows: Sequence[str], *, request: str) -> Erased:
        id = current_tenant().pk
        with public_context():
            tenant = Tenant.objects.select_for_update().get(pk=id)
            if str(id) not in rows or not person.is_in(tenant.owner_email):
                return Erased()
            Tenant.objects.filter(pk=id).update(owner_email="")
        forget()
        return Erased({str(id): salted_digest(tenant.owner_email)})


exempt("The name of a host.", "tenants.Domain")
