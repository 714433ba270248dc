"""Acts on tenants are recorded where both sides read them: with the operators, and in the tenant that they are about.

What a member does to their own organisation concerns nobody else, and stands in its own log alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django.conf import settings
from django.dispatch import receiver

from apps.audit.auditing import ACTS
from apps.audit.services import Subject, record
from apps.common.permissions import Platform, Principal
from apps.tenants.context import tenant_by_schema, tenant_context
from apps.tenants.keys import data_key
from apps.tenants.models import Tenant
from apps.tenants.sealing import KeyGone
from apps.tenants.signals import tenant_acted

_LIVES: Final = {Tenant.Status.READY, Tenant.Status.SUSPENDED}


@receiver(tenant_acted, dispatch_uid="audit.platform")
def acted(
    *,
    tenant: Tenant | None,
    act: str,
    who: Principal | None,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    **_: Any,
) -> None:
    """Record an act on a tenant, or on the whole installation, in the transaction that makes it true.

    The operators' log has none before there are operators, nor that of a tenant whose place is not made yet, or is
    about to go, or whose key is gone. Raises `AuditNotWritten`.
    """
    operators = tenant_by_schema(settings.OPERATORS_SCHEMA)
    logs = {operators.schema_name: operators} if operators and (who is None or isinstance(who, Platform)) else {}
    if tenant is not None:
        logs[tenant.schema_name] = tenant
    subject = Subject.of(tenant) if tenant else None
    for log in logs.values():
        if _is_kept(log):
            with tenant_context(log):
                record(ACTS[act], who=who, subject=subject, before=before, after=after)


def _is_kept(tenant: Tenant) -> bool:
    """Whether the tenant has a log that can be written and read."""
    try:
        data_key(tenant)
    except KeyGone:
        return False
    return tenant.status in _LIVES
