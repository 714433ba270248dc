"""Rule R7: what was restored is held until its owner releases it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from apps.accounts.models import User
from apps.common import work
from apps.common.errors import Conflict, PermissionDenied
from apps.common.ids import uuid7
from apps.common.permissions import Platform
from apps.dispatch import rows, turns, wakeups, worker
from apps.dispatch.board import Board
from apps.dispatch.services import WorkDispatcher
from apps.tenants import services
from apps.tenants.models import Tenant
from tests.dummy.handlers import DummyWork


@pytest.fixture(autouse=True)
def _no_dummy_work() -> Iterator[None]:
    DummyWork.reset()
    yield
    DummyWork.reset()


@pytest.fixture
def board(monkeypatch: pytest.MonkeyPatch) -> Board:
    mine = Board()
    monkeypatch.setattr(work, "_dispatcher", WorkDispatcher(mine))
    return mine


@pytest.fixture
def held(acme: Tenant) -> Tenant:
    services.tenant_hold(tenant=acme)
    return acme


def run(*words: str) -> str:
    out = StringIO()
    call_command("tenant", *words, stdout=out)
    return out.getvalue()


def test_a_worker_takes_up_nothing_of_a_held_tenant_until_it_is_released(
    held: Tenant, board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wakeups, "wake", lambda *_: True)
    work.schedule("dummy.work", uuid7())
    assert turns.turn(schema=held.schema_name, queue="cpu", board=board) == 0
    services.tenant_release(who=Platform(), tenant=held)
    assert turns.turn(schema=held.schema_name, queue="cpu", board=board) == 1


def test_nobody_is_woken_for_work_of_a_held_tenant(
    held: Tenant, globex: Tenant, board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    woken: list[str] = []

    def wake(schema: str, _queue: str) -> bool:
        woken.append(schema)
        return True

    monkeypatch.setattr(wakeups, "wake", wake)
    monkeypatch.setattr(wakeups, "waiting", lambda _: 0)
    monkeypatch.setattr(rows, "due", lambda: [(held.schema_name, "cpu"), (globex.schema_name, "cpu")])
    worker.tick()
    assert woken == [globex.schema_name]


def test_a_release_makes_the_rows_that_are_missing(held: Tenant, board: Board) -> None:
    lost = uuid7()
    DummyWork.wanted.append(lost)
    services.tenant_release(who=Platform(), tenant=held)
    assert rows.missing(kind="dummy.work", ids=[lost], tenant=held.schema_name) == []


def test_only_an_owner_releases(held: Tenant, member: Callable[..., User]) -> None:
    with pytest.raises(PermissionDenied):
        services.tenant_release(who=member("administrator"), tenant=held)
    assert held.held_at is not None
    services.tenant_release(who=member("owner"), tenant=held)
    assert held.held_at is None


def test_a_tenant_is_held_and_released_once(held: Tenant, operators: Tenant) -> None:
    with pytest.raises(Conflict, match="held already"):
        services.tenant_hold(tenant=held)
    services.tenant_release(who=Platform(), tenant=held)
    with pytest.raises(Conflict, match="not held"):
        services.tenant_release(who=Platform(), tenant=held)
    with pytest.raises(Conflict):
        services.tenant_hold(tenant=operators)


def test_every_page_of_a_held_tenant_says_so_and_offers_its_owner_the_release(
    held: Tenant, member: Callable[..., User], client_for: Callable[..., Client]
) -> None:
    button = b'action="/release/"'
    told = client_for(member("viewer")).get("/").content
    assert b"Work is held" in told
    assert button not in told
    owner = client_for(member("owner"))
    assert button in owner.get("/help/").content
    answer = owner.post("/release/", follow=True)
    assert b"Work is held" not in answer.content
    assert b"Released" in answer.content


def test_who_is_no_owner_cannot_press_the_button(
    held: Tenant, member: Callable[..., User], client_for: Callable[..., Client]
) -> None:
    assert client_for(member("administrator")).post("/release/").status_code == 403
    held.refresh_from_db()
    assert held.held_at is not None


def test_the_page_of_a_tenant_that_is_not_held_says_nothing(
    acme: Tenant, member: Callable[..., User], client_for: Callable[..., Client]
) -> None:
    assert b"Work is held" not in client_for(member("owner")).get("/help/").content


def test_the_command_holds_one_or_all_and_releases(acme: Tenant, globex: Tenant, board: Board) -> None:
    assert "acme is held" in run("hold", "acme")
    assert "globex is held" in run("hold", "--all")
    assert run("hold", "--all") == "No tenant was there to be held.\n"
    assert "  held" in run("list")
    assert "acme is released" in run("release", "acme")
    with pytest.raises(CommandError, match="not held"):
        run("release", "acme")
    for wrong in ((), ("acme", "--all")):
        with pytest.raises(CommandError, match="slug"):
            run("hold", *wrong)


def test_an_operator_holds_and_releases_a_tenant(
    globex: Tenant, operators: Tenant, member: Callable[..., User], client_for: Callable[..., Client], board: Board
) -> None:
    operator = client_for(member("owner", tenant=operators, is_staff=True), tenant=operators)
    pages: Any = operator.get(f"/admin/tenants/tenant/{globex.pk}/change/")
    assert b"hold_one" in pages.content
    for action in ("hold", "release"):
        operator.post("/admin/tenants/tenant/", {"action": action, "_selected_action": [str(globex.pk)]}, follow=True)
        globex.refresh_from_db()
        assert (globex.held_at is not None) == (action == "hold")
