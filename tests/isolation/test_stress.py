"""A small form of the stress of `drill isolation`: eight threads, a pool of connections, faults in the middle."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.handlers.wsgi import WSGIHandler
from django.db import connection

from tests.isolation.faults import FAULTS
from tests.isolation.ground.sides import Side
from tests.isolation.scene import Scene
from tests.isolation.stress import CLOSED, DEEPEST, GONE, Ask, Tally, Who, call, environ, judge, strayed, stress

REQUESTS, THREADS, CONNECTIONS = 2000, 8, 5


@pytest.fixture
def sides(committed_db: str, scene: Scene) -> tuple[Side, Side]:
    return scene.ours, scene.theirs


@pytest.fixture
def pooled(sides: tuple[Side, Side]) -> Iterator[None]:
    """Connections as a web process has them, and fewer of them than threads: each serves both tenants in turn."""
    connection.close()
    how = connection.settings_dict
    before = how["CONN_MAX_AGE"]
    how["CONN_MAX_AGE"], how["OPTIONS"]["pool"] = 0, {"min_size": 1, "max_size": CONNECTIONS, "timeout": 60}
    yield
    connection.close()
    connection.close_pool()  # type: ignore[attr-defined]
    del how["OPTIONS"]["pool"]
    how["CONN_MAX_AGE"] = before


@pytest.fixture
def quiet() -> Iterator[None]:
    """Thousands of faults would be told to the log."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


def test_no_thread_is_answered_with_rows_of_the_other_tenant(
    sides: tuple[Side, Side], pooled: None, quiet: None, settings: Any
) -> None:
    settings.MIDDLEWARE = ["tests.isolation.faults.FaultMiddleware", *settings.MIDDLEWARE]
    tally = stress(WSGIHandler(), sides, requests=REQUESTS, threads=THREADS)
    assert tally.leaks == []
    assert tally.failures == [], "a request without a fault of its own"
    assert tally.requests == REQUESTS
    assert tally.own > REQUESTS / 2
    assert set(tally.faults) == {*FAULTS, CLOSED, GONE}, "each fault was played"
    assert strayed(*sides) + strayed(*reversed(sides)) == []


@pytest.mark.parametrize("fault", ["times-out", "is-cancelled"])
def test_a_connection_that_does_not_enter_the_tenant_is_not_asked(
    sides: tuple[Side, Side], pooled: None, quiet: None, settings: Any, fault: str
) -> None:
    """The statement that enters a tenant fails, on a connection that served the other tenant just before."""
    settings.MIDDLEWARE = ["tests.isolation.faults.FaultMiddleware", *settings.MIDDLEWARE]
    connection.settings_dict["OPTIONS"]["pool"]["max_size"] = 1
    application, (first, second) = WSGIHandler(), sides
    for side, other in (sides, (second, first)):
        for at in range(1, DEEPEST):
            elsewhere = environ(other, Ask("GET", "/members/", Who(session=other.session)), fault="", gone=False)
            assert call(application, elsewhere, close_early=False)[0] == 200
            here = environ(side, Ask("GET", "/members/", Who(session=side.session)), fault=f"{fault}@{at}", gone=False)
            status, said = call(application, here, close_early=False)
            assert other.marker.encode() not in said, f"statement {at}"
            assert status == 503 or (status == 200 and at > 1), f"statement {at}: the page may have fewer"


def test_the_judge_of_the_stress_sees_a_leak_and_a_failure(scene: Any) -> None:
    tally, side, other = Tally(), scene.ours, scene.theirs
    ask = Ask("GET", "/api/v1/runs", Who())
    judge(tally, side, other, ask, "", 200, f"Sales {side.marker}".encode())
    assert (tally.own, tally.leaks, tally.failures) == (1, [], [])
    judge(tally, side, other, ask, "raises", 500, f"Sales {other.marker}".encode())
    judge(tally, side, other, ask, "", 500, b"it broke")
    judge(tally, side, other, ask, "", 200, b"an empty list")
    assert (len(tally.leaks), len(tally.failures)) == (1, 2)
