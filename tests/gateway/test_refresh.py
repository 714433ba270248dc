"""Refresh tokens: traded once, and found out when they are traded twice."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from apps.accounts.models import User
from apps.common.errors import NotAuthenticated, PermissionDenied
from apps.gateway import marks, refresh
from apps.gateway.models import RefreshToken
from apps.tenants.context import tenant_context
from apps.tenants.models import Tenant
from tests.factories import PASSWORD
from tests.gateway.conftest import Program

Make = Callable[..., User]
REFRESH, REVOKE = "/api/v1/tokens/refresh", "/api/v1/tokens/revoke"

pytestmark = pytest.mark.urls("tests.gateway.urls")


@pytest.fixture
def owner(member: Make) -> User:
    return member("owner")


def post(program: Program, path: str, body: dict[str, Any], **options: Any) -> Any:
    return program(**options).post(path, body, content_type="application/json")


def is_refused(text: str) -> bool:
    try:
        refresh.refresh_trade(text=text)
    except NotAuthenticated:
        return True
    return False


def test_a_sign_in_gives_a_refresh_token_that_is_traded_for_the_next(owner: User, program: Program) -> None:
    first = post(program, "/api/v1/tokens", {"email": owner.email, "password": PASSWORD}).json()
    assert first["refresh_expires_in"] == 14 * 24 * 3600
    answer = post(program, REFRESH, {"refresh_token": first["refresh_token"]})
    assert (answer.status_code, answer["Cache-Control"]) == (201, "no-store")
    second = answer.json()
    assert second["refresh_token"] != first["refresh_token"]
    assert program(second["access_token"]).get("/api/v1/sample").status_code == 200
    assert post(program, REFRESH, {"refresh_token": second["refresh_token"]}).status_code == 201


def test_the_text_of_a_refresh_token_is_stored_nowhere(owner: User) -> None:
    text = refresh.refresh_issue(user=owner)
    assert marks.is_whole(text, "orr_")
    with connection.cursor() as cursor:
        cursor.execute("select row_to_json(t)::text from gateway_refreshtoken t")
        stored = cursor.fetchone()[0]
    assert text not in stored
    assert text[4:47] not in stored


def test_a_token_that_comes_a_second_time_ends_the_whole_family(owner: User, program: Program) -> None:
    stolen = refresh.refresh_issue(user=owner)
    _, second, _ = refresh.refresh_trade(text=stolen)
    _, third, _ = refresh.refresh_trade(text=second)
    other = refresh.refresh_issue(user=owner)
    answer = post(program, REFRESH, {"refresh_token": stolen})
    assert answer.status_code == 401
    assert answer.json()["code"] == "not_authenticated"
    assert is_refused(third)
    assert not RefreshToken.objects.filter(family=RefreshToken.objects.earliest("id").pk, revoked_at=None).exists()
    assert not is_refused(other)  # another sign-in of the same person


def test_every_refusal_sounds_alike(owner: User, program: Program) -> None:
    spent = refresh.refresh_issue(user=owner)
    refresh.refresh_trade(text=spent)
    revoked = refresh.refresh_issue(user=owner)
    refresh.refresh_revoke(text=revoked)
    wrong_sum = revoked[:-1] + ("A" if revoked[-1] != "A" else "B")
    texts = [spent, revoked, marks.mint("orr_"), wrong_sum, "orr_", "x", "é" * 53]
    told = set()
    for text in texts:
        body = post(program, REFRESH, {"refresh_token": text}).json()
        told.add((body["status"], body["detail"], body["remedy"]))
    assert len(told) == 1
    assert told.pop()[0] == 401


def test_a_refresh_token_is_no_access_token_nor_the_other_way_round(owner: User, program: Program) -> None:
    from apps.gateway.tokens import token_issue

    answer = program(refresh.refresh_issue(user=owner)).get("/api/v1/sample")
    assert answer.status_code == 401
    assert "refresh token or a ticket" in answer.json()["detail"]
    assert post(program, REFRESH, {"refresh_token": token_issue(user=owner)}).status_code == 401


@pytest.mark.parametrize(
    "change",
    [
        {"expires_at": timezone.now() - timedelta(seconds=1)},
        {"revoked_at": timezone.now()},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_token_that_has_ended_is_not_traded_and_not_spent(owner: User, change: dict[str, Any]) -> None:
    text = refresh.refresh_issue(user=owner)
    RefreshToken.objects.update(**change)
    assert is_refused(text)
    assert RefreshToken.objects.get().used_at is None


def test_a_family_ends_after_thirty_days_however_often_it_was_traded(owner: User) -> None:
    text, soon = refresh.refresh_issue(user=owner), timezone.now() + timedelta(hours=1)
    first = RefreshToken.objects.get()
    assert first.family_expires_at - first.expires_at == timedelta(days=16)
    RefreshToken.objects.update(family_expires_at=soon)
    refresh.refresh_trade(text=text)
    latest = RefreshToken.objects.latest("id")
    assert latest.expires_at == latest.family_expires_at == soon


def test_a_new_password_ends_every_refresh_token(owner: User) -> None:
    text = refresh.refresh_issue(user=owner)
    owner.set_password("quite another password")
    owner.save()
    assert is_refused(text)


def test_who_is_deactivated_refreshes_nothing(owner: User) -> None:
    text = refresh.refresh_issue(user=owner)
    User.objects.filter(pk=owner.pk).update(is_active=False)
    assert is_refused(text)


def test_who_may_not_call_the_api_for_the_moment_keeps_the_token(owner: User, member: Make, program: Program) -> None:
    user = member("analyst")
    text = refresh.refresh_issue(user=user)
    User.objects.filter(pk=user.pk).update(role="viewer")
    with pytest.raises(PermissionDenied):
        refresh.refresh_trade(text=text)
    User.objects.filter(pk=user.pk).update(role="analyst")
    assert refresh.refresh_trade(text=text)[0] == user


def test_a_refresh_token_of_the_other_tenant_is_refused_even_where_its_row_is_copied(
    owner: User, member: Make, globex: Tenant
) -> None:
    twin = member("owner", tenant=globex)
    with tenant_context(globex):
        text = refresh.refresh_issue(user=twin)
        row = RefreshToken.objects.get()
    assert is_refused(text)
    row.save(force_insert=True)  # into acme, as a restore does
    assert is_refused(text)
    with tenant_context(globex):
        assert not is_refused(text)


def test_revoking_ends_the_family_and_says_nothing_of_what_it_found(owner: User, program: Program) -> None:
    first = refresh.refresh_issue(user=owner)
    _, second, _ = refresh.refresh_trade(text=first)
    for token in (first, first, marks.mint("orr_"), "nonsense"):
        answer = post(program, REVOKE, {"token": token})
        assert (answer.status_code, answer.content) == (204, b"")
    assert is_refused(second)


def test_what_has_expired_is_deleted_at_the_next_sign_in_of_the_same_person(owner: User, member: Make) -> None:
    for user in (owner, member()):
        refresh.refresh_issue(user=user)
    RefreshToken.objects.update(family_expires_at=timezone.now() - timedelta(seconds=1))
    refresh.refresh_issue(user=owner)
    assert RefreshToken.objects.filter(user=owner).count() == 1
    assert RefreshToken.objects.count() == 2


def test_of_two_trades_at_once_one_is_let_through_and_the_family_ends(
    committed_db: str, acme: Tenant, owner: User
) -> None:
    text = refresh.refresh_issue(user=owner)
    start, outcomes = threading.Barrier(8), []

    def trade() -> None:
        try:
            with tenant_context(acme):
                start.wait(30)
                outcomes.append(refresh.refresh_trade(text=text)[1])
        except NotAuthenticated:
            outcomes.append("")
        finally:
            connection.close()

    threads = [threading.Thread(target=trade) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len([each for each in outcomes if each]) == 1
    assert not RefreshToken.objects.filter(revoked_at=None).exists()


def test_a_successor_that_is_stored_while_the_family_is_revoked_ends_too(
    committed_db: str, acme: Tenant, owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One trades the successor, another the stolen token: the second waits for the first, and finds its row."""
    stolen = refresh.refresh_issue(user=owner)
    _, second, _ = refresh.refresh_trade(text=stolen)
    storing = threading.Event()
    waits: list[int] = []

    def mint(mark: str) -> str:
        """The successor is about to be stored: now the other comes, and waits for a lock."""
        storing.set()
        while not waits:
            with connection.cursor() as cursor:
                cursor.execute("select count(*) from pg_locks where not granted")
                waits.extend([1] if cursor.fetchone()[0] else [])
        return marks.mint(mark)

    monkeypatch.setattr(refresh, "mint", mint)

    def again() -> None:
        try:
            with tenant_context(acme):
                storing.wait(30)
                assert is_refused(stolen)
        finally:
            connection.close()

    thief = threading.Thread(target=again)
    thief.start()
    _, third, _ = refresh.refresh_trade(text=second)
    thief.join()
    monkeypatch.undo()
    assert is_refused(third)
    assert not RefreshToken.objects.filter(revoked_at=None).exists()


def test_a_trade_costs_four_statements_on_the_tokens(
    owner: User, django_assert_num_queries: Callable[..., Any]
) -> None:
    text = refresh.refresh_issue(user=owner)
    with django_assert_num_queries(8):  # and what is asked of the member, the entry, and a test's savepoint
        refresh.refresh_trade(text=text)
