"""How a worker finds back to Redis."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import redis
from celery import current_app
from kombu.connection import Connection

from apps.dispatch.consumer import Consumer


def test_a_worker_asks_for_redis_every_second_for_as_long_as_it_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    tries = iter([*[redis.ConnectionError] * 200, None])  # more than Celery would wait for

    def establish(self: Connection) -> Any:
        error = next(tries)
        if error is not None:
            raise error
        return "established"

    monkeypatch.setattr("kombu.utils.functional.sleep", slept.append)
    monkeypatch.setattr(Connection, "_establish_connection", establish)
    monkeypatch.setattr(Connection, "_close", lambda self: None)
    conn = Connection("redis://127.0.0.1:1")  # type: ignore[no-untyped-call]
    worker: Any = SimpleNamespace(first_connection_attempt=True)
    assert Consumer.ensure_connected(worker, conn) is conn
    assert sum(slept) == 200
    assert not worker.first_connection_attempt


def test_workers_use_it() -> None:
    assert current_app.conf.worker_consumer == "apps.dispatch.consumer:Consumer"
