"""Live runs of workflows over sockets: the state first, then each change, and nothing of others."""

from __future__ import annotations

from collections.abc import Callable
from uuid import uuid4

import pytest
from asgiref.sync import async_to_sync
from channels.routing import URLRouter

from apps.accounts.models import User
from apps.gateway import tokens
from apps.gateway.sockets import NOT_ALLOWED, NOT_FOUND, TenantSocketMiddleware
from apps.tenants.context import tenant_context
from apps.tenants.models import Tenant
from apps.workflows import live
from apps.workflows.models import WorkflowRun
from orchestrall.urls.sockets import urlpatterns
from tests.gateway.conftest import MakeKey, make_key  # noqa: F401  # a fixture
from tests.sockets import Socket, headers, refusal, tell
from tests.workflows.conftest import MakeWorkflow
from tests.workflows.test_engine import give
from tests.workflows.test_pump import Start

Make = Callable[..., User]
DOOR = TenantSocketMiddleware(URLRouter(urlpatterns))

pytestmark = pytest.mark.usefixtures("sockets_keep_db")


@pytest.fixture
def token(member: Make) -> str:
    return tokens.token_issue(user=member("analyst"))


@pytest.fixture
def run(workflow: MakeWorkflow, start: Start) -> WorkflowRun:
    return start(workflow({"a": give(1)}))


async def opened(address: str, token: str) -> Socket:
    socket = Socket(DOOR, address, headers(bearer=token))
    assert await socket.open() == 0
    return socket


def test_a_run_tells_its_state_and_then_each_change_and_is_marked_as_watched(
    acme: Tenant, run: WorkflowRun, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    marked: list[object] = []
    monkeypatch.setattr(live, "watch", marked.append)

    async def scene() -> None:
        socket = await opened(f"/ws/workflow-runs/{run.pk}/", token)
        state = await socket.hear()
        assert (state["run"], state["seq"], state["status"]) == (str(run.pk), 1, "queued")
        await tell(acme, live.topic(run.pk), v=1, seq=2, run=str(run.pk), status="running")
        assert (await socket.hear())["seq"] == 2
        await socket.close()

    async_to_sync(scene)()
    assert marked == [run.pk]


def test_all_runs_tell_those_that_are_open_and_then_one_message_for_each_that_changed(
    acme: Tenant, run: WorkflowRun, token: str
) -> None:
    named = [{"run": str(uuid4()), "ref": f"W-{n}", "seq": 4, "status": "succeeded"} for n in (7, 8)]

    async def scene() -> None:
        socket = await opened("/ws/workflow-runs/", token)
        assert (await socket.hear())["ref"] == run.ref
        await tell(acme, live.ALL_RUNS, v=1, runs=named, more=True)
        assert [await socket.hear() for _ in named] == [{"v": 1, **each} for each in named]
        assert await socket.hear() == {"v": 1, "more": True}
        await socket.close()

    async_to_sync(scene)()


def test_a_run_of_another_tenant_and_one_that_is_not_there_are_refused(
    acme: Tenant, run: WorkflowRun, globex: Tenant, member: Make
) -> None:
    stranger = member("owner", tenant=globex)
    with tenant_context(globex):
        theirs = tokens.token_issue(user=stranger)

    async def scene() -> list[int]:
        sent = headers("globex.localhost", bearer=theirs)
        return [await refusal(DOOR, f"/ws/workflow-runs/{id}/", sent) for id in (run.pk, uuid4())]

    assert set(async_to_sync(scene)()) == {NOT_FOUND}


def test_who_may_not_see_workflows_is_refused(
    run: WorkflowRun,
    member: Make,
    make_key: MakeKey,  # noqa: F811
) -> None:
    _, narrow = make_key(member("owner"), "agents.view")

    async def scene() -> list[int]:
        addresses = ["/ws/workflow-runs/", f"/ws/workflow-runs/{run.pk}/"]
        return [await refusal(DOOR, address, headers(bearer=narrow)) for address in addresses]

    assert set(async_to_sync(scene)()) == {NOT_ALLOWED}
