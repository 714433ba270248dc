"""Who came by a provider and has nothing else to prove it with proves there who they are, before what is sensitive."""

from __future__ import annotations

import re
import time
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.contrib.auth.hashers import make_password

from apps.accounts.models import User
from apps.audit.models import AuditEntry
from apps.gateway.models import ApiKey
from tests.accounts.sessions import long_ago
from tests.accounts.sso.ground import SCRIPTED, Browser, Ground
from tests.factories import PASSWORD, make_member

NEW = "/keys/new/"
KEY = {"name": "Nightly import", "days": "30", "scopes": ["runs.view"]}
AGAIN = f"/sso/{SCRIPTED}/again/"


@pytest.fixture
def browser(ground: Ground) -> Browser:
    """Of an administrator without a password, who came by a provider, and proved too long ago who they are."""
    browser = ground.browser()
    assert browser.scripted("ana", userinfo={"groups": ["admins"]}) == "in"
    long_ago(browser.client)
    return browser


def prove(browser: Browser, *, to: str = AGAIN, person: str = "ana", **says: Any) -> Any:
    """Go to the provider by the page's link, and come back with what it says."""
    provider = browser.ground.peers.scripted
    provider.script(**says)
    sent = browser.client.get(to)["Location"]
    return browser.client.get(f"/sso/{SCRIPTED}/callback/", provider.sign_in(sent, person=person))


def test_what_was_typed_waits_and_goes_on_after_a_fresh_sign_in_in_another_tab(browser: Browser) -> None:
    asked = browser.client.post(NEW, KEY)
    text = asked.content.decode()
    assert (asked.status_code, ApiKey.objects.count()) == (403, 0)
    assert 'value="Nightly import"' in text
    assert re.search(rf'href="{AGAIN}" target="_blank"[^>]*>Sign in again with Scripted<', text)
    assert "step_up_password" not in text
    early = browser.client.post(NEW, {**KEY, "step_up_elsewhere": "1"})
    assert "It is not proved yet" in early.content.decode()
    assert 'value="Nightly import"' in early.content.decode()
    done = prove(browser)
    assert (done.status_code, "go on in the other one" in done.content.decode()) == (200, True)
    browser.client.post(NEW, {**KEY, "step_up_elsewhere": "1"})
    assert ApiKey.objects.get().name == "Nightly import"
    assert AuditEntry.objects.filter(kind="accounts.sso_proved").count() == 1


def test_the_provider_is_told_to_ask_anew(browser: Browser) -> None:
    asked = parse_qs(urlsplit(browser.client.get(AGAIN)["Location"]).query)
    assert (asked["prompt"], asked["max_age"]) == (["login"], ["0"])


@pytest.mark.parametrize(
    ("said", "person", "reason"),
    [
        ({"auth_time": int(time.time()) - 3600}, "ana", "stale"),
        ({"auth_time": None}, "ana", "stale"),
        ({"auth_time": "now"}, "ana", "stale"),
        ({}, "ben", "other-person"),
    ],
)
def test_who_was_not_asked_anew_has_proved_nothing(
    browser: Browser, said: dict[str, Any], person: str, reason: str
) -> None:
    refused = prove(browser, person=person, claims=said)
    assert (refused.status_code, f"<code data-reason>{reason}</code>" in refused.content.decode()) == (403, True)
    browser.client.post(NEW, {**KEY, "step_up_elsewhere": "1"})
    assert not ApiKey.objects.exists()


def test_what_is_read_leads_to_the_provider_and_back(browser: Browser) -> None:
    place = "/data/00000000-0000-0000-0000-000000000001/rows.csv"
    to = browser.client.get(place)["Location"]
    assert to.startswith(f"{AGAIN}?next=%2Fdata%2F")
    assert prove(browser, to=to)["Location"] == place
    # An address of another host is no place to come back to.
    long_ago(browser.client)
    assert prove(browser, to=f"{AGAIN}?next=https://evil.example/").status_code == 200


def test_the_page_that_the_api_names_leads_to_the_provider(browser: Browser) -> None:
    answer = browser.client.get("/accounts/reauthenticate/?next=/keys/")
    assert answer["Location"] == f"{AGAIN}?next=%2Fkeys%2F"


def test_a_way_in_is_added_only_after_a_fresh_sign_in(browser: Browser) -> None:
    asked = browser.client.get("/accounts/2fa/webauthn/add/")
    assert asked["Location"] == f"{AGAIN}?next=%2Faccounts%2F2fa%2Fwebauthn%2Fadd%2F"
    prove(browser)
    assert browser.client.get("/accounts/2fa/webauthn/add/").status_code == 200


def test_who_has_a_password_may_choose_the_provider_too(browser: Browser) -> None:
    User.objects.filter(email="ana@acme.example").update(password=make_password(PASSWORD))
    assert browser.scripted("ana", userinfo={"groups": ["admins"]}) == "in"
    long_ago(browser.client)
    text = browser.client.post(NEW, KEY).content.decode()
    assert "step_up_password" in text
    assert text.index("step_up_password") < text.index(AGAIN)
    assert "Scripted</a>" in browser.client.get("/accounts/reauthenticate/").content.decode()
    browser.client.post(NEW, {**KEY, "step_up_password": PASSWORD})
    assert ApiKey.objects.exists()


def test_nobody_else_is_offered_a_provider(ground: Ground, client_for: Any) -> None:
    client = client_for(make_member("administrator"))
    long_ago(client)
    text = client.post(NEW, KEY).content.decode()
    assert ("step_up_password" in text, AGAIN in text) == (True, False)
    assert client.get(AGAIN).status_code == 404


def test_the_other_tenant_s_session_proves_nothing_here(browser: Browser, ground: Ground) -> None:
    other = ground.browser(ground.globex)
    assert other.scripted("ana") == "in"
    assert other.client.get(AGAIN).status_code == 302
    begun = ground.peers.scripted.sign_in(other.client.get(AGAIN)["Location"], person="ana")
    assert browser.come_back(SCRIPTED, begun) == "state"
    stranger = ground.browser(ground.globex)
    stranger.client.cookies["sessionid"] = browser.client.cookies["sessionid"].value
    assert stranger.client.get(AGAIN).status_code == 404
    browser.client.post(NEW, {**KEY, "step_up_elsewhere": "1"})
    assert not ApiKey.objects.exists()


@pytest.mark.parametrize(("at", "status"), [(0, 201), (-3600, 403), (None, 403)])
def test_a_provider_that_lets_in_without_asking_proves_nothing(ground: Ground, at: int | None, status: int) -> None:
    browser = ground.browser()
    said = {"auth_time": None if at is None else int(time.time()) + at}
    assert browser.scripted("ana", userinfo={"groups": ["admins"]}, claims=said) == "in"
    assert browser.client.post(NEW, KEY).status_code == status
