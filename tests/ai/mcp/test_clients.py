"""The official client of the protocol against a tenant's MCP server, over real HTTP, in both of its generations."""

from __future__ import annotations

import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any

import anyio
import httpx2
import pytest
import uvicorn
from django.db import connection, connections
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from apps.accounts.models import User
from apps.agents.models import AgentRun
from apps.ai.mcp.server import streaming
from apps.dispatch import turns
from apps.dispatch.board import Board
from apps.gateway import tokens
from apps.tenants.context import tenant_context
from apps.tenants.models import Tenant
from tests.conftest import MakeMember

GENERATIONS = ["legacy", "auto"]
"""With a handshake and a session; and of requests that stand for themselves."""

pytestmark = pytest.mark.filterwarnings("ignore::mcp.shared.exceptions.MCPDeprecationWarning")


@pytest.fixture
def port(committed_db: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """The program on a port of this machine, under ASGI as in production."""
    from orchestrall.asgi import application

    monkeypatch.setitem(connection.settings_dict, "CONN_MAX_AGE", 0)  # each request has a thread of its own
    server = uvicorn.Server(uvicorn.Config(application, port=0, lifespan="off", log_config=None))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield server.servers[0].sockets[0].getsockname()[1]
    server.should_exit = True
    thread.join()


@pytest.fixture
def analyst(member: MakeMember) -> User:
    return member("analyst")


@pytest.fixture
def connect(port: int, acme: Tenant, analyst: User) -> Callable[..., Any]:
    """`connect(mode)`: the official client at acme's host, with a token of an analyst."""
    token = tokens.token_issue(user=analyst)

    @asynccontextmanager
    async def open(mode: str) -> AsyncIterator[Client]:
        headers = {"Host": "acme.localhost", "Authorization": f"Bearer {token}"}
        async with httpx2.AsyncClient(headers=headers, timeout=30) as http:
            transport = streamable_http_client(f"http://127.0.0.1:{port}/mcp", http_client=http)
            async with Client(transport, mode=mode) as client:
                yield client

    return open


@pytest.fixture
def worker(acme: Tenant, board: Board) -> Iterator[threading.Event]:
    """A worker in a thread. It begins once its event is set."""
    begin, end = threading.Event(), threading.Event()

    def work() -> None:
        begin.wait()
        try:
            while not end.is_set():
                with tenant_context(acme):
                    turns.turn(schema=acme.schema_name, queue="cpu", board=board)
                end.wait(0.05)
        finally:
            connections.close_all()

    thread = threading.Thread(target=work)
    thread.start()
    yield begin
    end.set()
    begin.set()
    thread.join()


@pytest.mark.parametrize("mode", GENERATIONS)
def test_the_official_client_lists_tools_and_reads_data(mode: str, connect: Any, made: Any) -> None:
    dataset = made("Sales", item=["Tea", "Milk"], sold=[3, 4])

    async def scene() -> None:
        async with connect(mode) as client:
            names = {tool.name for tool in (await client.list_tools()).tools}
            assert {"agent_dummy_counter", "dataset_rows"} <= names
            sums = [{"figure": "sum", "column": "sold"}]
            answer = await client.call_tool("dataset_aggregate", {"dataset": str(dataset.pk), "figures": sums})
            assert answer.structured_content["rows"] == [[7]]
            refused = await client.call_tool("dataset_rows", {"dataset": "none"})
            assert refused.is_error

    anyio.run(scene)


@pytest.mark.parametrize("mode", GENERATIONS)
def test_an_agent_that_takes_a_while_streams_its_progress_and_then_its_answer(
    mode: str, connect: Any, worker: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streaming, "QUICK", 0.0)
    told: list[tuple[float, float | None, str | None]] = []

    async def hear(progress: float, total: float | None, message: str | None) -> None:
        told.append((progress, total, message))
        worker.set()  # it was told that the run waits: now it is taken up

    async def scene() -> None:
        async with connect(mode) as client:
            answer = await client.call_tool("agent_dummy_counter", {"steps": 3}, progress_callback=hear)
            assert answer.structured_content["output"] == {"numbers": [1, 2, 3]}

    anyio.run(scene)
    assert told[0][0] == 0
    assert AgentRun.objects.get().status == AgentRun.Status.SUCCEEDED


@pytest.mark.parametrize("mode", GENERATIONS)
def test_a_call_that_the_client_takes_back_cancels_its_run(
    mode: str, connect: Any, board: Board, acme: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streaming, "QUICK", 0.0)

    def status() -> str | None:
        try:
            with tenant_context(acme):
                return AgentRun.objects.values_list("status", flat=True).first()
        finally:
            connections.close_all()  # it is asked in threads

    async def until(wanted: str) -> None:
        while await anyio.to_thread.run_sync(status) != wanted:
            await anyio.sleep(0.05)

    async def scene() -> None:
        async with connect(mode) as client, anyio.create_task_group() as group:
            call = anyio.CancelScope()

            async def begin() -> None:
                with call:
                    await client.call_tool("agent_dummy_counter", {"steps": 3})

            group.start_soon(begin)
            with anyio.fail_after(20):
                await until("queued")
                call.cancel()
                await until("cancelled")

    anyio.run(scene)
