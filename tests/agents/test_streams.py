"""A run as an event stream: what is told, when it ends, and that nobody who listens holds a thread."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from channels.layers import get_channel_layer
from rest_framework.test import APIClient

from apps.accounts.models import User
from apps.agents import live, services
from apps.agents.models import AgentRun
from apps.common.ids import uuid7
from apps.gateway import streams, tickets, tokens
from apps.gateway.principals import Caller
from apps.gateway.streams import EventStreams
from apps.tenants import services as tenants
from apps.tenants.context import public_context
from apps.tenants.live import listening
from apps.tenants.models import Tenant
from tests.agents.conftest import Start, WorkOff
from tests.sockets import Stream, headers, tell

Make = Callable[..., User]
Api = Callable[..., APIClient]

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture
def analyst(member: Make) -> User:
    return member("analyst")


@pytest.fixture
def token(analyst: User) -> str:
    return tokens.token_issue(user=analyst)


@pytest.fixture
def run(start: Start) -> AgentRun:
    return start(steps=2)


def address(run: AgentRun) -> str:
    return f"/api/v1/runs/{run.pk}/events"


def listen(run: AgentRun, token: str = "", query: str = "", **sent: str) -> Stream:
    from django.core.asgi import get_asgi_application

    return Stream(EventStreams(get_asgi_application()), f"{address(run)}{query}", headers(bearer=token, **sent))


async def change(acme: Tenant, run: AgentRun, **changes: Any) -> dict[str, Any]:
    """Have the run change, and tell it as a commit does."""

    def write() -> dict[str, Any]:
        AgentRun.objects.filter(pk=run.pk).update(**changes)
        return live.event(AgentRun.objects.get(pk=run.pk))

    event: dict[str, Any] = await sync_to_async(write)()
    await tell(acme, live.topic(run.pk), **event)
    return event


def test_the_state_comes_first_then_each_change_and_the_end_is_the_end(
    acme: Tenant, run: AgentRun, token: str, heard: Callable[[], Any]
) -> None:
    async def scene() -> None:
        it = listen(run, token)
        assert await it.open() == 200
        assert it.headers["content-type"] == "text/event-stream; charset=utf-8"
        assert "content-length" not in it.headers
        assert it.headers["x-request-id"]
        assert await it.block() == "retry: 3000"
        name, id, data = await it.hear()
        assert (name, id, data["status"], data["run"]) == ("snapshot", 1, "queued", str(run.pk))
        await heard()
        event = await change(acme, run, seq=2, status="running", done=1, total=2)
        assert await it.hear() == ("change", 2, event)
        event = await change(acme, run, seq=3, status="succeeded")
        assert await it.hear() == ("end", 3, event)
        assert await it.block() == ""
        await it.wait(10)

    async_to_sync(scene)()


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> Callable[[], Any]:
    """`await heard()`: until a stream has looked at the state after it began to listen."""
    event, state = asyncio.Event(), streams._state

    async def told(*arguments: Any) -> Any:
        found = await state(*arguments)
        event.set()
        return found

    monkeypatch.setattr(streams, "_state", told)
    return lambda: asyncio.wait_for(event.wait(), 10)


def test_what_happens_before_it_listens_is_told_too(
    acme: Tenant, run: AgentRun, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the answer of the view and the subscription the run ends, and the event of it reaches nobody."""

    @asynccontextmanager
    async def late(*groups: str) -> AsyncIterator[Any]:
        await sync_to_async(AgentRun.objects.filter(pk=run.pk).update)(seq=5, status="cancelled")
        async with listening(*groups) as hear:
            yield hear

    monkeypatch.setattr(streams, "listening", late)

    async def scene() -> None:
        it = listen(run, token)
        await it.open()
        assert (await it.hear())[:2] == ("snapshot", 1)
        name, id, data = await it.hear()
        assert (name, id, data["status"]) == ("end", 5, "cancelled")
        assert await it.block() == ""

    async_to_sync(scene)()


def test_an_event_that_is_not_newer_is_not_told_again(
    acme: Tenant, run: AgentRun, token: str, heard: Callable[[], Any]
) -> None:
    async def scene() -> None:
        it = listen(run, token)
        await it.open()
        await it.hear()
        await heard()
        for seq in (1, 4, 3, 4, 5):
            await change(acme, run, seq=seq)
        assert [(await it.hear())[1], (await it.hear())[1]] == [4, 5]
        await it.leave()

    async_to_sync(scene)()


