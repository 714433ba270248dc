"""Writes to batches. Work rows are locked before tenant rows, everywhere (rule R5)."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from apps.accounts.models import User
from apps.agents import auditing, configurations, inputs
from apps.agents import services as runs
from apps.agents.asking import tools_check
from apps.agents.batches import selectors
from apps.agents.batches.plans import Inputs, Item, Plan, Refused, input_look, plan_check, refusal
from apps.agents.contract import Agent
from apps.agents.ends import AgentFailed, AgentGone, RunAbandoned, problem_data
from apps.agents.finding import agent_of
from apps.agents.models import AgentBatch, AgentConfiguration, AgentRun
from apps.audit.services import record
from apps.common import work
from apps.common.errors import Conflict, InvalidInput, PermissionDenied, Problem
from apps.common.permissions import Principal
from apps.common.schemas import Table
from apps.datasets import selectors as datasets
from apps.datasets.models import Dataset
from apps.gateway import counters, limits
from apps.tenants.fields import sealed_for

logger = logging.getLogger(__name__)

KIND = "agents.batch"
CHUNK: Final = 100
"""Runs that are started in one transaction."""
WINDOW: Final = 500
"""Runs of a batch that are open at once: what else the tenant runs does not wait behind ten thousand rows."""
LAST: Final = 1
"""Priority of the runs of a batch: after those that a person or a program waits for."""
SOON: Final = timedelta(seconds=1)
SLOWEST: Final = timedelta(seconds=15)
"""How long until the next look at a batch whose runs are at work: a tenth of its age, within these two."""

Status = AgentBatch.Status
OPEN: Final = AgentBatch.OPEN


class BatchAbandoned(Problem):
    code, status, title = "batch_abandoned", 500, "The batch was given up"
    cause = "Three workers in a row were lost while they had the batch in hand."
    effect = "No more of its rows are started. Runs that were started go on."
    remedy = "Requeue it from the list of work that was given up: it goes on with the next row."


def batch_start(
    *,
    agent: Agent[Any, Any, Any],
    plan: Plan,
    user: User,
    who: Principal,
    origin: str,
    others: bool = False,
) -> AgentBatch:
    """Accept a batch: every row is looked at before anything is stored, and then its runs begin in the background.

    With `others`, rows that cannot be used are left aside; else one of them is enough to refuse the batch.
    Raises `InvalidInput` with an issue for each place by row and column, `NotFound` for a dataset that is not there,
    `TooLarge`, and `PermissionDenied` where the agent is set up for other roles.
    """
    configuration = configurations.newest(agent.key)
    configurations.runner_check(agent=agent, user=user, configuration=configuration)
    tools_check(agent, user=user, who=who)
    dataset = datasets.dataset_get(who=who, id=plan.dataset)
    check = plan_check(agent, plan, datasets.dataset_frame(dataset), who=who)
    if not check.total or (check.refused and not (others and check.good)):
        raise InvalidInput(
            f"{len(check.refused):,} of {check.total:,} {noun(plan, check.total)} cannot be used; nothing was started.",
            remedy="Mend the file, or choose to start the others.",
            issues=check.issues,
        )
    batch = AgentBatch(
        agent_key=agent.key,
        agent_version=agent.version,
        configuration=configuration,
        source=dataset.name,
        input={"plan": plan.model_dump(mode="json"), "labels": check.labels},
        total=check.total,
        created_by=user,
        origin=origin,
    )
    with transaction.atomic():
        batch.save(force_insert=True)
        record(
            auditing.BATCH_STARTED,
            who=who,
            subject=auditing.batch_subject(batch),
            agent=agent.key,
            agent_version=agent.version,
            settings=configuration.number if configuration else 0,
            dataset=dataset.pk,
            data_sha256=dataset.sha256,
            rows=check.total,
            refused=len(check.refused),
        )
        work.schedule(KIND, batch.id)
    return batch


def noun(plan: Plan, number: int) -> str:
    """What the inputs of a batch are called, by their number."""
    return f"{'group' if plan.by == 'groups' else 'row'}{'' if number == 1 else 's'}"


def batch_cancel(*, batch: AgentBatch) -> AgentBatch:
    """Start none of its further rows, and cancel its open runs. Raises `Conflict` when it has ended."""
    with transaction.atomic():
        work.signal(KIND, batch.id)
        asked = AgentBatch.objects.filter(pk=batch.pk, status__in=OPEN)
        if asked.filter(cancel_requested_at=None).update(cancel_requested_at=timezone.now()):
            record(auditing.BATCH_CANCELLED, who=None, subject=auditing.batch_subject(batch))
        batch.refresh_from_db(fields=["status", "cancel_requested_at", "finished_at"])
        if batch.status not in OPEN:
            raise Conflict(f"{batch.ref} has already ended: {batch.get_status_display().lower()}.")
    return batch


def batch_retry(*, batch: AgentBatch, user: User, who: Principal) -> int:
    """Run the rows again that failed, on the same inputs, as the agent is set up now, for whoever started the batch.
    Returns how many.

    Of a batch that was broken off, no further row is started, and it ends as it had ended.

    Raises `Conflict` while the batch is open or where no row has failed, `PermissionDenied` as `run_start` does.
    """
    agent = agent_of(batch.agent_key)
    if agent is None:
        raise AgentGone(batch.agent_key)
    configuration = configurations.newest(agent.key)
    configurations.runner_check(agent=agent, user=user, configuration=configuration)
    tools_check(agent, user=batch.created_by, who=who)
    with transaction.atomic():
        failed = AgentRun.objects.filter(batch=batch, status=AgentRun.Status.FAILED)
        given_up = list(failed.filter(problem_code=RunAbandoned.code).order_by("id").values_list("id", flat=True))
        others = list(failed.exclude(problem_code=RunAbandoned.code).order_by("id").values_list("id", flat=True))
        work.schedule(KIND, batch.id)
        work.schedule_many(runs.KIND, others, priority=LAST)
        for id in given_up:
            work.requeue(runs.KIND, id)
        reopened = AgentBatch.objects.filter(pk=batch.pk).exclude(status__in=OPEN)
        broken_off = {} if batch.opened < batch.total else {"problem": None}  # why it was is told at its end again
        if not reopened.update(status=Status.RUNNING, finished_at=None, cancel_requested_at=None, **broken_off):
            raise Conflict(f"{batch.ref} is still at work.", remedy="Wait until it has ended.")
        if not given_up and not others:
            raise Conflict(f"No row of {batch.ref} has failed.", remedy="Start a new batch for what differs.")
        _run_anew(others, agent, configuration)
        again = len(given_up) + len(others)
        record(auditing.BATCH_RETRIED, who=who, subject=auditing.batch_subject(batch), rows=again)
    batch.refresh_from_db()
    return len(given_up) + len(others)


def _run_anew(ids: Sequence[UUID], agent: Agent[Any, Any, Any], configuration: AgentConfiguration | None) -> None:
    AgentRun.objects.filter(pk__in=ids).update(
        status=AgentRun.Status.QUEUED,
        agent_version=agent.version,
        configuration=configuration,
        seq=F("seq") + 1,
        done=0,
        total=0,
        note="",
        problem=None,
        problem_code="",
        started_at=None,
        finished_at=None,
        cancel_requested_at=None,
    )


def batch_perform(claim: work.Claim) -> None:
    """Start the runs of a batch that are not started yet, a chunk at a time, and end it when they have ended.

    A chunk is one transaction behind the fence, with the number of the rows that it took: killed anywhere, it goes on
    with the next row. Raises `FenceLost` when another worker holds the batch by now.
    """
    batch = AgentBatch.objects.select_related("created_by", "configuration").filter(pk=claim.id).first()
    if batch is None or batch.status not in OPEN:
        with work.fenced(claim) as row:
            row.finish()
        return
    if batch.cancel_requested_at is not None:
        _cancel_runs(claim, batch)
    elif batch.status == Status.OPENING:
        try:
            _open_rows(claim, batch)
        except Problem as problem:
            _fail(claim, batch, problem)
            return
    if not work.stopping(claim):
        _settle(claim, batch)


def _cancel_runs(claim: work.Claim, batch: AgentBatch) -> None:
    still_open = AgentRun.objects.filter(batch=batch, status__in=AgentRun.OPEN, cancel_requested_at=None)
    while not work.stopping(claim) and (some := list(still_open.defer("input")[:CHUNK])):
        runs.runs_cancel(runs=some)


def _open_rows(claim: work.Claim, batch: AgentBatch) -> None:
    """Start runs until all rows have theirs, as many are open as may be, or the work is to stop."""
    agent, plan = agent_of(batch.agent_key), selectors.plan_of(batch)
    if agent is None:
        raise AgentGone(batch.agent_key)
    if batch.created_by is None:  # nobody's rights are everybody's: rows may name any dataset
        raise PermissionDenied(
            "Whoever started the batch is no longer a member; no more of its rows were started.",
            remedy="Start it again as a member, from the row that it came to.",
        )
    dataset = datasets.dataset_by_id(plan.dataset)
    every = Inputs(agent, plan, datasets.dataset_frame(dataset))
    load = inputs.loader(inputs.finder(batch.created_by), shared=True)
    while batch.opened < len(every) and not work.stopping(claim):
        room = WINDOW - selectors.runs_open(batch)
        wanted = min(CHUNK, room)
        if wanted > 0 and batch.origin == "api":
            wanted = limits.starts_spare(wanted)
        if wanted <= 0:
            return
        items = list(every.slice(batch.opened, batch.opened + wanted))
        started, refused = _looked_at(agent, plan, items, dataset, load)
        _store(claim, batch, started, refused, len(items), is_last=batch.opened + len(items) >= len(every))


def _looked_at(
    agent: Agent[Any, Any, Any], plan: Plan, items: Sequence[Item], dataset: Dataset, load: Callable[[Table], Any]
) -> tuple[list[AgentRun], list[Refused]]:
    """Runs on the items that can be used, not stored yet; and the other ones."""
    started, refused = [], []
    for item in items:
        try:
            parsed = input_look(agent, item, plan, load)
        except Problem as problem:
            refused.append(refusal(item, problem))
            continue
        except Exception:  # of the agent's making: the other rows are not to suffer for it
            logger.exception("agent failed to look at a row", extra={"agent": agent.key, "row": item.row})
            refused.append(refusal(item, AgentFailed()))
            continue
        data = parsed.model_dump(mode="json", exclude_defaults=True)
        source = f"{dataset.name}, row {item.row:,}"
        started.append(AgentRun(input=data, source=source[:255], batch_row=item.row))
    return started, refused


def _store(
    claim: work.Claim,
    batch: AgentBatch,
    started: list[AgentRun],
    refused: list[Refused],
    taken: int,
    *,
    is_last: bool,
) -> None:
    """Store a chunk of runs, and that its rows were taken, behind the fence."""
    kept = [*(batch.refused or []), *(each.model_dump(mode="json", exclude_defaults=True) for each in refused)]
    for run in started:
        run.batch, run.agent_key, run.agent_version = batch, batch.agent_key, batch.agent_version
        run.configuration, run.created_by, run.origin = batch.configuration, batch.created_by, batch.origin
    with work.fenced(claim):
        AgentRun.objects.bulk_create(started)
        work.schedule_many(runs.KIND, [run.id for run in started], priority=LAST)
        batch.opened, batch.refused = batch.opened + taken, kept or None
        if is_last:
            batch.status = Status.RUNNING
        batch.save(update_fields=["opened", "refused", "status"])
        for _ in started:
            counters.count_on_commit("runs_started")


def _settle(claim: work.Claim, batch: AgentBatch) -> None:
    """End the batch where all its runs have ended, else look again later."""
    is_open = selectors.runs_open(batch) > 0
    with work.fenced(claim) as row:
        if is_open or (batch.status == Status.OPENING and batch.cancel_requested_at is None):
            age = (timezone.now() - batch.created_at) / 10
            soon = batch.status == Status.OPENING or batch.cancel_requested_at is not None
            row.postpone(timezone.now() + (SOON if soon else min(SLOWEST, max(SOON, age))))
            return
        ended = Status.CANCELLED if batch.cancel_requested_at else Status.ENDED
        if batch.opened < batch.total:  # it was broken off, and rows that had failed were run again: it still is
            ended = Status.FAILED if batch.problem else Status.CANCELLED
        AgentBatch.objects.filter(pk=batch.pk).update(status=ended, finished_at=timezone.now())
        record(auditing.BATCH_ENDED, who=None, subject=auditing.batch_subject(batch), status=ended, rows=batch.opened)
        row.finish()


def _fail(claim: work.Claim, batch: AgentBatch, problem: Problem) -> None:
    """The rest of the file cannot be read any more. Runs that were started go on."""
    with work.fenced(claim) as row:
        _failed(batch, problem)
        row.finish()


def _failed(batch: AgentBatch, problem: Problem) -> None:
    told = sealed_for(batch, problem=problem_data(problem))
    AgentBatch.objects.filter(pk=batch.pk).update(status=Status.FAILED, finished_at=timezone.now(), **told)
    ended: dict[str, Any] = {"status": Status.FAILED, "problem": problem.code, "rows": batch.opened}
    record(auditing.BATCH_ENDED, who=None, subject=auditing.batch_subject(batch), **ended)


def batch_bury(id: UUID, cause: str) -> None:
    """Record that an open batch was given up after its workers died."""
    batch = AgentBatch.objects.filter(pk=id, status__in=OPEN).first()
    if batch is not None:
        _failed(batch, BatchAbandoned(f"{cause} No more rows are started; runs that were started go on."))


def batch_revive(id: UUID) -> None:
    """Open a batch again that was given up."""
    batch = AgentBatch.objects.filter(pk=id, status=Status.FAILED).first()
    if batch is not None:
        status = Status.OPENING if batch.opened < batch.total else Status.RUNNING
        AgentBatch.objects.filter(pk=id).update(status=status, finished_at=None, problem=None)
