"""The page of provisioning, and what the list of members says of who is managed."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from apps.accounts.models import DirectoryGroup, ScimToken, User
from tests.accounts.scim.conftest import Speaker
from tests.accounts.sessions import long_ago

MakeMember = Callable[..., User]
ClientFor = Callable[..., Client]
PAGE = "/identity/provisioning/"


@pytest.fixture
def browser(owner: User, client_for: ClientFor) -> Client:
    return client_for(owner)


def test_a_token_is_shown_once_and_works(browser: Client) -> None:
    made = browser.post(PAGE, {"name": "Entra", "days": "30"})

    assert (made.status_code, made["Cache-Control"]) == (201, "no-store")
    (text,) = set(re.findall(r"ors_[0-9a-f]{8}_[\w-]{49}", made.content.decode()))
    assert text not in browser.get(PAGE).content.decode()
    assert Speaker("acme.localhost", text)("GET", "Users").status_code == 200


def test_a_token_without_a_name_is_asked_for_one_and_what_was_chosen_stays(browser: Client) -> None:
    page = browser.post(PAGE, {"name": "", "days": "90"})

    assert page.status_code == 422
    assert '<option value="90" selected>' in page.content.decode()
    assert not ScimToken.objects.exists()


def test_a_token_is_rotated_and_revoked_from_the_page(scim: Speaker, browser: Client) -> None:
    token = ScimToken.objects.get()
    assert browser.post(f"{PAGE}tokens/{token.pk}/rotate/", {"overlap": "1d"}).status_code == 201
    assert "takes over" in browser.get(PAGE).content.decode()

    browser.post(f"{PAGE}tokens/{token.pk}/revoke/")

    assert scim("GET", "Users").status_code == 401


def test_the_role_of_a_group_is_chosen_on_the_page(scim: Speaker, browser: Client) -> None:
    ana = scim.user()
    group = DirectoryGroup.objects.get(pk=scim.group("Engineers", [ana["id"]])["id"])

    assert "Engineers gives the role builder now" in browser.post(
        f"{PAGE}groups/{group.pk}/role/", {"role": "builder"}, follow=True
    ).content.decode().replace("&#x27;", "'")
    assert User.objects.get(pk=ana["id"]).role == "builder"
    page = browser.post(f"{PAGE}groups/{group.pk}/role/", {"role": "owner"}, follow=True).content.decode()
    assert "Nothing was changed" in page


def test_the_role_of_a_group_is_chosen_by_who_has_just_proved_who_they_are(scim: Speaker, browser: Client) -> None:
    group = DirectoryGroup.objects.get(pk=scim.group("Engineers")["id"])
    long_ago(browser)

    assert browser.post(f"{PAGE}groups/{group.pk}/role/", {"role": "builder"}).status_code == 403

    group.refresh_from_db()
    assert group.role == ""


def test_who_is_managed_is_marked_in_the_list_and_taken_over_from_it(scim: Speaker, browser: Client) -> None:
    ana = scim.user(displayName="Ana Lima")
    page = browser.get("/members/").content.decode()
    assert "Managed by your directory" in page
    assert f"/members/{ana['id']}/deactivate/" not in page
    assert (
        "Your directory manages"
        in browser.post(f"/members/{ana['id']}/role/", {"role": "analyst"}, follow=True).content.decode()
    )

    browser.post(f"/members/{ana['id']}/management/", {"managed": "0"})

    page = browser.get("/members/").content.decode()
    assert "Managed by your directory" not in page
    assert f"/members/{ana['id']}/deactivate/" in page
    assert "Give back" in page


@pytest.mark.parametrize("role", ["builder", "auditor", "viewer"])
def test_who_may_not_say_how_members_sign_in_sees_nothing_of_it(
    role: str, member: MakeMember, client_for: ClientFor
) -> None:
    client = client_for(member(role))
    assert client.get(PAGE).status_code == 403
    assert client.post(PAGE, {"name": "Entra", "days": "30"}).status_code == 403


def test_the_page_takes_as_many_statements_whatever_stands_on_it(
    scim: Speaker, browser: Client, django_assert_num_queries: Any
) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    browser.get(PAGE)
    with CaptureQueriesContext(connection) as few:
        browser.get(PAGE)
    before = len(few)
    for number in range(5):
        scim.group(f"Group {number}", [scim.user(f"p{number}@example.org")["id"]])
        browser.post(PAGE, {"name": f"Token {number}", "days": "30"})

    with django_assert_num_queries(before):
        browser.get(PAGE)
