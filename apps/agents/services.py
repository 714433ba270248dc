"""Writes to runs. Work rows are locked before tenant rows, everywhere (rule R5)."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any
from uuid import UUID

import structlog
from django.db import InterfaceError, OperationalError, transaction
from django.db.models import F
from django.utils import timezone

from apps.accounts.models import User
from apps.agents import auditing, cache, configurations, live, selectors
from apps.agents.asking import asks, tools_check
from apps.agents.beginning import run_begin
from apps.agents.contract import Agent, RunCancelled, RunContext
from apps.agents.ends import (
    ISSUES_KEPT,
    AgentFailed,
    AgentGone,
    RunAbandoned,
    problem_data,
    result_of,
    run_answer,
    run_end,
    storable,
)
from apps.agents.finding import agent_of
from apps.agents.inputs import (
    Find,
    finder,
    input_parse,
    loader,
    no_place_for_file,
    noting,
    remembering,
    source_name,
    table_of,
)
from apps.agents.models import AgentRun
from apps.ai.failures import ModelStopped
from apps.ai.training.selectors import Promoted, parameters_of, promoted_of, versions_of
from apps.audit.services import record
from apps.common import tracing, work
from apps.common.errors import Conflict, InvalidInput, Issue, Problem
from apps.common.ids import uuid7
from apps.common.permissions import Principal, demand
from apps.common.schemas import Table
from apps.common.transactions import whole
from apps.datasets import selectors as datasets
from apps.datasets.models import Dataset
from apps.datasets.permissions import DATASETS_UPLOAD
from apps.datasets.services import Readable, dataset_upload
from apps.gateway import counters
from apps.tenants.fields import sealed_for
from apps.tenants.sealing import KeysUnavailable

logger = logging.getLogger(__name__)

KIND = "agents.run"

# Progress is stored and sent at most this often, in seconds: a tight loop in an agent costs two writes a second.
PROGRESS_EVERY = 0.5

Status = AgentRun.Status


def run_start(
    *,
    agent: Agent[Any, Any, Any],
    data: dict[str, Any],
    user: User | None,
    who: Principal | None,
    origin: str,
    is_demo: bool = False,
    fresh: bool = False,
) -> AgentRun:
    """Accept a run: validated, looked at by the agent, stored and scheduled in one transaction. One whose result is at
    hand has it at once, unless it is to be `fresh`.

    `user` is whose run it is, `who` asks for it: a key may do less than its user; None is the platform itself. Raises
    as `input_parse` and `input_inspect` do, and `PermissionDenied` where the agent is set up for other roles; then
    nothing is stored.
    """
    configuration, trained = configurations.newest_with_trained(agent)
    configurations.runner_check(agent=agent, user=user, configuration=configuration)
    tools_check(agent, user=user, who=who)
    parsed, find = input_parse(agent=agent, data=data), finder(who)
    run = _run(agent, parsed, find)
    run.configuration, run.is_fresh = configuration, fresh
    run.created_by, run.origin, run.is_demo = user, origin, is_demo
    if not fresh and (kept := cache.find(agent, run.configuration_id, run.input, trained, person=run.created_by_id)):
        return _answered(run, agent, kept, who)
    _looked_at(agent, parsed, loader(find))
    with transaction.atomic():
        run.save(force_insert=True)
        record(auditing.RUN_STARTED, who=who, subject=auditing.run_subject(run), **auditing.started_told(run))
        work.schedule(KIND, run.id)
        live.tell(run)
        counters.count_on_commit("runs_started")
    return run


def runs_start(
    *, agent: Agent[Any, Any, Any], inputs: list[dict[str, Any]], user: User, who: Principal, origin: str
) -> list[AgentRun]:
    """Accept a run for each input, in their order: all of them in one transaction and a few statements, or none.

    Raises `InvalidInput` with an issue for each place, by the number of its input: `inputs.3.history`.
    """
    configuration = configurations.newest(agent.key)
    configurations.runner_check(agent=agent, user=user, configuration=configuration)
    tools_check(agent, user=user, who=who)
    issues: list[Issue] = []
    parsed = [noting(issues, n, partial(input_parse, agent=agent, data=data)) for n, data in enumerate(inputs)]
    if not issues:
        tables = [table for data in parsed if data is not None and (table := table_of(agent, data)) is not None]
        find = datasets.datasets_finder(who=who, ids={table.dataset for table in tables if table.dataset})
        load = loader(find, shared=True)
        made = [noting(issues, n, partial(_accepted, agent, data, find, load)) for n, data in enumerate(parsed)]
    if issues:
        raise InvalidInput(
            f"Of {len(inputs)} inputs some cannot be accepted; no run was started.", issues=issues[:ISSUES_KEPT]
        )
    runs = [run for run in made if run is not None]
    for run in runs:
        run.created_by, run.origin, run.configuration = user, origin, configuration
    with transaction.atomic():
        AgentRun.objects.bulk_create(runs)
        if runs:
            told = auditing.started_told(runs[0]) | auditing.many_told(runs)
            record(auditing.RUNS_STARTED, who=who, subject=auditing.agent_subject(agent.key, agent.title), **told)
        work.schedule_many(KIND, [run.id for run in runs])
        for run in runs:
            live.announce(run)
            counters.count_on_commit("runs_started")
    return runs


def _accepted(agent: Agent[Any, Any, Any], parsed: Any, find: Find, load: Callable[[Table], Any]) -> AgentRun:
    """A run on an input that the agent has looked at. It is not stored."""
    run = _run(agent, parsed, find)
    _looked_at(agent, parsed, load)
    return run


def _run(agent: Agent[Any, Any, Any], parsed: Any, find: Find) -> AgentRun:
    """A run on an input whose data may be seen. It is not stored."""
    return AgentRun(
        agent_key=agent.key,
        agent_version=agent.version,
        input=parsed.model_dump(mode="json", exclude_defaults=True),
        source=source_name(agent, parsed, find),
    )


def _looked_at(agent: Agent[Any, Any, Any], parsed: Any, load: Callable[[Table], Any]) -> None:
    agent.inspect(parsed, RunContext(now=timezone.now(), load=load))


def _answered(run: AgentRun, agent: Agent[Any, Any, Any], kept: cache.Kept, who: Principal | None) -> AgentRun:
    """The run with a result that was at hand: stored as it has ended, by one statement, and told."""
    run_answer(run, kept.result(agent), kept.origin, who=who)
    live.tell(run)
    for count in ("runs_started", "runs_succeeded", "runs_at_hand"):
        counters.count_on_commit(count)
    return run


def run_start_from_file(
    *,
    agent: Agent[Any, Any, Any],
    data: dict[str, Any],
    file: Readable,
    filename: str,
    user: User,
    origin: str,
    who: Principal,
    sheet: str = "",
) -> AgentRun:
    """Store the table in `file` as a dataset and accept a run on it: both, or neither.

    Raises as `dataset_upload` and `run_start` do, `InvalidInput` for an agent without a table or an input that names
    another one, `PermissionDenied` for a caller who may not upload.
    """
    demand(who, DATASETS_UPLOAD)
    tools_check(agent, user=user, who=who)
    field = agent.table_field
    given = data.get(field, {})
    if not field or not isinstance(given, dict) or {"dataset", "rows"} & set(given):
        raise no_place_for_file(agent)

    def input_with(dataset: UUID) -> dict[str, Any]:
        return {**data, field: {**given, "dataset": str(dataset)}}

    input_parse(agent=agent, data=input_with(uuid7()))  # what is wrong beside the file is told before it is read
    with whole():
        dataset = dataset_upload(file=file, name=filename, user=user, sheet=sheet)
        # The dataset is their own, whatever else they may see.
        return run_start(agent=agent, data=input_with(dataset.pk), user=user, who=None, origin=origin)


def run_cancel(*, run: AgentRun) -> AgentRun:
    """End an open run: at once when no worker has it in hand, else at its next progress.

    Raises `Conflict` when the run has ended.
    """
    now, one_more = timezone.now(), F("seq") + 1
    with transaction.atomic():
        still_open = AgentRun.objects.filter(pk=run.pk, status__in=AgentRun.OPEN)
        if work.withdraw(KIND, run.id):
            ended = {"status": Status.CANCELLED, "finished_at": now, "note": ""}
            changed = still_open.update(cancel_requested_at=now, seq=one_more, **ended)
        else:
            work.signal(KIND, run.id)
            not_asked_yet = still_open.filter(cancel_requested_at=None)
            changed = not_asked_yet.update(cancel_requested_at=now, seq=one_more, note="Cancelling")
        run.refresh_from_db(fields=["status", "seq", "done", "total", "note", "cancel_requested_at", "finished_at"])
        if changed:
            record(auditing.RUN_CANCELLED, who=None, subject=auditing.run_subject(run), agent=run.agent_key)
            live.tell(run)
        if changed and not run.is_open:
            _tell_caller(run)
            counters.count_on_commit("runs_cancelled")
    if not changed and not run.is_open:
        raise Conflict(f"{run.ref} has already ended: {run.get_status_display().lower()}.", remedy="Start it again.")
    return run


def runs_cancel(*, runs: Iterable[AgentRun]) -> dict[UUID, str]:
    """Cancel runs, each as `run_cancel` does. What became of each: `cancelled`, `cancelling` or `ended` before."""
    outcomes: dict[UUID, str] = {}
    for run in sorted(runs, key=lambda each: each.pk):  # so that two who cancel the same ones meet in one order
        try:
            outcomes[run.pk] = "cancelling" if run_cancel(run=run).is_open else "cancelled"
        except Conflict:
            outcomes[run.pk] = "ended"
    return outcomes


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
    """Start a new run with the same input. Raises as `run_start` does."""
    agent = selectors.agent_get(who=user, key=run.agent_key)
    return run_start(agent=agent, data=run.input, user=user, origin=origin, who=user, fresh=True)


def _tell_caller(run: AgentRun) -> None:
    """Signal the work that waits for the end of the run, in the transaction of that end."""
    if run.caller is not None:
        work.signal(run.caller_kind, run.caller)


def _moved(run: AgentRun, **changes: Any) -> AgentRun:
    """Write `changes` to the run with a higher `seq`, and read back what the event needs."""
    if "problem" in changes:
        problem = changes["problem"]
        changes |= {**sealed_for(run, problem=problem), "problem_code": problem["code"] if problem else ""}
    AgentRun.objects.filter(pk=run.pk).update(seq=F("seq") + 1, **changes)
    run.refresh_from_db(fields=["seq", *changes])
    return run


def run_execute(claim: work.Claim) -> None:
    """Carry out a claimed run. Every write happens behind the fence.

    Raises `FenceLost` when another worker holds the run by now, and what the database raises when it goes away: the run
    is left to whoever claims it next.
    """
    begun = run_begin(claim)
    if begun is not None:
        if begun.caller is None:  # who watches what a workflow has begun hears of its progress and its end
            live.tell(begun)
        industry = begun.agent_key.partition(".")[0]
        told = {"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.id": begun.agent_key}
        with (
            structlog.contextvars.bound_contextvars(run=str(begun.id), agent=begun.agent_key, industry=industry),
            tracing.span(f"invoke_agent {begun.agent_key}", facts=told) as span,
        ):
            _work(claim, begun, span)
        return
    run = AgentRun.objects.filter(pk=claim.id).first()
    if run is not None and run.is_open and run.cancel_requested_at:
        run_end(claim, run, Status.CANCELLED)
        return
    # It ended, and a late signal kept its work row; or the fence is not ours.
    with work.fenced(claim) as row:
        row.finish()


def _work(claim: work.Claim, run: AgentRun, span: tracing.Span) -> None:
    """Have the agent do it, and record how it ended."""
    try:
        agent = agent_of(run.agent_key, run.agent_version)
        if agent is None:
            raise AgentGone(run.agent_key)
        held, read = configurations.settings_of(agent, run.configuration_id), dict[UUID, Dataset]()
        trained = promoted_of(agent.trained)
        versions = versions_of(trained)
        kept = (
            None
            if run.is_fresh
            else cache.find(agent, run.configuration_id, run.input, versions, person=run.created_by_id)
        )
        if kept and kept.run != run.id:  # its own, where the database was lost with the end of it, is worked out anew
            run_end(claim, run, Status.SUCCEEDED, result=kept.result(agent), origin=kept.origin)
            counters.count_on_commit("runs_at_hand")
            return
        ctx = _context(claim, run, agent, read, trained)
        report = agent.run(input_parse(agent=agent, data=run.input), held.settings, ctx)
        result = result_of(run, agent, report, held, read.values(), trained, ctx.asked)
        run_end(claim, run, Status.SUCCEEDED, result=result)
        cache.keep(run, result, versions)
    except (RunCancelled, ModelStopped):
        _stopped(claim, run)
    except (work.FenceLost, OperationalError, InterfaceError, KeysUnavailable):
        raise
    except Problem as problem:
        span.fail(problem.code)
        run_end(claim, run, Status.FAILED, problem=problem_data(problem))
    except Exception:  # whatever else it is, it is of the agent's making: also an output that cannot be stored
        logger.exception("agent failed", extra={"run": str(run.id), "agent": run.agent_key})
        span.fail(AgentFailed.code)
        run_end(claim, run, Status.FAILED, problem=problem_data(AgentFailed()))


def _context(
    claim: work.Claim,
    run: AgentRun,
    agent: Agent[Any, Any, Any],
    read: dict[UUID, Dataset],
    trained: Mapping[str, Promoted],
) -> RunContext:
    """What the agent gets to see. The datasets that it reads are kept in `read`."""
    told, load = 0.0, loader(remembering(finder(None), read))

    def tell(done: int, total: int, note: str) -> None:
        nonlocal told
        now = time.monotonic()
        if now - told < PROGRESS_EVERY and (done < total or not total):
            return
        told = now
        with work.fenced(claim):
            _moved(run, done=done, total=total, note=storable(note, 200))
            live.tell(run)

    def stopping() -> bool:
        return work.stopping(claim)

    return RunContext(
        now=run.created_at,
        load=load,
        tell=tell,
        stopping=stopping,
        trained=parameters_of(trained),
        **asks(
            agent,
            user=lambda: run.created_by,
            user_id=run.created_by_id,
            subject_kind=KIND,
            subject=run.pk,
            now=run.created_at,
            origin=run.origin,
            stopping=stopping,
            is_demo=run.is_demo,
        ),
    )


def _stopped(claim: work.Claim, run: AgentRun) -> None:
    """The agent was told to stop: because somebody asked, or because the lease is lost (then the fence refuses)."""
    run.refresh_from_db(fields=["cancel_requested_at"])
    if run.cancel_requested_at:
        run_end(claim, run, Status.CANCELLED)


def run_bury(id: UUID, cause: str) -> None:
    """Record that an open run was given up after its workers died."""
    run = AgentRun.objects.filter(pk=id, status__in=AgentRun.OPEN).first()
    if run is None:
        return  # it had ended: only its row was left
    problem = RunAbandoned(
        f"{cause} No result was stored.",
        remedy="If the data is unusually large, make it smaller; otherwise requeue the run.",
    )
    live.tell(_moved(run, status=Status.FAILED, finished_at=timezone.now(), problem=problem_data(problem)))
    told: dict[str, Any] = {
        "agent": run.agent_key,
        "agent_version": run.agent_version,
        "status": Status.FAILED,
        "problem": problem.code,
    }
    record(auditing.RUN_ENDED, who=None, subject=auditing.run_subject(run), **told)
    _tell_caller(run)
    counters.count_on_commit("runs_failed")


def run_revive(id: UUID) -> None:
    """Open a run again that was given up. An earlier wish to cancel it is forgotten."""
    run = AgentRun.objects.filter(pk=id, status=Status.FAILED, problem_code=RunAbandoned.code).first()
    if run is None:
        return
    again = {"started_at": None, "finished_at": None, "problem": None, "cancel_requested_at": None}
    live.tell(_moved(run, status=Status.QUEUED, done=0, total=0, note="", **again))
