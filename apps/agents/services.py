"""Writes to runs. Work rows are locked before tenant rows, everywhere (rule R5)."""

from __future__ import annotations

import logging
import time
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import F
from django.utils import timezone
from pydantic import BaseModel, ValidationError

from apps.accounts.models import User
from apps.agents import live, selectors
from apps.agents.contract import AGENTS, Agent, RunCancelled, RunContext
from apps.agents.models import AgentResult, AgentRun
from apps.common import work
from apps.common.errors import Conflict, InvalidInput, Problem
from apps.common.schemas import Inspection, Table
from apps.datasets import selectors as datasets

logger = logging.getLogger(__name__)

KIND = "agents.run"

# Progress is stored and sent at most this often, in seconds: a tight loop in an agent costs two writes a second.
PROGRESS_EVERY = 0.5

Status = AgentRun.Status


def _load_table(table: Table) -> Any:
    if table.dataset is not None:
        return datasets.dataset_frame(datasets.dataset_by_id(table.dataset))
    return datasets.rows_frame(table.rows or [])


def input_parse(*, agent: Agent[Any, Any, Any], data: dict[str, Any]) -> BaseModel:
    """Validate raw input against the agent's model. Raises `InvalidInput` with an issue per field."""
    try:
        return agent.input_type.model_validate(data)
    except ValidationError as error:
        raise InvalidInput.from_pydantic(error) from error


def input_inspect(*, agent: Agent[Any, Any, Any], data: BaseModel) -> Inspection:
    """What the agent makes of an input. Raises `InvalidInput` when a run could not succeed."""
    return agent.inspect(data, RunContext(now=timezone.now(), load=_load_table))


def run_start(
    *, agent: Agent[Any, Any, Any], data: dict[str, Any], user: User | None, origin: str, is_demo: bool = False
) -> AgentRun:
    """Accept a run: validated, looked at by the agent, stored and scheduled in one transaction.

    Raises `InvalidInput` (nothing is stored) when the agent cannot work on it, `NotFound` when its dataset is gone.
    """
    parsed = input_parse(agent=agent, data=data)
    input_inspect(agent=agent, data=parsed)
    with transaction.atomic():
        run = AgentRun.objects.create(
            agent_key=agent.key,
            agent_version=agent.version,
            input=parsed.model_dump(mode="json", exclude_defaults=True),
            source=_source_name(agent, parsed),
            created_by=user,
            origin=origin,
            is_demo=is_demo,
        )
        work.schedule(KIND, run.id)
        live.tell(run)
    return run


def _source_name(agent: Agent[Any, Any, Any], parsed: BaseModel) -> str:
    table = getattr(parsed, agent.table_field, None) if agent.table_field else None
    if table is None:
        return ""
    return datasets.dataset_by_id(table.dataset).name if table.dataset else f"{len(table.rows or [])} rows given inline"


def run_cancel(*, run: AgentRun) -> AgentRun:
    """Ask an open run to stop. A run that waits is cancelled when its turn comes, a running one at its next progress.

    Raises `Conflict` when the run has ended.
    """
    with transaction.atomic():
        work.signal(KIND, run.id)
        asked = AgentRun.objects.filter(pk=run.pk, status__in=AgentRun.OPEN, cancel_requested_at=None)
        if asked.update(cancel_requested_at=timezone.now(), note="Cancelling"):
            live.tell(_moved(run))
            return run
    run.refresh_from_db(fields=["status", "seq", "cancel_requested_at", "finished_at"])
    if not run.is_open:
        raise Conflict(f"{run.ref} has already ended: {run.get_status_display().lower()}.", remedy="Start it again.")
    return run


def run_requeue(*, run: AgentRun) -> AgentRun:
    """Give a run another try after it was given up because its workers died. Raises `Conflict` otherwise."""
    with transaction.atomic():
        if not work.requeue(KIND, run.id):
            raise Conflict(
                f"{run.ref} was not given up; there is nothing to requeue.", remedy="Use Run again to start it anew."
            )
    run.refresh_from_db()
    return run


def run_repeat(*, run: AgentRun, user: User, origin: str) -> AgentRun:
    """Start a new run with the same input."""
    agent = selectors.agent_get(who=user, key=run.agent_key)
    return run_start(agent=agent, data=run.input, user=user, origin=origin)


