"""What operators do to a tenant stands in their own log and in the tenant's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from apps.accounts.models import User
from apps.audit.models import AuditEntry
from apps.audit.services import AuditNotWritten
from apps.gateway import cors
from apps.tenants import services
from apps.tenants.context import public_context, tenant_context
from apps.tenants.models import Tenant

Make = Callable[..., User]


def kinds(tenant: Tenant) -> list[str]:
    with tenant_context(tenant):
        return list(AuditEntry.objects.order_by("id").values_list("kind", flat=True))


def last(tenant: Tenant) -> tuple[AuditEntry, dict[str, Any]]:
    with tenant_context(tenant):
        entry = AuditEntry.objects.select_related("payload").latest("id")
        return entry, entry.payload.facts["content"]


def test_a_tenant_is_made_with_the_operators_and_opened_in_its_own_log_too(operators: Tenant) -> None:
    made = services.tenant_create(slug="initech", name="Initech", industry="dummy", now=True)
    assert kinds(operators)[-2:] == ["tenants.created", "tenants.opened"]
    assert kinds(made) == ["tenants.opened"]


@pytest.mark.parametrize("act", ["suspended", "held"])
def test_what_is_done_to_a_tenant_stands_in_both_logs(act: str, acme: Tenant, operators: Tenant) -> None:
    {"suspended": services.tenant_suspend, "held": services.tenant_hold}[act](tenant=acme)
    for log in (acme, operators):
        entry, _ = last(log)
        assert (entry.kind, entry.actor_kind, entry.subject_id) == (f"tenants.{act}", "operator", str(acme.pk))


def test_a_change_says_what_was_before_and_after_and_nothing_of_what_stayed(acme: Tenant, operators: Tenant) -> None:
    services.tenant_change(tenant=acme, plan="enterprise", name=acme.name)
    _, said = last(operators)
    assert said["before"] == {"plan": "standard"}
    assert said["after"] == {"plan": "enterprise"}
    services.tenant_change(tenant=acme, plan="enterprise")
    assert kinds(acme) == ["tenants.changed"]


def test_what_a_member_does_concerns_no_operator(acme: Tenant, operators: Tenant, member: Make) -> None:
    owner, before = member("owner"), kinds(operators)
    cors.origins_set(who=owner, texts=["https://app.example.org"])
    entry, said = last(acme)
    assert (entry.kind, entry.actor_id) == ("tenants.origins_set", owner.pk)
    assert said["after"] == {"cors_origins": ["https://app.example.org"]}
    assert kinds(operators) == before


def test_the_back_office_names_the_operator_who_is_signed_in(acme: Tenant, operators: Tenant) -> None:
    with tenant_context(operators):
        person = User.objects.create_user("op@operators.example", role="owner", is_staff=True)
    browser = Client(headers={"host": "operators.localhost"})
    with tenant_context(operators):
        browser.force_login(person)
    form = {"action": "suspend", "_selected_action": [str(acme.pk)]}
    browser.post("/admin/tenants/tenant/", form)
    for log in (acme, operators):
        entry, _ = last(log)
        assert (entry.kind, entry.actor_kind, entry.actor_id) == ("tenants.suspended", "operator", person.pk)


def test_a_tenant_that_goes_leaves_its_end_with_the_operators(acme: Tenant, operators: Tenant) -> None:
    made = services.tenant_create(slug="initech", name="Initech", industry="dummy", now=True)
    services.tenant_key_delete(tenant=made)
    assert kinds(made)[-2:] == ["tenants.suspended", "tenants.data_key_deleted"]
    services.tenant_delete(tenant=made, now=True)
    assert kinds(operators)[-3:] == ["tenants.data_key_deleted", "tenants.deletion_begun", "tenants.deleted"]


def test_what_cannot_be_recorded_with_the_operators_is_not_done(
    acme: Tenant, operators: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: Any, **__: Any) -> None:
        raise AuditNotWritten

    monkeypatch.setattr("apps.audit.platform.record", fails)
    with pytest.raises(AuditNotWritten):
        services.tenant_suspend(tenant=acme)
    with public_context():
        assert Tenant.objects.get(pk=acme.pk).is_ready