def test_an_event_that_got_lost_is_made_up_for(
    acme: Tenant, run: AgentRun, token: str, heard: Callable[[], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "RECHECK", 0.02)
    monkeypatch.setattr(streams, "BEAT", 0.01)

    async def scene() -> None:
        it = listen(run, token)
        await it.open()
        await it.hear()
        await heard()
        await sync_to_async(AgentRun.objects.filter(pk=run.pk).update)(seq=9, status="failed")
        assert (await it.hear())[:2] == ("end", 9)

    async_to_sync(scene)()


def test_who_comes_again_is_told_what_is_new_to_them(acme: Tenant, run: AgentRun, token: str) -> None:
    async def scene() -> None:
        await sync_to_async(AgentRun.objects.filter(pk=run.pk).update)(seq=7)
        it = listen(run, token, **{"last-event-id": "6"})
        await it.open()
        assert (await it.hear())[:2] == ("snapshot", 7)
        await it.leave()
        it = listen(run, token, **{"last-event-id": "7"})
        await it.open()
        assert await it.block() == "retry: 3000"
        await change(acme, run, seq=8, status="succeeded")
        assert (await it.hear())[:2] == ("end", 8)

    async_to_sync(scene)()


def test_a_run_that_has_ended_is_told_once(acme: Tenant, run: AgentRun, token: str, work_off: WorkOff) -> None:
    work_off()
    run.refresh_from_db()

    async def scene() -> None:
        it = listen(run, token)
        await it.open()
        await it.block()
        assert (await it.hear())[:2] == ("end", run.seq)
        assert await it.block() == ""
        again = listen(run, token, **{"last-event-id": str(run.seq)})
        assert await again.open() == 204
        await again.wait(10)

    async_to_sync(scene)()


@pytest.mark.parametrize("sent", ["x", "-1", "1.5", "²", "9" * 19])
def test_an_id_that_no_event_has_is_refused(api_for: Api, analyst: User, run: AgentRun, sent: str) -> None:
    answer = api_for(analyst).get(address(run), headers={"Last-Event-ID": sent})
    assert (answer.status_code, answer.json()["issues"][0]["path"]) == (400, "Last-Event-ID")


def test_a_quiet_stream_shows_signs_of_life(
    acme: Tenant, run: AgentRun, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "BEAT", 0.01)

    async def scene() -> None:
        it = listen(run, token)
        await it.open()
        await it.hear()
        assert [await it.block(), await it.block()] == [": beat", ": beat"]
        await it.leave()

    async_to_sync(scene)()


def test_without_live_events_a_stream_ends_and_the_client_comes_again(
    acme: Tenant, run: AgentRun, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*groups: str) -> Any:
        raise ConnectionRefusedError("no Redis")

    monkeypatch.setattr(streams, "listening", away)

    async def scene() -> None:
        it = listen(run, token)
        await it.open()
        assert await it.block() == "retry: 3000"
        assert (await it.hear())[0] == "snapshot"
        assert await it.block() == ""
        await it.wait(10)

    async_to_sync(scene)()


# -------------------------------------------------------------------------------------------------------- who listens


def test_refusals_are_problems_and_open_nothing(acme: Tenant, run: AgentRun, token: str, member: Make) -> None:
    stranger = AgentRun(pk=uuid7())
    wanted = [(run, "", 401), (run, "not.a.token", 401), (stranger, token, 404)]

    async def scene() -> None:
        for which, sent, status in wanted:
            it = listen(which, sent)
            assert await it.open() == status
            assert it.headers["content-type"] == "application/problem+json"
            await it.wait(10)

    async_to_sync(scene)()


def test_a_run_of_another_tenant_is_not_found(acme: Tenant, globex: Tenant, member: Make, run: AgentRun) -> None:
    from apps.tenants.context import tenant_context

    other = member("owner", tenant=globex)
    with tenant_context(globex):
        theirs = tokens.token_issue(user=other)

    async def scene() -> None:
        it = listen(run, theirs, host="globex.localhost")
        assert await it.open() == 404
        await it.wait(10)

    async_to_sync(scene)()


def test_a_session_and_a_ticket_open_it_too_and_a_ticket_once(
    acme: Tenant, run: AgentRun, analyst: User, client_for: Callable[..., Any]
) -> None:
    from django.conf import settings

    ticket = tickets.ticket_issue(Caller(analyst))
    cookie = client_for(analyst).cookies[settings.SESSION_COOKIE_NAME].value

    async def scene() -> None:
        for it in (
            listen(run, cookie=f"{settings.SESSION_COOKIE_NAME}={cookie}"),
            listen(run, query=f"?ticket={ticket}"),
        ):
            assert await it.open() == 200
            assert (await it.hear())[0] == "snapshot"
            await it.leave()
        spent = listen(run, query=f"?ticket={ticket}")
        assert await spent.open() == 401
        await spent.wait(10)

    async_to_sync(scene)()


@pytest.mark.parametrize("way", ["token", "ticket"])
def test_who_loses_their_rights_hears_nothing_more(
    acme: Tenant,
    run: AgentRun,
    analyst: User,
    token: str,
    way: str,
    heard: Callable[[], Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(streams, "RECHECK", 0.02)
    monkeypatch.setattr(streams, "BEAT", 0.01)
    query = f"?ticket={tickets.ticket_issue(Caller(analyst))}" if way == "ticket" else ""

    async def scene() -> None:
        it = listen(run, "" if query else token, query)
        assert await it.open() == 200
        await it.hear()
        await heard()
        await sync_to_async(User.objects.filter(pk=analyst.pk).update)(is_active=False)
        while block := await it.block():
            assert block == ": beat"
        await it.wait(10)

    async_to_sync(scene)()


def test_a_tenant_that_is_closed_ends_its_streams(
    acme: Tenant, run: AgentRun, token: str, heard: Callable[[], Any]
) -> None:
    from apps.tenants.live import CLOSING, socket_group

    async def scene() -> None:
        it = listen(run, token)
        await it.open()
        await it.hear()
        await heard()
        await get_channel_layer().group_send(socket_group(CLOSING, acme), {"type": "tenant.closed"})
        assert await it.block() == ""
        await it.wait(10)

    async_to_sync(scene)()


# ------------------------------------------------------------------------------------------------------------ threads


def test_who_has_gone_leaves_nothing_behind(acme: Tenant, run: AgentRun, token: str, heard: Callable[[], Any]) -> None:
    async def scene() -> None:
        it = listen(run, token)
        await it.open()
        await it.hear()
        await heard()
        layer = get_channel_layer()._get_layer()
        assert len(layer.groups) == 2
        await it.leave()
        assert (layer.groups, layer.channels) == ({}, {})

    async_to_sync(scene)()


def test_many_listen_without_a_thread_for_each(
    acme: Tenant, run: AgentRun, token: str, heard: Callable[[], Any]
) -> None:
    async def scene() -> None:
        first = listen(run, token)
        await first.open()
        await first.hear()
        before = threading.active_count()
        others = [listen(run, token) for _ in range(30)]
        for it in others:
            assert await it.open() == 200
            await it.hear()
        await heard()
        assert threading.active_count() == before
        for it in [first, *others]:
            await it.leave()

    async_to_sync(scene)()


def test_in_a_thread_the_state_is_told_and_the_client_comes_again(api_for: Api, analyst: User, run: AgentRun) -> None:
    api = api_for(analyst)
    answer = api.get(address(run))
    assert answer.status_code == 200
    text = answer.content.decode()
    assert text.startswith("retry: 3000\n\nevent: snapshot\nid: 1\ndata: {")
    assert api.get(address(run), headers={"Last-Event-ID": "1"}).content == b"retry: 3000\n\n"
    services.run_cancel(run=run)
    assert api.get(address(run), headers={"Last-Event-ID": "1"}).content.startswith(b"retry: 3000\n\nevent: end\nid: 2")
    assert api.get(address(run), headers={"Last-Event-ID": "2"}).status_code == 204


@pytest.mark.parametrize("accept", ["application/json", "text/html"])
def test_who_wants_another_format_is_told_so(api_for: Api, analyst: User, run: AgentRun, accept: str) -> None:
    assert api_for(analyst).get(address(run), headers={"Accept": accept}).status_code == 406


def test_a_closed_tenant_is_none_to_a_stream_that_looks_again(acme: Tenant, run: AgentRun, analyst: User) -> None:
    feed = streams.Feed(live.topic(run.pk), "runs.view", lambda who: live.event(run), live.is_end)
    look = async_to_sync(streams._state)
    assert look(acme, lambda: Caller(analyst), feed)["run"] == str(run.pk)
    assert look(acme, lambda: None, feed) is None
    with public_context():
        tenants.tenant_suspend(tenant=acme)
    assert look(acme, lambda: Caller(analyst), feed) is None
