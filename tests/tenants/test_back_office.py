"""The operators' back office."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse
from unfold.admin import ModelAdmin

from apps.accounts.models import User
from apps.common.errors import InvalidInput
from apps.tenants import services
from apps.tenants.context import current_schema, tenant_context
from apps.tenants.models import Tenant
from tests.tenants.conftest import Scheduled

LIST = "/admin/tenants/tenant/"
NEW = {
    "slug": "initech",
    "name": "Initech",
    "industry": "dummy",
    "industries": ["dummy"],
    "plan": "standard",
    "owner_email": "owner@initech.example",
    "max_running_runs": "2",
    "max_upload_mb": "10",
    "max_members": "5",
}


@pytest.fixture
def office(operators: Tenant, member: Callable[..., User], client_for: Callable[..., Client]) -> Client:
    """An operator's browser on the operators' host."""
    return client_for(member("owner", tenant=operators, is_staff=True), tenant=operators)


def one(tenant: Tenant, page: str = "change") -> str:
    return reverse(f"admin:tenants_tenant_{page}", args=[tenant.pk], urlconf=settings.OPERATORS_URLCONF)


def test_an_operator_lists_searches_and_filters_tenants(office: Client, acme: Tenant) -> None:
    page = office.get(LIST)
    assert page.status_code == 200
    assert b"globex" in page.content
    assert b"globex" not in office.get(LIST, {"q": "acme"}).content
    assert b"acme" not in office.get(LIST, {"status__exact": "suspended"}).content


def test_the_back_office_has_a_policy_of_its_own(office: Client) -> None:
    policy = office.get(LIST)["Content-Security-Policy"]
    assert "script-src 'self' 'unsafe-eval'" in policy
    assert "'unsafe-inline'" not in policy.partition("script-src")[2].partition(";")[0]
    assert "unsafe" not in office.get("/accounts/password/reset/")["Content-Security-Policy"]


def test_there_is_no_back_office_on_a_tenants_host(
    member: Callable[..., User], client_for: Callable[..., Client]
) -> None:
    assert client_for(member("owner", is_staff=True)).get(LIST).status_code == 404


def test_who_is_not_an_operator_is_refused(
    operators: Tenant, member: Callable[..., User], client_for: Callable[..., Client]
) -> None:
    browser = client_for(member("owner", tenant=operators), tenant=operators)
    for page in ("/admin/", LIST, f"{LIST}add/"):
        assert browser.get(page, follow=True).status_code == 403


def test_sign_in_is_never_the_admins_own_form(operators: Tenant, client_for: Callable[..., Client]) -> None:
    answer = client_for(tenant=operators).get(LIST, follow=True)
    assert answer.request["PATH_INFO"] == "/accounts/login/"


def test_creating_a_tenant_hands_it_to_a_worker_and_shows_its_status(office: Client, scheduled: Scheduled) -> None:
    answer = office.post(f"{LIST}add/", NEW, follow=True)
    tenant = Tenant.objects.get(slug="initech")
    assert tenant.status == "creating"
    assert scheduled.rows == [("tenants.provision", tenant.pk)]
    assert b"Creating" in answer.content
    assert answer["Refresh"] == "3"
    assert (tenant.max_members, tenant.industries) == (5, ["dummy"])


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [("slug", "acme", "already"), ("slug", "Big Corp", "small letters"), ("max_members", "0", "greater than or equal")],
)
def test_a_tenant_that_cannot_be_is_refused_with_the_reason(
    office: Client, scheduled: Scheduled, field: str, value: str, says: str
) -> None:
    answer = office.post(f"{LIST}add/", {**NEW, field: value})
    assert answer.status_code == 200
    assert says in answer.content.decode()
    assert scheduled.rows == []


def test_an_operator_renames_a_tenant_and_sets_its_quotas(office: Client, acme: Tenant) -> None:
    form = {**NEW, "name": "Acme Stores", "max_upload_mb": "20"}
    assert office.post(one(acme), form).status_code == 302
    changed = Tenant.objects.get(slug="acme")
    assert (changed.name, changed.max_upload_mb, changed.schema_name) == ("Acme Stores", 20, "t_acme")


def test_the_first_page_is_the_list_of_tenants(office: Client) -> None:
    assert office.get("/admin/")["Location"] == LIST


def test_the_pages_of_allauth_stand_in_for_those_of_the_admin(office: Client) -> None:
    assert office.get("/admin/password_change/")["Location"] == "/accounts/password/change/"
    assert office.post("/admin/logout/")["Location"] == "/accounts/login/"
    assert office.get(LIST).status_code == 302


def test_a_tenants_page_calls_things_by_their_words(office: Client, acme: Tenant) -> None:
    page = office.get(one(acme)).content.decode()
    for words in ("http://acme.localhost", "Ready", "Dummy", "Runs at the same time", "Largest upload", "First owner"):
        assert words in page
    assert "(&#x27;ready&#x27;" not in page
    assert "_addanother" not in page


def test_tenants_are_filtered_by_industry(office: Client, acme: Tenant) -> None:
    Tenant.objects.filter(pk=acme.pk).update(industry="retail")
    page = office.get(LIST, {"industry": "retail"}).content.decode()
    assert "Retail and e-commerce" in page
    assert ("acme" in page, "globex" in page) == (True, False)


def test_what_became_of_a_tenant_is_said_once(office: Client, acme: Tenant, scheduled: Scheduled) -> None:
    def said(answer: Any) -> list[str]:
        return [str(message) for message in answer.context["messages"]]

    assert said(office.post(f"{LIST}add/", NEW, follow=True)) == [
        "Initech is being created. Its host opens in a moment."
    ]
    assert said(office.post(one(acme), {**NEW, "name": "Acme"}, follow=True)) == ["Acme is saved."]
    pressed = {**NEW, "name": "Acme", "tenants_tenant_suspend_one": "1"}
    assert said(office.post(one(acme), pressed, follow=True)) == ["Acme is suspended."]


def test_every_deed_is_logged_and_nothing_else(office: Client, acme: Tenant, scheduled: Scheduled) -> None:
    same = {**NEW, "name": "Acme", "max_running_runs": "4", "max_upload_mb": "50", "max_members": "100"}
    same["industries"] = acme.industries
    office.post(one(acme), same)
    office.post(one(acme), {**same, "max_members": "7"})
    office.post(LIST, {"action": "suspend", "_selected_action": [acme.pk]})
    office.post(LIST, {"action": "suspend", "_selected_action": [acme.pk]})
    office.post(one(acme, "delete"), {"slug": "acme"})
    entries = [entry.get_change_message() for entry in LogEntry.objects.order_by("action_time")]
    assert entries == ["Changed Active members.", "Acme is suspended.", "Acme is being deleted."]


def test_an_operator_suspends_and_resumes_a_tenant(office: Client, acme: Tenant) -> None:
    office.post(LIST, {"action": "suspend", "_selected_action": [acme.pk]})
    assert Tenant.objects.get(slug="acme").status == "suspended"
    office.post(one(acme), {**NEW, "name": "Acme", "tenants_tenant_resume_one": "1"})
    assert Tenant.objects.get(slug="acme").status == "ready"


def test_the_operators_own_tenant_cannot_be_suspended_or_deleted(office: Client, operators: Tenant) -> None:
    answer = office.post(LIST, {"action": "suspend", "_selected_action": [operators.pk]}, follow=True)
    assert b"cannot be suspended" in answer.content
    assert Tenant.objects.get(slug="operators").is_ready
    office.post(one(operators, "delete"), {"slug": "operators"})
    assert Tenant.objects.get(slug="operators").is_ready


def test_a_tenant_is_deleted_only_when_its_address_is_typed(office: Client, acme: Tenant, scheduled: Scheduled) -> None:
    wrong = office.post(one(acme, "delete"), {"slug": "globex"})
    assert b"nothing was deleted" in wrong.content
    assert Tenant.objects.get(slug="acme").is_ready
    right = office.post(one(acme, "delete"), {"slug": "acme"})
    assert right.status_code == 302
    assert Tenant.objects.get(slug="acme").status == "deleting"
    assert scheduled.rows == [("tenants.delete", acme.pk)]


def test_what_operators_do_is_logged_in_their_own_schema(office: Client, acme: Tenant, operators: Tenant) -> None:
    office.post(one(acme), {**NEW, "name": "Acme Stores"})
    assert current_schema() == "t_operators"
    with tenant_context(operators):
        entry = LogEntry.objects.get()
        assert entry.content_type is not None
        assert (entry.object_id, entry.content_type.model) == (str(acme.pk), "tenant")
    with tenant_context(acme):
        assert not LogEntry.objects.exists()


@pytest.mark.parametrize(("page", "view"), [("list", "changelist_view"), ("tenant", "change_view")])
def test_a_page_is_read_again_when_what_it_shows_was_finished_while_it_was_made(
    office: Client, acme: Tenant, monkeypatch: pytest.MonkeyPatch, page: str, view: str
) -> None:
    Tenant.objects.filter(pk=acme.pk).update(status="deleting")
    made = getattr(ModelAdmin, view)

    def and_then_it_is_over(*args: Any, **options: Any) -> Any:
        response = made(*args, **options)
        Tenant.objects.filter(pk=acme.pk).update(status="ready")
        return response

    monkeypatch.setattr(ModelAdmin, view, and_then_it_is_over)
    assert office.get(LIST if page == "list" else one(acme))["Refresh"] == "3"


def test_what_was_given_up_shows_its_cause_and_can_be_tried_again(
    office: Client, acme: Tenant, scheduled: Scheduled
) -> None:
    Tenant.objects.filter(pk=acme.pk).update(status="creating", problem="The disk was full.")
    scheduled.buried.add(acme.pk)
    page = office.get(one(acme))
    assert b"The disk was full." in page.content
    assert "Refresh" not in page
    office.post(LIST, {"action": "retry", "_selected_action": [acme.pk]})
    answer = office.get(LIST)
    assert b"is tried again" in answer.content


def test_a_tenant_without_a_name_is_refused_by_the_service(acme: Tenant) -> None:
    with pytest.raises(InvalidInput):
        services.tenant_change(tenant=acme, name="  ")


def test_an_operator_lists_the_origins_of_a_tenant(office: Client, acme: Tenant) -> None:
    form = {**NEW, "name": "Acme", "cors_origins": "https://App.example.com\r\n\r\nhttps://b.example:8443\r\n"}
    office.post(one(acme), form)
    acme.refresh_from_db()
    assert acme.cors_origins == ["https://app.example.com", "https://b.example:8443"]
    page = office.get(one(acme)).content.decode()
    assert "https://app.example.com\nhttps://b.example:8443</textarea>" in page
    refused = office.post(one(acme), {**form, "cors_origins": "https://app.example.com\r\nhttps://*.example.com"})
    assert b"A wildcard lets in pages" in refused.content
    acme.refresh_from_db()
    assert acme.cors_origins == ["https://app.example.com", "https://b.example:8443"]
    before = LogEntry.objects.count()
    office.post(one(acme), {**form, "cors_origins": "https://app.example.com\r\nhttps://b.example:8443"})
    assert LogEntry.objects.count() == before
