"""What the live figures of a tenant say of its runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache

from apps.agents import services
from apps.agents.contract import AGENTS
from apps.common.errors import Conflict
from apps.gateway import counters
from apps.tenants.models import Tenant
from tests.agents.conftest import COUNTER, Start, WorkOff

NAMES: tuple[counters.Count, ...] = ("runs_started", "runs_succeeded", "runs_failed", "runs_cancelled")


@pytest.fixture(autouse=True)
def buffer(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A buffer of the test's own."""
    monkeypatch.setattr(counters, "_buffer", counters._Buffer())
    yield
    cache.clear()


@pytest.fixture
def figures(django_capture_on_commit_callbacks: Callable[..., Any]) -> Callable[[Callable[[], object]], list[int]]:
    """`figures(do)`: what is counted of runs once `do` has committed: started, succeeded, failed, cancelled."""

    def after(do: Callable[[], object]) -> list[int]:
        with django_capture_on_commit_callbacks(execute=True):
            do()
        counters.flush()
        whole = counters.series(counters.SPANS["2m"]).whole
        return [whole.number(name) for name in NAMES]

    return after


def test_a_run_that_succeeds_is_started_ended_and_timed(
    figures: Callable[..., list[int]], start: Start, work_off: WorkOff
) -> None:
    assert figures(start) == [1, 0, 0, 0]
    assert figures(work_off) == [1, 1, 0, 0]
    assert counters.series(counters.SPANS["1h"]).whole.percentile("run", 0.5) is not None


def test_a_run_that_fails_is_counted_as_failed(
    figures: Callable[..., list[int]], start: Start, work_off: WorkOff, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise Conflict("It cannot be.")

    monkeypatch.setattr(type(AGENTS[COUNTER]), "run", fail)
    start()
    assert figures(work_off) == [0, 0, 1, 0]


def test_a_run_that_is_cancelled_while_it_waits_is_counted_once(
    figures: Callable[..., list[int]], start: Start, work_off: WorkOff
) -> None:
    run = start()
    assert figures(lambda: services.run_cancel(run=run)) == [0, 0, 0, 1]
    assert figures(work_off) == [0, 0, 0, 1]


def test_a_run_that_is_given_up_is_counted_as_failed(
    figures: Callable[..., list[int]], start: Start, acme: Tenant
) -> None:
    run = start()
    assert figures(lambda: services.run_bury(run.pk, "Three workers died.")) == [0, 0, 1, 0]
    assert figures(lambda: services.run_bury(run.pk, "Three workers died.")) == [0, 0, 1, 0]


def test_a_run_whose_result_is_at_hand_has_started_and_succeeded_at_once(
    figures: Callable[..., list[int]], start: Start, work_off: WorkOff, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(AGENTS[COUNTER]), "fresh_for", timedelta(minutes=5))
    start()
    assert figures(work_off) == [0, 1, 0, 0]
    assert counters.series(counters.SPANS["2m"]).whole.number("runs_at_hand") == 0
    assert figures(start) == [1, 2, 0, 0]
    assert counters.series(counters.SPANS["2m"]).whole.number("runs_at_hand") == 1
