"""Live events."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from redis.exceptions import ConnectionError as RedisAway

from apps.tenants import live
from apps.tenants.context import tenant_context
from apps.tenants.models import Tenant

Commit = Callable[..., Any]


class Away:
    """A channel layer whose server is gone."""

    async def group_send(self, *_: object) -> None:
        raise RedisAway("connection refused")

    new_channel = group_send

    def send_to_groups(self, *_: object) -> None:
        raise RedisAway("connection refused")


def test_equal_topics_of_two_tenants_are_two_groups(acme: Tenant, globex: Tenant) -> None:
    ours = live.socket_group("runs")
    with tenant_context(globex):
        assert live.socket_group("runs") != ours
    assert live.socket_group("runs", globex) == "t_globex.runs"


def test_an_event_is_sent_when_its_transaction_commits(
    acme: Tenant, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Commit
) -> None:
    sent: list[tuple[list[str], dict[str, Any]]] = []
    monkeypatch.setattr(live, "_send", lambda *each: sent.append(each))
    with django_capture_on_commit_callbacks(execute=True):
        live.publish_to(["runs", "run.1"], {"seq": 1})
        assert sent == []
    assert sent == [(["t_acme.runs", "t_acme.run.1"], {"type": "live.event", "event": {"seq": 1}})]


def test_a_channel_layer_that_is_away_is_counted_and_not_raised(
    acme: Tenant,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: Commit,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(live, "get_channel_layer", Away)
    before = live.FAILURES._value.get()
    with caplog.at_level(logging.WARNING), django_capture_on_commit_callbacks(execute=True):
        live.publish("runs", {"seq": 1})
    assert live.FAILURES._value.get() == before + 1
    assert "not sent" in caplog.text


def wait(group: str, timeout: float, check: Any, *, during: Any = None) -> Any:
    """Wait for `group` while `during` runs beside it."""

    async def both() -> Any:
        waiting = asyncio.create_task(live.wait_for(group, timeout, check=check))
        if during is not None:
            await during()
        return await waiting

    return async_to_sync(both)()


def test_waiting_ends_at_the_first_look_when_there_is_nothing_to_wait_for() -> None:
    async def there() -> str:
        return "done"

    assert wait("t_acme.run", 30, there) == "done"


def test_waiting_ends_with_the_event_that_brings_it() -> None:
    looked: list[int] = []
    listening = asyncio.Event()

    async def check() -> str | None:
        looked.append(1)
        listening.set()
        return "done" if len(looked) == 3 else None

    async def tell() -> None:
        await listening.wait()
        for _ in range(2):
            await get_channel_layer().group_send("t_acme.run", {"type": "live.event"})

    assert wait("t_acme.run", 30, check, during=tell) == "done"


def test_what_a_thread_sends_is_heard_by_who_listens_to_one_of_the_groups(acme: Tenant) -> None:
    async def heard() -> dict[str, Any] | None:
        async with live.listening("t_acme.run.1") as hear:
            await asyncio.to_thread(live._send, ["t_acme.runs", "t_acme.run.1"], {"type": "live.event", "event": 7})
            return await hear(30)

    assert async_to_sync(heard)() == {"type": "live.event", "event": 7}


def test_waiting_for_one_tenant_hears_nothing_of_another() -> None:
    looked: list[int] = []
    listening = asyncio.Event()

    async def check() -> None:
        looked.append(1)
        listening.set()

    async def tell() -> None:
        await listening.wait()
        await get_channel_layer().group_send("t_globex.run", {"type": "live.event"})

    assert wait("t_acme.run", 0.3, check, during=tell) is None
    assert len(looked) == 2  # at the beginning and at the end


def test_waiting_without_a_channel_layer_looks_once_more_at_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    async def check() -> str:
        return "by polling"

    monkeypatch.setattr(live, "get_channel_layer", Away)
    assert wait("t_acme.run", 0.01, check) == "by polling"
