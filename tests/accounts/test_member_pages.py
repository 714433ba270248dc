"""The members page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from django.core import mail
from django.test import Client

from apps.accounts.models import User
from apps.tenants.models import Tenant

Make = Callable[..., User]
Browser = Callable[..., Client]
Commit = Callable[..., Any]
LIST = "/members/"


@pytest.fixture
def owner(member: Make) -> User:
    return member("owner", name="Olga Owner", email="olga@example.org")


@pytest.fixture
def browser(owner: User, client_for: Browser) -> Client:
    return client_for(owner)


def test_the_list_shows_who_may_sign_in_and_with_what_role(browser: Client, member: Make) -> None:
    member("builder", name="Bob Builder")
    member("viewer", name="Vic <b>Viewer</b>", is_active=False)
    page = browser.get(LIST).content.decode()
    assert "2 of 100 places are taken" in page
    assert "Bob Builder" in page
    assert "Vic &lt;b&gt;Viewer&lt;/b&gt;" in page
    assert "Deactivated" in page


def test_the_list_costs_the_same_for_any_number_of_members(
    browser: Client, member: Make, django_assert_num_queries: Callable[..., Any]
) -> None:
    browser.get(LIST)

    def statements() -> int:
        from django.db import connection
        from django.test.utils import CaptureQueriesContext

        with CaptureQueriesContext(connection) as captured:
            assert browser.get(LIST).status_code == 200
        return len(captured)

    few = statements()
    for _ in range(40):
        member()
    assert statements() == few


def test_a_filter_that_matches_nobody_offers_to_be_cleared(browser: Client) -> None:
    page = browser.get(LIST, {"q": "nobody of this name"}).content.decode()
    assert "Clear filters" in page
    assert "No member matches" in page


@pytest.mark.parametrize("query", ["page=0", "page=x", "page=99999999999999999999", "role=king", "state=gone", "q=%00"])
def test_a_query_that_makes_no_sense_narrows_nothing(browser: Client, query: str) -> None:
    assert browser.get(f"{LIST}?{query}").status_code == 200


def test_inviting_sends_a_link_and_returns_to_the_list(
    browser: Client, django_capture_on_commit_callbacks: Commit
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        answer = browser.post(f"{LIST}invite/", {"email": "ana@example.org", "name": "Ana", "role": "viewer"})
    assert answer["Location"] == LIST
    assert mail.outbox[0].to == ["ana@example.org"]
    assert "ana@example.org is invited" in browser.get(LIST).content.decode()


def test_an_invitation_that_is_refused_keeps_what_was_typed_and_names_the_field(browser: Client) -> None:
    answer = browser.post(f"{LIST}invite/", {"email": "not an address", "name": "Ana", "role": "viewer"})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert 'value="not an address"' in page
    assert 'id="email-error"' in page


def test_an_address_that_is_a_member_already_is_said_to_be_one(browser: Client, member: Make) -> None:
    answer = browser.post(f"{LIST}invite/", {"email": member().email, "name": "", "role": "viewer"})
    assert answer.status_code == 409
    assert "is a member already" in answer.content.decode()


def test_a_role_is_changed_and_the_filter_kept(browser: Client, member: Make) -> None:
    other = member("viewer")
    form = {"role": "builder", "back": "q=member&evil=1"}
    assert browser.post(f"{LIST}{other.pk}/role/", form)["Location"] == f"{LIST}?q=member"
    assert User.objects.get(pk=other.pk).role == "builder"


def test_deactivating_offers_to_undo_it_once(browser: Client, member: Make) -> None:
    other = member("viewer", name="Vic Viewer")
    page = browser.post(f"{LIST}{other.pk}/deactivate/", {"back": "state=active"}, follow=True).content.decode()
    undo = f"{LIST}{other.pk}/reactivate/"
    assert "Vic Viewer is deactivated" in page
    assert undo in page.partition("<table")[0]
    again = browser.get(LIST).content.decode()
    assert "Vic Viewer is deactivated" not in again
    assert undo not in again.partition("<table")[0]
    browser.post(undo)
    assert User.objects.get(pk=other.pk).is_active


def test_who_was_invited_is_invited_again(
    browser: Client, member: Make, django_capture_on_commit_callbacks: Commit
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        browser.post(f"{LIST}invite/", {"email": "ana@example.org", "name": "", "role": "viewer"})
        new = User.objects.get(email="ana@example.org")
        browser.post(f"{LIST}{new.pk}/invite-again/")
    assert len(mail.outbox) == 2


def test_what_the_rules_refuse_is_said_on_the_list(browser: Client, owner: User) -> None:
    answer = browser.post(f"{LIST}{owner.pk}/deactivate/", follow=True)
    assert "You cannot change your own membership" in answer.content.decode()
    assert User.objects.get(pk=owner.pk).is_active


def test_an_administrator_sees_no_button_for_an_owner_and_is_refused_without_one(
    owner: User, member: Make, client_for: Browser
) -> None:
    browser = client_for(member("administrator"))
    page = browser.get(LIST).content.decode()
    assert f"{owner.pk}/deactivate/" not in page
    assert 'value="owner"' not in page.partition("<table")[2]
    browser.post(f"{LIST}{owner.pk}/role/", {"role": "viewer"})
    assert User.objects.get(pk=owner.pk).role == "owner"


@pytest.mark.parametrize("role", ["builder", "analyst", "approver", "viewer"])
def test_who_may_not_see_members_is_refused(member: Make, client_for: Browser, role: str) -> None:
    assert client_for(member(role)).get(LIST).status_code == 403


def test_an_auditor_sees_the_list_and_changes_nothing(owner: User, member: Make, client_for: Browser) -> None:
    browser = client_for(member("auditor"))
    assert "Deactivate" not in browser.get(LIST, {"state": "active"}).content.decode().partition("<table")[2]
    for path in (f"{LIST}invite/", f"{LIST}{owner.pk}/deactivate/", f"{LIST}{owner.pk}/role/"):
        assert browser.post(path).status_code == 403


def test_a_member_of_the_other_tenant_is_not_there(browser: Client, globex: Tenant, member: Make) -> None:
    member(tenant=globex)
    stranger = member("viewer", tenant=globex)  # the second of globex: acme has no second member
    assert stranger.pk == UUID(int=2)
    for verb in ("role", "deactivate", "reactivate", "invite-again"):
        answer = browser.post(f"{LIST}{stranger.pk}/{verb}/", {"role": "owner"})
        assert answer.status_code == 404
        assert "There is no such member here" in answer.content.decode()


def test_a_link_changes_nothing(browser: Client, member: Make) -> None:
    assert browser.get(f"{LIST}{member().pk}/deactivate/").status_code == 405


def test_who_is_not_signed_in_is_asked_to(client_for: Browser) -> None:
    assert client_for().get(LIST)["Location"].startswith("/accounts/login/")
