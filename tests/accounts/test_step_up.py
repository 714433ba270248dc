"""What is sensitive asks who one is, when that was shown too long ago; what was typed goes on."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import pytest
from django.test import Client
from django.urls import URLPattern, get_resolver

from apps.accounts.models import User
from apps.console.views import ConsoleView
from apps.gateway.api import ApiView
from apps.gateway.models import ApiKey
from apps.gateway.tokens import SignIn, token_issue
from tests.accounts.factors import app_of, code
from tests.accounts.sessions import long_ago
from tests.factories import PASSWORD

Make = Callable[..., User]
Browser = Callable[..., Client]
NEW = "/keys/new/"
KEY = {"name": "Nightly import", "days": "30", "scopes": ["runs.view", "agents.view"]}

# What must be among them, by method and route.
SENSITIVE = {
    "POST /keys/new/",
    "POST /keys/<uuid:id>/rotate/",
    "POST /keys/<uuid:id>/revoke/",
    "POST /api/v1/keys",
    "POST /api/v1/keys/<uuid:id>/rotate",
    "DELETE /api/v1/keys/<uuid:id>",
    "POST /members/invite/",
    "POST /members/<uuid:id>/role/",
    "POST /members/<uuid:id>/deactivate/",
    "POST /members/<uuid:id>/reactivate/",
    "POST /members/<uuid:id>/sign-out/",
    "POST /members/<uuid:id>/factors/remove/",
    "POST /members/service-accounts/new/",
    "POST /members/service-accounts/<uuid:account>/role/",
    "POST /api/v1/service-accounts",
    "PATCH /api/v1/service-accounts/<uuid:account>",
    "POST /identity/",
    "PUT /api/v1/sign-in-policy",
    "POST /workflows/<slug:name>/publish/",
    "POST /api/v1/workflows/<slug:name>/publish",
    "POST /api/v1/custom-agents/<str:custom>/publish",
    "GET /data/<uuid:id>/rows.csv",
}


@pytest.fixture
def browser(member: Make, client_for: Browser) -> Client:
    """Of an owner who proved who they are too long ago."""
    browser = client_for(member("owner"))
    long_ago(browser)
    return browser


def routes(patterns: Sequence[object], before: str = "/") -> list[tuple[str, object]]:
    found: list[tuple[str, object]] = []
    for each in patterns:
        place = before + str(each.pattern)  # type: ignore[attr-defined]
        if isinstance(each, URLPattern):
            found.append((place, getattr(each.callback, "view_class", getattr(each.callback, "cls", None))))
        else:
            found += routes(each.url_patterns, place)  # type: ignore[attr-defined]
    return found


def test_what_is_sensitive_says_so() -> None:
    declared = {
        f"{method} {place}"
        for place, view in routes(get_resolver("orchestrall.urls.tenant").url_patterns)
        if isinstance(view, type) and issubclass(view, ConsoleView | ApiView)
        for method in view.step_up
    }
    assert declared >= SENSITIVE, sorted(SENSITIVE - declared)


def test_the_page_asks_with_what_was_typed_and_goes_on_with_it(browser: Client) -> None:
    asked = browser.post(NEW, KEY)
    text = asked.content.decode()
    assert asked.status_code == 403
    assert text.count('value="Nightly import"') == 1
    assert 'value="runs.view"' in text
    assert 'value="agents.view"' in text
    assert not ApiKey.objects.exists()
    assert "Nightly import" not in str(dict(browser.session))  # nothing of it lies on the server
    assert "no-store" in asked["Cache-Control"]  # nor in a cache of the browser
    wrong = browser.post(NEW, {**KEY, "step_up_password": "not the password"})
    assert "This is not your password" in wrong.content.decode()
    assert not ApiKey.objects.exists()
    browser.post(NEW, {**KEY, "step_up_password": PASSWORD})
    assert set(ApiKey.objects.get().scopes) == {"runs.view", "agents.view"}
    browser.post(NEW, {**KEY, "name": "Another"})  # within ten minutes nobody is asked again
    assert ApiKey.objects.count() == 2


def test_a_code_proves_it_too_and_only_once(member: Make, client_for: Browser) -> None:
    user = member("owner")
    app_of(user)
    browser, once = client_for(user), code()
    for _ in range(2):
        long_ago(browser)
        browser.post(NEW, {**KEY, "step_up_code": once})
    assert ApiKey.objects.count() == 1


def test_tries_to_prove_it_are_counted(browser: Client) -> None:
    for _ in range(10):
        browser.post(NEW, {**KEY, "step_up_password": "not the password"})
    text = browser.post(NEW, {**KEY, "step_up_password": PASSWORD}).content.decode()
    assert "Too many failed login attempts" in text
    assert not ApiKey.objects.exists()


def test_what_is_read_leads_to_the_proof_and_back(browser: Client) -> None:
    place = "/data/00000000-0000-0000-0000-000000000001/rows.csv"
    assert browser.get(place)["Location"].startswith("/accounts/reauthenticate/?next=%2Fdata%2F")


def test_the_api_tells_a_session_to_prove_it_first(browser: Client) -> None:
    answer = browser.post("/api/v1/keys", {}, "application/json")
    assert answer.status_code == 403
    assert answer.json()["code"] == "reauthentication_required"


@pytest.mark.parametrize(("ago", "status"), [(0, 422), (601, 403)])
def test_a_token_proves_it_for_ten_minutes_from_the_sign_in(member: Make, ago: int, status: int) -> None:
    token = token_issue(user=member("owner"), sign_in=SignIn(time.time() - ago))
    caller = Client(headers={"host": "acme.localhost", "authorization": f"Bearer {token}"})
    assert caller.post("/api/v1/keys", {}, "application/json").status_code == status
