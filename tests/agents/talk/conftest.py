"""Messages about results in tests: a model by script, and a worker that takes a turn when it is told to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from apps.agents.models import AgentMessage, AgentRun
from apps.agents.talk import services
from apps.agents.talk.said import Asked
from apps.dispatch import turns
from apps.dispatch.board import Board
from apps.tenants.models import Tenant

Ask = Callable[..., AgentMessage]


@pytest.fixture
def write(acme: Tenant, board: Board) -> Callable[[], int]:
    """`write()`: take a turn of a worker for what waits on the network. Returns how many work rows were taken up."""
    return lambda: turns.turn(schema=acme.schema_name, queue="io", board=board)


@pytest.fixture
def decided(finished: Any, member: Any) -> AgentRun:
    """A run with decisions and a table."""
    rows = [{"name": "Ada", "amount": 5}, {"name": "Bo", "amount": 500}, {"name": "Cy", "amount": 2000}]
    run: AgentRun = finished(None, "dummy.decider", table={"rows": rows})
    return run


@pytest.fixture
def ask(board: Board, member: Any) -> Ask:
    """`ask(run, kind="explanation", user=None, **asked)`: have something said about the result of a run."""

    def make(run: AgentRun, kind: str = "explanation", *, user: Any = None, **asked: Any) -> AgentMessage:
        user = user or member("analyst")
        return services.message_create(who=user, user=user, run=run, asked=Asked(kind=kind, **asked))

    return make
