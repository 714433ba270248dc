"""Making, closing, changing and deleting tenants."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.core import mail
from django.core.cache import cache
from django.db import transaction
from django.test import Client
from django_tenants.utils import schema_exists

from apps.accounts.models import User
from apps.common.errors import Conflict, InvalidInput
from apps.common.work import KINDS
from apps.tenants import live, services
from apps.tenants.context import current_tenant, tenant_by_host, tenant_context
from apps.tenants.models import Domain, Tenant
from apps.tenants.signals import tenant_deleted, tenant_provisioned
from apps.tenants.storage import tenant_path
from tests.tenants.conftest import Scheduled, claim_of

NEW: dict[str, Any] = {
    "slug": "initech",
    "name": "Initech",
    "industry": "dummy",
    "owner_email": "peter@initech.example",
}


def test_a_new_tenant_is_open_with_an_invited_owner(
    acme: Tenant, django_capture_on_commit_callbacks: Callable[..., Any]
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        tenant = services.tenant_create(**NEW, now=True)
    assert current_tenant() == acme
    assert Client(headers={"host": "initech.localhost"}).get("/accounts/login/").status_code == 200
    with tenant_context(tenant):
        owner = User.objects.get()
        assert (owner.email, owner.role, owner.is_invited) == ("peter@initech.example", "owner", True)
    assert mail.outbox[0].to == ["peter@initech.example"]
    assert "http://initech.localhost/accounts/password/reset/key/" in mail.outbox[0].body


def test_a_tenant_that_a_worker_is_to_make_is_closed_until_it_is_made(acme: Tenant, scheduled: Scheduled) -> None:
    tenant = services.tenant_create(**NEW)
    assert scheduled.rows == [("tenants.provision", tenant.pk)]
    assert Client(headers={"host": "initech.localhost"}).get("/").status_code == 404
    KINDS["tenants.provision"].perform(claim_of("tenants.provision", tenant.pk))
    assert scheduled.finished == [tenant.pk]
    assert tenant_by_host("initech.localhost").is_ready  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"slug": "Initech!"}, "slug"),
        ({"slug": "template"}, "slug"),
        ({"name": " "}, "name"),
        ({"name": "a\x00b"}, "name"),
        ({"industry": "alchemy"}, "industry"),
        ({"industries": ["dummy", "alchemy"]}, "industries"),
        ({"owner_email": "nobody"}, "owner_email"),
        ({"quotas": {"max_members": 0}}, "max_members"),
    ],
)
def test_a_tenant_that_cannot_be_is_refused_with_the_field(acme: Tenant, change: dict[str, Any], path: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        services.tenant_create(**{**NEW, **change}, now=True)
    assert path in [issue.path for issue in refused.value.issues]
    assert Tenant.objects.count() == 3


def test_an_address_that_is_taken_is_refused(acme: Tenant) -> None:
    with pytest.raises(Conflict, match="already"), transaction.atomic():
        services.tenant_create(**{**NEW, "slug": "acme"}, now=True)
    assert Tenant.objects.count() == 3


def test_making_a_tenant_continues_after_its_worker_died(acme: Tenant, scheduled: Scheduled) -> None:
    def dies(**_: object) -> None:
        raise KeyboardInterrupt

    tenant = services.tenant_create(**NEW)
    tenant_provisioned.connect(dies)
    try:
        with pytest.raises(KeyboardInterrupt), transaction.atomic():
            services.tenant_provision(tenant=tenant)
    finally:
        tenant_provisioned.disconnect(dies)
    assert Tenant.objects.get(slug="initech").status == "creating"
    for _ in range(2):
        services.tenant_provision(tenant=tenant)
    assert Tenant.objects.get(slug="initech").is_ready
    with tenant_context(tenant):
        assert User.objects.count() == 1


def test_a_tenant_whose_making_was_given_up_says_why_until_it_is_tried_again(
    acme: Tenant, scheduled: Scheduled
) -> None:
    tenant = services.tenant_create(**NEW)
    kind = KINDS["tenants.provision"]
    kind.bury(claim_of(kind.name, tenant.pk), "Three workers died.")
    assert Tenant.objects.get(pk=tenant.pk).problem == "Three workers died."
    assert list(kind.pending()) == [tenant.pk]
    kind.revive(tenant.pk)
    assert Tenant.objects.get(pk=tenant.pk).problem == ""


def test_suspending_tells_every_socket_of_the_tenant_once_it_is_committed(
    acme: Tenant, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Callable[..., Any]
) -> None:
    sent: list[tuple[list[str], dict[str, Any]]] = []
    monkeypatch.setattr(live, "_send", lambda groups, message: sent.append((groups, message)))
    with django_capture_on_commit_callbacks(execute=True):
        services.tenant_suspend(tenant=acme)
        assert sent == []
    assert sent == [(["t_acme.tenant"], {"type": "tenant.closed"})]


def test_a_tenant_is_suspended_and_resumed_only_from_the_state_that_allows_it(acme: Tenant) -> None:
    with pytest.raises(Conflict, match="is ready: only a suspended tenant can be resumed"):
        services.tenant_resume(tenant=acme)
    services.tenant_suspend(tenant=acme)
    with pytest.raises(Conflict, match="is suspended: only a ready tenant can be suspended"):
        services.tenant_suspend(tenant=acme)


def test_changing_a_tenant_keeps_its_address(acme: Tenant) -> None:
    services.tenant_change(tenant=acme, name=" Acme Stores ", max_running_runs=9, plan="enterprise")
    stored = Tenant.objects.get(slug="acme")
    assert (stored.name, stored.max_running_runs, stored.plan) == ("Acme Stores", 9, "enterprise")
    for wrong in ({"max_members": 0}, {"slug": "other"}, {"signing_key": b""}, {"industries": ["alchemy"]}):
        with pytest.raises(InvalidInput):
            services.tenant_change(tenant=acme, **wrong)
    assert acme.max_members == Tenant.objects.get(slug="acme").max_members == 100


def filled(tenant: Tenant) -> None:
    """Give a tenant what a deletion has to take away."""
    with tenant_context(tenant):
        tenant_path("a.txt").write_text("data")
        cache.set("result", tenant.slug)


def test_deleting_takes_everything_of_the_tenant_and_nothing_of_the_others(acme: Tenant, globex: Tenant) -> None:
    filled(acme)
    filled(globex)
    told: list[Tenant] = []

    def listen(*, tenant: Tenant, **_: object) -> None:
        told.append(tenant)

    tenant_deleted.connect(listen)
    try:
        services.tenant_delete(tenant=globex, now=True)
    finally:
        tenant_deleted.disconnect(listen)
    assert [tenant.slug for tenant in told] == ["globex"]
    assert not schema_exists("t_globex")
    assert not Tenant.objects.filter(slug="globex").exists()
    assert not Domain.objects.filter(domain="globex.localhost").exists()
    assert tenant_by_host("globex.localhost") is None
    folder = tenant_path("a.txt").parent.parent
    assert [path.name for path in folder.iterdir()] == ["t_acme"]
    assert cache.get("result") == "acme"
    assert services._cache_keys("t_globex") == []
    assert services._cache_keys("t_acme") != []


def test_deleting_closes_the_host_at_once_and_leaves_the_rest_to_a_worker(acme: Tenant, scheduled: Scheduled) -> None:
    services.tenant_delete(tenant=acme)
    assert scheduled.rows == [("tenants.delete", acme.pk)]
    assert Client(headers={"host": "acme.localhost"}).get("/").status_code == 404
    kind = KINDS["tenants.delete"]
    assert list(kind.pending()) == [acme.pk]
    for _ in range(2):  # the second is a worker that did not hear that the first had finished
        kind.perform(claim_of(kind.name, acme.pk))
    assert not schema_exists("t_acme")
    assert scheduled.finished == [acme.pk, acme.pk]
    with pytest.raises(Conflict, match="is being deleted already"):
        services.tenant_delete(tenant=acme)


def test_deleting_continues_after_its_worker_died(
    acme: Tenant, globex: Tenant, monkeypatch: pytest.MonkeyPatch, scheduled: Scheduled
) -> None:
    filled(globex)
    services.tenant_delete(tenant=globex)
    with monkeypatch.context() as dying:
        dying.setattr("apps.tenants.storage.files_remove", lambda _: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            services.tenant_erase(tenant=globex)
    assert not schema_exists("t_globex")
    services.tenant_erase(tenant=globex)
    assert not Tenant.objects.filter(slug="globex").exists()


def test_the_operators_own_tenant_is_never_closed(operators: Tenant) -> None:
    for change in (services.tenant_suspend, services.tenant_delete):
        with pytest.raises(Conflict, match="operators' own tenant"):
            change(tenant=operators)
    assert Tenant.objects.get(slug="operators").is_ready


def test_a_tenant_that_is_ready_is_not_erased(acme: Tenant) -> None:
    services.tenant_erase(tenant=acme)
    assert schema_exists("t_acme")
