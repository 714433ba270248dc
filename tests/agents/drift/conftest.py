"""Streams of decisions, and a worker that looks at them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from apps.accounts.models import User
from apps.agents.contract import AGENTS
from apps.agents.drift import watching
from apps.agents.models import AgentDecision, AgentRun, AgentWatch
from apps.dispatch.board import Board
from apps.dispatch.models import WorkRow
from tests.agents.conftest import WorkOff
from tests.conftest import MakeMember

DECIDER = AGENTS["dummy.decider"]
BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
Decide = Callable[..., list[AgentDecision]]


def _falls(n: int, share: float) -> bool:
    """Whether the n-th of things is one of this share of them, spread evenly."""
    return int((n + 1) * share + 1e-9) > int(n * share + 1e-9)


@pytest.fixture
def builder(member: MakeMember) -> User:
    return member("builder")


@pytest.fixture
def decide(board: Board) -> Decide:
    """`decide(count, held=0.1, version=..., overridden=0, **run)`: so many decisions, a minute each after the last."""
    made: list[AgentDecision] = []

    def make(
        count: int,
        held: float = 0.1,
        *,
        version: str = DECIDER.version,
        overridden: float = 0.0,
        position: int = 0,
        **run: Any,
    ) -> list[AgentDecision]:
        fresh, about = [], {"agent_key": DECIDER.key, "agent_version": version}
        runs = [AgentRun(**about, status="succeeded", input={}, origin="api", **run) for _ in range(count)]
        AgentRun.objects.bulk_create(runs)
        for n, each in enumerate(runs):
            verdict = "hold" if _falls(n, held) else "pass"
            override = "refuse" if _falls(n, overridden) else ""
            review = "overridden" if override else ""
            row = {"run": each, "position": position, "verdict": verdict, "score": 100.0 + n % 7, "record": {}}
            fresh.append(AgentDecision(**about, **row, override=override, review=review, created_at=BEGAN))
        AgentDecision.objects.bulk_create(fresh)
        for n, decision in enumerate(fresh, len(made)):  # it is set to now when it is made
            decision.created_at = BEGAN + timedelta(minutes=n)
        AgentDecision.objects.bulk_update(fresh, ["created_at"])
        made.extend(fresh)
        return fresh

    return make


@pytest.fixture
def watch(builder: User) -> Callable[..., AgentWatch]:
    def make(falls_back: bool = False, **what: Any) -> AgentWatch:
        return watching.watch_set(who=builder, user=builder, agent=DECIDER, falls_back=falls_back, **what)

    return make


@pytest.fixture
def look(work_off: WorkOff) -> Callable[[], watching.Finding]:
    """An hour has passed: a worker looks."""

    def make() -> watching.Finding:
        WorkRow.objects.filter(kind=watching.KIND).update(due_at=timezone.now() - timedelta(seconds=1))
        work_off()
        return watching.finding_of(AgentWatch.objects.get())

    return make