def _moved(run: AgentRun, **changes: Any) -> AgentRun:
    """Write `changes` to the run with a higher `seq`, and read back what the event needs."""
    AgentRun.objects.filter(pk=run.pk).update(seq=F("seq") + 1, **changes)
    run.refresh_from_db(fields=["seq", *changes])
    return run


def run_execute(claim: work.Claim) -> None:
    """Carry out a claimed run. Every write happens behind the fence.

    Raises `FenceLost` when another worker holds the run by now: it is left to that one.
    """
    run = AgentRun.objects.get(pk=claim.id)
    if not run.is_open:  # it ended, and a late signal kept its work row: nothing is left but the row
        with work.fenced(claim) as row:
            row.finish()
        return
    if run.cancel_requested_at:
        return _end(claim, run, Status.CANCELLED)
    with work.fenced(claim):
        _moved(run, status=Status.RUNNING, started_at=timezone.now(), attempts=run.attempts + 1, done=0, note="")
        live.tell(run)
    try:
        agent = AGENTS[run.agent_key]
        report = agent.run(input_parse(agent=agent, data=run.input), agent.settings_type(), _context(claim, run))
        output = agent.output_type.model_validate(report).model_dump(mode="json")
        headline = agent.headline(report)[:300]
    except RunCancelled:
        _stopped(claim, run)
    except Problem as problem:
        _end(claim, run, Status.FAILED, problem=_record(problem))
    except work.FenceLost:
        raise
    except Exception:
        logger.exception("agent failed", extra={"run": str(run.id), "agent": run.agent_key})
        _end(claim, run, Status.FAILED, problem=_record(AgentFailed()))
    else:
        _end(claim, run, Status.SUCCEEDED, output=output, headline=headline)


class AgentFailed(Problem):
    code, status, title = "agent_failed", 500, "The agent met an error of its own"

    def __init__(self) -> None:
        super().__init__(
            "The run stopped and no result was stored. The error is in the server's log under the run's id.",
            remedy="Run it again; if it fails again, tell the operator the number of the run.",
        )


class RunAbandoned(Problem):
    code, status, title = "run_abandoned", 500, "The run was given up"


def _record(problem: Problem) -> dict[str, Any]:
    return {
        "code": problem.code,
        "title": problem.title,
        "detail": problem.detail,
        "remedy": problem.remedy,
        "issues": [issue.model_dump(exclude_none=True) for issue in problem.issues],
    }


def _context(claim: work.Claim, run: AgentRun) -> RunContext:
    told = 0.0

    def tell(done: int, total: int, note: str) -> None:
        nonlocal told
        now = time.monotonic()
        if now - told < PROGRESS_EVERY and done < total:
            return
        told = now
        with work.fenced(claim):
            _moved(run, done=done, total=total, note=note[:200])
            live.tell(run)

    return RunContext(now=run.created_at, load=_load_table, tell=tell, stopping=lambda: work.stopping(claim))


def _stopped(claim: work.Claim, run: AgentRun) -> None:
    """The agent was told to stop: because somebody asked, or because the lease is lost (then the fence refuses)."""
    run.refresh_from_db(fields=["cancel_requested_at"])
    if run.cancel_requested_at:
        _end(claim, run, Status.CANCELLED)


def _end(claim: work.Claim, run: AgentRun, status: str, *, output: Any = None, **changes: Any) -> None:
    """Record the end of a run, its result and the end of its work row in one transaction."""
    if status == Status.SUCCEEDED:
        changes |= {"done": run.total, "note": ""}
    with work.fenced(claim) as row:
        if output is not None:
            AgentResult.objects.create(run=run, output=output)
        _moved(run, status=status, finished_at=timezone.now(), **changes)
        live.tell(run)
        row.finish()


def run_bury(id: UUID, cause: str) -> None:
    """Record that a run was given up after its workers died."""
    run = AgentRun.objects.get(pk=id)
    problem = RunAbandoned(
        f"{cause} No result was stored.",
        remedy="If the data is unusually large, make it smaller; otherwise requeue the run.",
    )
    live.tell(_moved(run, status=Status.FAILED, finished_at=timezone.now(), problem=_record(problem)))


def run_revive(id: UUID) -> None:
    """Open a run again that was given up."""
    run = AgentRun.objects.get(pk=id)
    live.tell(_moved(run, status=Status.QUEUED, finished_at=None, started_at=None, problem=None, note=""))
