"""Tries to sign in: a few have effect, however they come; and what is refused tells nobody anything."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from apps.accounts import limits
from apps.accounts.hashers import SignInBusy
from apps.accounts.limits import EACH, PLACE, Refused, Try
from apps.accounts.models import User
from apps.tenants.context import tenant_context
from apps.tenants.models import Tenant
from tests.accounts.factors import app_of, code, recovery_codes_of
from tests.factories import PASSWORD

Make = Callable[..., User]
Browser = Callable[..., Client]
WRONG = "not the password"
LOGIN, SECOND, TOKENS = "/accounts/login/", "/accounts/2fa/authenticate/", "/api/v1/tokens"


def sign_in(browser: Client, email: str, password: str = WRONG, address: str = "203.0.113.1") -> str:
    answer = browser.post(LOGIN, {"login": email, "password": password}, REMOTE_ADDR=address)
    return "in" if answer.status_code == 302 else answer.content.decode()


def token(browser: Client, email: str, address: str = "203.0.113.2", **more: str) -> int:
    body = {"email": email, "password": WRONG, **more}
    return browser.post(TOKENS, body, "application/json", REMOTE_ADDR=address).status_code


def test_of_tries_that_come_at_once_no_more_have_effect(acme: Tenant) -> None:
    def one(number: int) -> bool:
        with tenant_context(acme):
            try:
                return isinstance(limits.take(account="ana@example.org", place=f"198.51.100.{number}"), Try)
            finally:
                connection.close()

    with ThreadPoolExecutor(16) as pool:
        assert Counter(pool.map(one, range(200)))[True] == EACH


def test_a_try_that_was_right_does_not_count(acme: Tenant) -> None:
    for _ in range(3 * EACH):
        tried = limits.take(account="ana@example.org", place="198.51.100.1")
        assert isinstance(tried, Try)
        tried.give_back()


def test_a_try_that_the_server_was_too_busy_to_look_at_does_not_count(
    member: Make, client_for: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = member("owner")

    def busy(*_: Any) -> bool:
        raise SignInBusy

    with monkeypatch.context() as patched:
        patched.setattr("apps.accounts.models.User.check_password", busy)
        for _ in range(2 * EACH):
            assert token(client_for(), user.email) == 503
    assert token(client_for(), user.email) == 401


def test_a_refused_try_says_when_the_next_is_looked_at(acme: Tenant) -> None:
    for _ in range(EACH):
        limits.take(account="ana@example.org", place="198.51.100.1")
    refused = limits.take(account="ana@example.org", place="198.51.100.1")
    assert isinstance(refused, Refused)
    assert limits.WINDOW - 60 < refused.seconds <= limits.WINDOW
    assert isinstance(limits.take(account="ben@example.org", place="198.51.100.1"), Try)


def test_a_password_tried_on_many_accounts_from_one_place_is_stopped(acme: Tenant) -> None:
    taken = [limits.take(account=f"{n}@example.org", place="198.51.100.1") for n in range(PLACE + 5)]
    assert [isinstance(each, Try) for each in taken] == [True] * PLACE + [False] * 5


def test_tries_are_counted_for_each_tenant_alone(acme: Tenant, globex: Tenant) -> None:
    for _ in range(EACH):
        limits.take(account="ana@example.org", place="198.51.100.1")
    with tenant_context(globex):
        assert isinstance(limits.take(account="ana@example.org", place="198.51.100.1"), Try)


def test_without_redis_this_process_allows_a_few(acme: Tenant, monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    from redis.exceptions import ConnectionError

    def away(*_: Any, **__: Any) -> Any:
        raise ConnectionError

    monkeypatch.setattr(limits, "_script", lambda: away)
    monkeypatch.setattr(limits, "_budget", limits.LocalBudget(each=3, total=100))
    taken = [limits.take(account="ana@example.org", place=f"198.51.100.{n}") for n in range(5)]
    assert [isinstance(each, Try) for each in taken] == [True, True, True, False, False]


def test_passwords_codes_and_tokens_share_one_count(member: Make, client_for: Browser) -> None:
    user = member("owner")
    app_of(user)
    recovery = recovery_codes_of(user)[0]
    browser = client_for()
    sign_in(browser, user.email, PASSWORD)
    for n in range(4):
        browser.post(SECOND, {"code": "000000"}, REMOTE_ADDR=f"198.51.100.{n}")
    for n in range(3):
        assert token(client_for(), user.email, f"198.51.101.{n}") == 401
    for n in range(3):
        assert token(client_for(), user.email, f"198.51.102.{n}", password=PASSWORD, code="000000") == 401
    # The tenth was the last: now what is right is not looked at either.
    assert token(client_for(), user.email, password=PASSWORD, code=code()) == 429
    assert "Too many failed login attempts" in sign_in(client_for(), user.email, PASSWORD)
    for right in (code(), recovery):
        assert "Too many failed login attempts" in browser.post(SECOND, {"code": right}).content.decode()


@pytest.mark.parametrize("who", ["nobody@example.org", "invited@example.org", "gone@example.org"])
def test_who_is_unknown_gets_the_answer_of_a_wrong_password_and_costs_a_hash(
    member: Make, client_for: Browser, monkeypatch: pytest.MonkeyPatch, who: str
) -> None:
    from django.contrib.auth import hashers

    known = member("owner")
    member("viewer", email="gone@example.org", is_active=False)
    invited = member("viewer", email="invited@example.org")
    invited.set_unusable_password()
    invited.save()
    made: list[str] = []
    hasher = type(hashers.get_hasher())
    encode = hasher.encode

    def counted(self: Any, *args: Any) -> str:
        made.append("one")
        return str(encode(self, *args))

    monkeypatch.setattr(hasher, "encode", counted)
    expected = sign_in(client_for(), known.email).replace(known.email, "WHO")
    for_known, made[:] = len(made), []
    got = sign_in(client_for(), who).replace(who, "WHO")
    assert without_marks(got) == without_marks(expected)
    assert len(made) == for_known == 1
    assert token(client_for(), who) == token(client_for(), known.email) == 401


def without_marks(page: str) -> str:
    """A page without what differs from request to request."""
    import re

    return re.sub(r'(csrfmiddlewaretoken" value="|nonce="|request_id[^"]*"|<code>)[^"<]+', r"\1", page)
