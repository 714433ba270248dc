from __future__ import annotations

from collections.abc import Iterator

import pytest
from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from apps.ai.calling import asking, breaker, places
from apps.ai.contract import Message, Request
from apps.tenants.models import Tenant
from tests.aiserver import AiServer, loopback_allowed

ASKED = Request(messages=(Message(role="user", text="How is it?"),))
SCHEMA = {"type": "object", "properties": {"answer": {"type": "integer"}}, "required": ["answer"]}
BY_SCHEMA = ASKED.model_copy(update={"answer_schema": SCHEMA})


@pytest.fixture(scope="module")
def served() -> Iterator[AiServer]:
    with loopback_allowed(), AiServer() as server:
        yield server


@pytest.fixture
def server(served: AiServer, acme: Tenant) -> AiServer:
    """The scripted server; nothing was asked of it yet."""
    served.forget()
    return served


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds that would have been waited between tries; nothing waits."""
    waited: list[float] = []
    monkeypatch.setattr(asking, "pause", lambda seconds, stopping: waited.append(seconds))
    return waited


@pytest.fixture
def without_redis(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Redis answers nothing."""
    gone = Redis(host="127.0.0.1", port=1, retry=Retry(NoBackoff(), 0))
    for module in (breaker, places):
        monkeypatch.setattr(module, "redis", lambda: gone)
    for cached in (breaker._scripts, places._script):
        cached.cache_clear()
    yield
    monkeypatch.undo()
    for cached in (breaker._scripts, places._script):
        cached.cache_clear()
    breaker._own.clear()
    places._own.clear()
