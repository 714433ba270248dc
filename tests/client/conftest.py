"""The client in front of a server that answers what a test says, with a clock of the test; and of the server itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from orchestrall_client import Client, Retries
from orchestrall_client.cli import account, login
from orchestrall_client.cli.main import main

from apps.tenants.models import Tenant

URL, KEY = "https://acme.example", "ork_aaaaaaaa_secret"
RUN_ID = UUID("0192f3a4-b5c6-7d8e-9f00-112233445566")

NEVER = Retries(tries=1)

Answer = httpx.Response | Exception | Callable[[httpx.Request], httpx.Response]


@dataclass
class Clock:
    """Time that passes only by sleeping. Its jitter is the longest that is allowed."""

    now: float = 1000.0
    slept: list[float] = field(default_factory=list)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    def retries(self, **limits: Any) -> Retries:
        return Retries(**limits, sleep=self.sleep, clock=lambda: self.now, between=lambda least, most: most)


class Server:
    """Gives its answers in turn, and keeps what it was asked; `bodies` are those of the requests."""

    def __init__(self) -> None:
        self.answers: list[Answer] = []
        self.requests: list[httpx.Request] = []
        self.bodies: list[bytes] = []

    def will(self, *answers: Answer) -> None:
        self.answers += answers

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.bodies.append(request.read())
        self.requests.append(request)
        assert self.answers, f"nobody expected {request.method} {request.url}"
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, httpx.Response) else answer(request)

    @property
    def asked(self) -> list[str]:
        return [f"{request.method} {request.url.raw_path.decode()}" for request in self.requests]

    def sent(self, header: str) -> list[str | None]:
        return [request.headers.get(header) for request in self.requests]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def server() -> Iterator[Server]:
    """A server that has to be asked for all that it was told to answer."""
    made = Server()
    yield made
    assert made.answers == [], "not asked for"


MakeClient = Callable[..., Client]


@pytest.fixture
def client_of(server: Server, clock: Clock) -> MakeClient:
    """`client_of(key=KEY, tries=6, deadline=120, ...)`: a client of the server, on the test's clock."""

    def make(*, email: str = "", password: str = "", **limits: Any) -> Client:
        who: dict[str, Any] = {"email": email, "password": password} if email else {"key": KEY}
        return Client(URL, **who, retries=clock.retries(**limits), transport=httpx.MockTransport(server))

    return make


@pytest.fixture
def client(client_of: MakeClient) -> Client:
    return client_of()


def problem(status: int, code: str = "a_code", **headers: str) -> httpx.Response:
    body = {
        "type": f"/api/problems/{code}",
        "title": "A title",
        "status": status,
        "detail": "What happened.",
        "code": code,
        "remedy": "Do this.",
        "request_id": "req-12345678",
        "issues": [{"path": "history.rows.3.quantity", "message": "Give a number.", "row": 4, "column": "quantity"}],
    }
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.Response(status, json=body, headers={"Content-Type": "application/problem+json", **named})


def run(status: str = "running", seq: int = 1, **fields: Any) -> dict[str, Any]:
    """A run as the server tells it."""
    return {
        "id": str(RUN_ID),
        "ref": "R-12",
        "agent": "retail.demand_forecaster",
        "agent_version": "1.0",
        "status": status,
        "seq": seq,
        "done": 1,
        "total": 4,
        "note": "Forecasting",
        "headline": "",
        "source": "",
        "problem": None,
        "cancel_requested": False,
        "attempts": 1,
        "started_by": "analyst@acme.example",
        "created_at": "2026-11-25T16:40:00Z",
        "started_at": "2026-11-25T16:40:01Z",
        "finished_at": None,
        "output": None,
        **fields,
    }


def answered(body: Any, status: int = 200) -> httpx.Response:
    return httpx.Response(status, json=body)


def dataset(**fields: Any) -> dict[str, Any]:
    """A dataset as the server tells it."""
    return {
        "id": str(RUN_ID),
        "name": "Weekly sales",
        "filename": "weekly.csv",
        "format": "csv",
        "read_as": "UTF-8 text, separated by commas",
        "size_bytes": 48,
        "sha256": "9f86",
        "rows": 2,
        "width": 1,
        "created_at": "2026-11-25T16:40:00Z",
        "created_by": None,
        "is_demo": False,
        "columns": [{"name": "item", "type": "text", "nulls": 0, "examples": ["Tea"]}],
        "preview": [["Tea"], [None]],
        **fields,
    }


# In front of the server itself

Connect = Callable[..., Client]


@pytest.fixture
def program() -> Iterator[httpx.BaseTransport]:
    """The server in this thread and on this test's connection, which the end of a request must not close."""
    ends = (request_started, request_finished)
    for signal in ends:
        signal.disconnect(close_old_connections)
    yield httpx.WSGITransport(app=get_wsgi_application())
    for signal in ends:
        signal.connect(close_old_connections)


@pytest.fixture
def connect(acme: Tenant, program: httpx.BaseTransport) -> Iterator[Connect]:
    """`connect(key=..., slug="acme")`: a client of a tenant of the server."""
    made: list[Client] = []

    def make(*, slug: str = "acme", **who: Any) -> Client:
        made.append(Client(f"http://{slug}.localhost", **who, transport=program, retries=NEVER))
        return made[-1]

    yield make
    for client in made:
        client.close()


# The command line

Kept = Path


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, server: Server, clock: Clock) -> Kept:
    """Where the login is kept. Clients ask the test's server, with a key from the environment."""
    for name in ("ORCHESTRALL_EMAIL", "ORCHESTRALL_PASSWORD"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("ORCHESTRALL_URL", URL)
    monkeypatch.setenv("ORCHESTRALL_KEY", KEY)
    made = partial(Client, transport=httpx.MockTransport(server), retries=clock.retries())
    for module in (login, account):
        monkeypatch.setattr(module, "Client", made)
    return tmp_path / "config" / "orchestrall" / "login.json"


Ended = Callable[..., tuple[int, str, str]]


@pytest.fixture
def orchestrall(kept: Kept, capsys: pytest.CaptureFixture[str]) -> Ended:
    """`orchestrall("runs", "list")`: how the command ends, and what it prints on its two outputs."""

    def call(*words: str) -> tuple[int, str, str]:
        try:
            ended = main(words)
        except SystemExit as left:
            ended = int(left.code or 0)
        return ended, *capsys.readouterr()

    return call
