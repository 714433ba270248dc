"""What a tenant asks of its members at the door: said on a page and over the API, and held at every door."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from apps.accounts.models import SignInPolicy, User
from apps.accounts.policies import effect_of
from apps.audit.models import AuditEntry
from apps.common.permissions import ROLES
from apps.gateway.credentials import session_user
from apps.gateway.tokens import SignIn, TokenRefused, token_issue, token_verify
from tests.accounts.factors import app_of, code, passkey_of
from tests.accounts.sessions import session_change
from tests.factories import PASSWORD

Make = Callable[..., User]
Browser = Callable[..., Client]
PAGE, API, FACTORS, TOKENS = "/identity/", "/api/v1/sign-in-policy", "/accounts/2fa/", "/api/v1/tokens"
ROOM = {"grace_days": 0, "session_hours": 12, "idle_minutes": 0}


@pytest.fixture
def owner(member: Make) -> User:
    return member("owner")


def asks(demand: str = "second_factor", role: str = "owner", **settings: Any) -> SignInPolicy:
    return SignInPolicy.objects.create(demands={role: demand}, **settings)


def form(**demands: str) -> dict[str, Any]:
    return {**{f"demand_{role}": demands.get(role, "password") for role in ROLES}, **ROOM, "version": 0}


def tokens(email: str, **more: str) -> Any:
    browser = Client(headers={"host": "acme.localhost"})
    return browser.post(TOKENS, {"email": email, "password": PASSWORD, **more}, "application/json")


def test_what_is_asked_holds_at_the_next_request_of_an_open_session(owner: User, client_for: Browser) -> None:
    browser = client_for(owner)
    assert browser.get("/members/").status_code == 200
    asks()
    assert browser.get("/members/")["Location"] == FACTORS
    assert browser.post("/members/invite/", {"email": "a@b.org"})["Location"] == FACTORS
    assert browser.get("/api/v1/keys").json()["code"] == "factor_required"
    assert browser.get("/members/", headers={"HX-Request": "true"})["HX-Redirect"] == FACTORS
    assert browser.get(FACTORS).status_code == 200
    assert browser.get("/accounts/2fa/totp/activate/").status_code == 200
    assert session_user(str(browser.session.session_key)) is None  # sockets and tickets


def test_only_the_role_is_asked_that_is_named(member: Make, client_for: Browser) -> None:
    asks()
    assert client_for(member("viewer")).get("/").status_code == 200


def test_who_has_the_factor_and_did_not_show_it_is_asked_to(owner: User, client_for: Browser) -> None:
    browser = client_for(owner)  # who signed in before the factor was set up elsewhere
    app_of(owner)
    asks()
    assert browser.get("/")["Location"].startswith("/accounts/2fa/reauthenticate/")
    browser.post("/accounts/2fa/reauthenticate/", {"code": code()})
    assert browser.get("/members/").status_code == 200


def test_within_the_grace_a_member_goes_without(owner: User, client_for: Browser) -> None:
    policy = asks(grace_days=3)
    browser = client_for(owner)
    assert browser.get("/members/").status_code == 200
    assert "Set it up before" in browser.get(FACTORS).content.decode()
    past = timezone.now() - timedelta(days=4)
    SignInPolicy.objects.update(demanded_at=past)
    assert browser.get("/members/").status_code == 200  # who was invited yesterday has three days, too
    User.objects.update(created_at=past)
    assert browser.get("/members/")["Location"] == FACTORS
    assert policy.grace_days == 3


def test_an_app_is_no_passkey(owner: User, client_for: Browser) -> None:
    asks("passkey")
    app_of(owner)
    browser = client_for()
    browser.post("/accounts/login/", {"login": owner.email, "password": PASSWORD})
    browser.post("/accounts/2fa/authenticate/", {"code": code()})
    assert browser.get("/members/")["Location"] == FACTORS


def test_who_has_a_passkey_and_needs_no_password_cannot_use_one(owner: User, client_for: Browser) -> None:
    asks("passkey_only")
    passkey_of(owner)
    browser = client_for()
    page = browser.post("/accounts/login/", {"login": owner.email, "password": PASSWORD}, follow=True)
    assert "takes no passwords" in page.content.decode()
    assert tokens(owner.email).json()["code"] == "factor_required"


def test_a_page_costs_the_same_with_a_policy_as_without(
    owner: User, client_for: Browser, django_assert_num_queries: Any
) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    browser = client_for(owner)
    browser.get("/members/")
    with CaptureQueriesContext(connection) as without:
        browser.get("/members/")
    asks(role="viewer")
    with CaptureQueriesContext(connection) as beside:
        browser.get("/members/")
    assert len(beside) == len(without)


def test_over_the_api_a_member_shows_the_code_of_their_app(owner: User) -> None:
    assert tokens(owner.email).status_code == 201
    app_of(owner)
    assert tokens(owner.email).json()["code"] == "factor_required"
    assert tokens(owner.email, code="000000").status_code == 401
    asks()
    answer = tokens(owner.email, code=code())
    assert answer.status_code == 201
    _, claims = token_verify(answer.json()["access_token"])
    assert claims["amr"] == ["pwd", "otp", "mfa"]
    assert abs(claims["auth_time"] - time.time()) < 60
    refreshed = Client(headers={"host": "acme.localhost"}).post(
        f"{TOKENS}/refresh", {"refresh_token": answer.json()["refresh_token"]}, "application/json"
    )
    _, following = token_verify(refreshed.json()["access_token"])
    assert following["amr"] == ["pwd", "otp", "mfa"]
    assert abs(following["auth_time"] - claims["auth_time"]) < 1


def test_a_token_without_the_factor_ends_when_it_is_asked_for(owner: User) -> None:
    token = token_issue(user=owner)
    token_verify(token)
    asks()
    with pytest.raises(TokenRefused):
        token_verify(token)
    token_verify(token_issue(user=owner, sign_in=SignIn(time.time(), "totp")))


def test_a_session_ends_after_its_hours_however_much_it_is_used(owner: User, client_for: Browser) -> None:
    asks("password", session_hours=2)
    browser = client_for(owner)
    assert browser.session.get_expiry_age() == 2 * 3600
    session_change(browser, at=time.time() - 2 * 3600 - 1)
    assert browser.get("/members/")["Location"].startswith("/accounts/login/")
    assert "_auth_user_id" not in browser.session


def test_a_session_ends_that_is_not_used(owner: User, client_for: Browser) -> None:
    asks("password", idle_minutes=5)
    browser = client_for(owner)
    session_change(browser, seen=time.time() - 200)
    assert browser.get("/members/").status_code == 200
    assert time.time() - browser.session["identity"]["seen"] < 60
    session_change(browser, seen=time.time() - 301)
    assert browser.get("/members/")["Location"].startswith("/accounts/login/")


def test_the_page_says_what_a_policy_would_mean_before_it_holds(owner: User, member: Make, client_for: Browser) -> None:
    member("builder"), app_of(member("builder"))
    browser = client_for(owner)
    text = browser.post(PAGE, {**form(builder="second_factor"), "preview": 1}).content.decode()
    assert "1 member has not set up" in text
    assert "Nothing is changed yet" in text
    assert not SignInPolicy.objects.exists()
    assert effect_of({"builder": "passkey"}) == {"builder": 2}


def test_a_policy_is_recorded_with_what_was_before(owner: User, client_for: Browser) -> None:
    assert client_for(owner).post(PAGE, form(builder="second_factor"))["Location"] == PAGE
    entry = AuditEntry.objects.get(kind="accounts.policy_set")
    assert entry.payload.facts["content"]["before"]["demand_builder"] == "password"
    assert entry.payload.facts["content"]["after"] == {"demand_builder": "second_factor"}


def test_what_somebody_else_changed_meanwhile_is_not_overwritten(owner: User, client_for: Browser) -> None:
    browser = client_for(owner)
    browser.post(PAGE, form(builder="second_factor"))
    assert browser.post(PAGE, form(viewer="second_factor")).status_code == 409
    assert SignInPolicy.objects.get().demands == {"builder": "second_factor"}


@pytest.mark.parametrize(
    "wrong",
    [
        {"grace_days": "91"},
        {"session_hours": "0"},
        {"idle_minutes": "2"},
        {"demand_owner": "luck"},
        {"grace_days": "-1"},
    ],
)
def test_a_policy_that_cannot_be_changes_nothing(owner: User, client_for: Browser, wrong: dict[str, str]) -> None:
    assert client_for(owner).post(PAGE, {**form(), **wrong}).status_code == 422
    assert SignInPolicy.objects.filter(version__gt=0).count() == 0


def test_over_the_api_it_is_read_and_set_as_it_is_known(owner: User, api_for: Callable[..., APIClient]) -> None:
    api = api_for(owner)
    read = api.get(API)
    wanted = {"demands": {"builder": "second_factor"}, **ROOM}
    assert api.put(API, wanted, "json", headers={"if-match": '"other"'}).status_code == 412
    answer = api.put(API, wanted, "json", headers={"if-match": read["ETag"]})
    assert answer.json() == {**wanted, "lacking": {}}
    assert api_for(User(role="auditor")).get(API).status_code == 403
