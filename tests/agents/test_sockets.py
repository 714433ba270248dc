"""Live runs over sockets: the state first, then each change, and nothing of others."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from asgiref.sync import async_to_sync
from channels.routing import URLRouter

from apps.accounts.models import User
from apps.agents import live
from apps.agents.models import AgentRun
from apps.gateway import tokens
from apps.gateway.sockets import NOT_ALLOWED, NOT_FOUND, TenantSocketMiddleware
from apps.tenants.context import tenant_context
from apps.tenants.models import Tenant
from orchestrall.urls.sockets import urlpatterns
from tests.agents.conftest import Start, WorkOff
from tests.gateway.conftest import MakeKey, make_key  # noqa: F401  # a fixture
from tests.sockets import Socket, headers, refusal, tell

Make = Callable[..., User]
DOOR = TenantSocketMiddleware(URLRouter(urlpatterns))

pytestmark = pytest.mark.usefixtures("sockets_keep_db")


@pytest.fixture
def token(member: Make) -> str:
    return tokens.token_issue(user=member("analyst"))


async def opened(address: str, token: str) -> Socket:
    socket = Socket(DOOR, address, headers(bearer=token))
    assert await socket.open() == 0
    return socket


def test_a_run_tells_its_state_and_then_each_change(
    acme: Tenant, start: Start, work_off: WorkOff, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    events: list[tuple[str, dict[str, Any]]] = []

    def note(topics: list[str], event: dict[str, Any]) -> None:
        events.extend((topic, event) for topic in topics)

    monkeypatch.setattr(live, "publish_to", note)
    run = start(steps=2)
    work_off()
    mine = [event for topic, event in events if topic == live.topic(run.pk)]
    AgentRun.objects.filter(pk=run.pk).update(status="queued", seq=1, done=0, total=0)

    async def scene() -> None:
        socket = await opened(f"/ws/runs/{run.pk}/", token)
        state = await socket.hear()
        assert state | {"at": ""} == {
            "v": 1, "seq": 1, "run": str(run.pk), "ref": run.ref, "agent": "dummy.counter", "status": "queued",
            "done": 0, "total": 0, "percent": 0, "note": "", "at": "",
        }  # fmt: skip
        for event in mine[1:]:
            await tell(acme, live.topic(run.pk), **event)
        heard = [await socket.hear() for _ in mine[1:]]
        assert [event["seq"] for event in heard] == list(range(2, 2 + len(heard)))
        assert (heard[-1]["status"], heard[-1]["percent"]) == ("succeeded", 100)
        await socket.close()

    run.refresh_from_db()
    async_to_sync(scene)()


def test_all_runs_tell_those_that_are_open_first(acme: Tenant, start: Start, finished: Start, token: str) -> None:
    finished()
    first, second = start(), start()

    async def scene() -> None:
        socket = await opened("/ws/runs/", token)
        states = [await socket.hear(), await socket.hear()]
        assert {state["run"] for state in states} == {str(first.pk), str(second.pk)}
        await tell(acme, live.ALL_RUNS, seq=7)
        assert await socket.hear() == {"seq": 7}
        await socket.close()

    async_to_sync(scene)()


def test_a_run_of_another_tenant_or_none_is_refused(
    acme: Tenant, globex: Tenant, start: Start, token: str, board: Any
) -> None:
    with tenant_context(globex):
        other = start()

    async def scene() -> list[int]:
        addresses = [f"/ws/runs/{other.pk}/", f"/ws/runs/{uuid4()}/", "/ws/runs/x/", "/ws/runs"]
        return [await refusal(DOOR, address, headers(bearer=token)) for address in addresses]

    assert set(async_to_sync(scene)()) == {NOT_FOUND}


def test_who_may_not_see_runs_is_refused(start: Start, member: Make, make_key: MakeKey) -> None:  # noqa: F811
    run, owner = start(), member("owner")
    _, narrow = make_key(owner, "agents.view")

    async def scene() -> list[int]:
        addresses = ["/ws/runs/", f"/ws/runs/{run.pk}/"]
        return [await refusal(DOOR, address, headers(bearer=narrow)) for address in addresses]

    assert set(async_to_sync(scene)()) == {NOT_ALLOWED}
