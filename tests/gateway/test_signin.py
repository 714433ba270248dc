"""A password for a token: one answer to every refusal, and a limit that outlives Redis."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth.hashers import MD5PasswordHasher
from django.test import Client
from redis.exceptions import ConnectionError as RedisAway

from apps.accounts import limits
from apps.accounts.limits import LocalBudget
from apps.accounts.models import User
from apps.tenants.models import Tenant
from tests.factories import PASSWORD
from tests.gateway.conftest import Program

Make = Callable[..., User]


@pytest.fixture
def trade(program: Program) -> Callable[..., Any]:
    """`trade(email, password=PASSWORD)`: ask for a token."""

    def ask(email: str, password: str = PASSWORD, **options: Any) -> Any:
        body = {"email": email, "password": password}
        return program(**options).post("/api/v1/tokens", body, content_type="application/json")

    return ask


def without_id(answer: Any) -> tuple[int, dict[str, Any]]:
    return answer.status_code, {key: value for key, value in answer.json().items() if key != "request_id"}


def test_every_refusal_reads_alike(member: Make, trade: Callable[..., Any], globex: Tenant) -> None:
    known, gone = member("owner"), member("owner", is_active=False)
    elsewhere = member("owner", tenant=globex, email="only@globex.example")
    unproven = member("owner", email="unproven@example.org")
    EmailAddress.objects.filter(user=unproven).update(verified=False)
    answers = [
        trade(known.email, "not the password"),
        trade("stranger@example.org"),
        trade(gone.email),
        trade(gone.email, "not the password"),
        trade(elsewhere.email),
        trade(unproven.email),
        trade("not an address"),
    ]
    first = without_id(answers[0])
    assert first[0] == 401
    assert all(without_id(answer) == first for answer in answers)


def test_an_unknown_address_costs_as_many_hashes_as_a_wrong_password(
    member: Make, trade: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    user, counted = member("owner"), []
    real = MD5PasswordHasher.encode

    def encode(self: Any, password: str, salt: str) -> str:
        counted.append(1)
        return real(self, password, salt)

    monkeypatch.setattr(MD5PasswordHasher, "encode", encode)
    trade(user.email, "not the password")
    wrong = len(counted)
    trade("stranger@example.org", "not the password")
    assert wrong == 1
    assert len(counted) == 2 * wrong


def test_the_eleventh_wrong_try_is_not_looked_at(member: Make, trade: Callable[..., Any]) -> None:
    user = member("owner")
    for _ in range(10):
        assert trade(user.email, "not the password").status_code == 401
    answer = trade(user.email)
    assert answer.status_code == 429
    assert answer["Retry-After"] == "900"
    assert answer.json()["code"] == "too_many_requests"


def test_tries_of_the_console_and_of_the_api_are_counted_together(
    member: Make, trade: Callable[..., Any], client_for: Callable[..., Client]
) -> None:
    user = member("owner")
    for _ in range(5):
        client_for().post("/accounts/login/", {"login": user.email, "password": "not the password"})
        trade(user.email, "not the password")
    assert trade(user.email).status_code == 429


def test_tries_in_one_tenant_do_not_count_in_the_other(
    member: Make, trade: Callable[..., Any], acme: Tenant, globex: Tenant
) -> None:
    for tenant in (acme, globex):
        member("owner", email="ana@example.org", tenant=tenant)
    for _ in range(11):
        trade("ana@example.org", "not the password")
    assert trade("ana@example.org").status_code == 429
    assert trade("ana@example.org", tenant=globex).status_code == 201


def test_without_redis_a_few_tries_are_allowed_and_no_more(
    member: Make, trade: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object, **__: object) -> None:
        raise RedisAway("connection refused")

    monkeypatch.setattr(limits, "_script", lambda: away)
    monkeypatch.setattr(limits, "_budget", LocalBudget(each=3, total=5))
    user = member("owner")
    assert trade(user.email).status_code == 201
    assert [trade(user.email, "not the password").status_code for _ in range(4)] == [401, 401, 429, 429]
    assert trade(user.email).status_code == 429
    assert [trade(f"{n}@example.org", "x").status_code for n in range(4)] == [401, 401, 429, 429]  # in all


def test_a_password_that_is_missing_or_misspelt_is_named(acme: Tenant, program: Program) -> None:
    answer = program().post("/api/v1/tokens", {"email": "a@b.cc", "pasword": "x"}, content_type="application/json")
    assert answer.status_code == 422
    assert {issue["path"] for issue in answer.json()["issues"]} == {"password", "pasword"}
    assert '"x"' not in answer.content.decode()  # what was typed is not repeated
