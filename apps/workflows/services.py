"""Writes to runs of workflows. Work rows are locked before tenant rows, everywhere (rule R5)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone
from pydantic import BaseModel

from apps.accounts.models import User
from apps.audit.fingerprints import fingerprint
from apps.audit.services import Record, Subject, record, record_many
from apps.common import work
from apps.common.errors import Conflict, InvalidInput, Issue, Problem, TooLarge
from apps.common.permissions import Principal, demand
from apps.tenants.context import current_schema
from apps.workflows import auditing, live, undoing
from apps.workflows.definition import Overlap
from apps.workflows.givens import given_check
from apps.workflows.inputs import inputs_model, inputs_validate
from apps.workflows.models import StepRun, Workflow, WorkflowRun, WorkflowVersion
from apps.workflows.performers import KIND
from apps.workflows.permissions import WORKFLOWS_RUN
from apps.workflows.store import accept, plan_of

Status = WorkflowRun.Status

DEEPEST = 10
"""Runs that start each other, one within or after the other."""
MOST_STARTED = 1_000
"""Runs that one request may start."""
LARGEST_INPUTS = 1024 * 1024
"""Bytes of a run's inputs as JSON; what is larger is a dataset."""
_MODELS: dict[tuple[str, UUID], type[BaseModel]] = {}


class RunAbandoned(Problem):
    code, status, title = "workflow_run_abandoned", 500, "The run was given up"
    cause = "Three workers in a row were lost while they had the workflow's run in hand."
    effect = "The workflow's run stopped where it was. What its steps gave is kept."
    remedy = "Requeue it: it goes on after the last step that was recorded."


def inputs_parse(*, version: WorkflowVersion, data: Any) -> dict[str, Any]:
    """Inputs as the version takes them, with defaults. Raises `InvalidInput`, `TooLarge`."""
    key = (current_schema(), version.id)
    model = _MODELS.get(key)
    if model is None:
        if len(_MODELS) >= 500:
            _MODELS.clear()
        model = _MODELS[key] = inputs_model(version.definition)
    inputs = inputs_validate(model, data)
    if len(json.dumps(inputs)) > LARGEST_INPUTS:
        raise TooLarge(
            f"The inputs of a run have {LARGEST_INPUTS // 1024:,} KiB at most; nothing was started.",
            remedy="Upload the data as a dataset and give its id.",
        )
    return inputs


def run_start(
    *,
    who: Principal,
    user: User | None,
    workflow: Workflow,
    data: dict[str, Any],
    origin: str,
    depth: int = 0,
    is_demo: bool = False,
) -> WorkflowRun:
    """Accept a run of the published version. Raises `Conflict` where there is none, and as `inputs_parse` does."""
    (run,) = runs_start(who=who, user=user, workflow=workflow, data=[data], origin=origin, depth=depth, is_demo=is_demo)
    return run


def runs_start(
    *,
    who: Principal,
    user: User | None,
    workflow: Workflow,
    data: Sequence[dict[str, Any]],
    origin: str,
    depth: int = 0,
    is_demo: bool = False,
    planned: Sequence[datetime] = (),
) -> list[WorkflowRun]:
    """Accept a run for each of these inputs, and for these times of a schedule where one starts them (`planned`): all
    of them, or none. Raises as `run_start` does, with paths by number.

    Where the workflow's runs are limited, one more waits for its turn, takes the place of the oldest, or is refused.
    """
    demand(who, WORKFLOWS_RUN)
    version = workflow.published
    if version is None or workflow.archived_at is not None:
        raise Conflict(f"{workflow.title} is not published; nothing was started.", remedy="Publish its draft first.")
    if len(data) > MOST_STARTED:
        raise TooLarge(f"{MOST_STARTED:,} runs may be started at once; nothing was started.")
    times: Sequence[datetime | None] = planned or [None] * len(data)
    runs = [
        WorkflowRun(
            workflow=workflow,
            version=version,
            inputs=inputs,
            origin=origin,
            depth=depth,
            created_by=user,
            is_demo=is_demo,
            planned_at=at,
        )
        for inputs, at in zip(_all_inputs(version, data), times, strict=True)
    ]
    overlap = plan_of(version).overlap
    with transaction.atomic():
        if overlap.limit is not None and overlap.policy != "wait":
            _make_room(workflow, overlap, len(runs))
        accept(runs)
        _started(who, runs)
    return runs


def _started(who: Principal, runs: Sequence[WorkflowRun]) -> None:
    """Let the runs begin, with one entry, whatever their number."""
    subject, told = auditing.run_subject(runs[0]), auditing.started_told(runs[0])
    kind = auditing.RUN_STARTED
    if len(runs) > 1:
        kind, subject = auditing.RUNS_STARTED, auditing.workflow_subject(runs[0].workflow)
        told |= auditing.many_told(runs)
    record_many([Record(kind, who, subject, facts=told)], beside=work.scheduling(KIND, [run.id for run in runs]))


def _make_room(workflow: Workflow, overlap: Overlap, wanted: int) -> None:
    """Refuse, or stop the oldest, where as many runs are open as there may be. One start of a workflow at a time.

    It is no row that is locked for that: the work rows of the runs that are stopped come before any (rule R5).
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "select pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"room {current_schema()} {workflow.pk}"]
        )
    running = WorkflowRun.objects.filter(workflow=workflow, status__in=WorkflowRun.OPEN, cancel_requested_at=None)
    running = running.exclude(status=Status.UNDOING)  # they end without being told
    too_many = running.count() + wanted - (overlap.limit or 0)
    if too_many <= 0:
        return
    if overlap.policy == "skip":
        raise Conflict(
            f"{workflow.title} runs {overlap.limit} at a time, and they are at work; nothing was started.",
            remedy="Start it when one has ended.",
        )
    for run in running.order_by("id")[:too_many]:
        run_stop(run=run)


def _all_inputs(version: WorkflowVersion, data: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    found, issues = [], []
    for n, given in enumerate(data):
        try:
            found.append(inputs_parse(version=version, data=given))
        except InvalidInput as problem:
            if len(data) == 1:
                raise
            issues += [Issue(path=f"{n}.{issue.path}", message=issue.message) for issue in problem.issues]
    if issues:
        raise InvalidInput(f"{len(issues)} inputs cannot be accepted; nothing was started.", issues=issues[:200])
    return found


@transaction.atomic
def run_retry(
    *, who: Principal, user: User | None, run: WorkflowRun, step: str | None, given: Any = None
) -> WorkflowRun:
    """Start a run that takes up an ended one from `step`: what other steps gave is kept, and not computed again.

    Without a step it goes on where it stopped: all that succeeded is kept. What was undone is done again in any case,
    with what follows from it.

    `given` is what the step is given instead of what it works out itself; None: the same again. Raises `Conflict` while
    the run is open, `InvalidInput` for a step that the version does not have, and as `given_check` does.
    """
    demand(who, WORKFLOWS_RUN)
    if len(json.dumps(given)) > LARGEST_INPUTS:
        raise TooLarge(f"A step is given {LARGEST_INPUTS // 1024:,} KiB by hand at most; nothing was started.")
    run = WorkflowRun.objects.select_related("version", "workflow").get(pk=run.pk)
    if run.is_open:
        raise Conflict(f"{run.ref} is still open; nothing was started.", remedy="Cancel it first, or wait for its end.")
    plan = plan_of(run.version)
    wanted = next((each for each in plan.steps if each.name == step), None)
    if wanted is None and step is not None:
        names = ", ".join(each.name for each in plan.steps)
        raise InvalidInput("The step is not there.", issues=[Issue(path="step", message=f"There are {names}.")])
    if wanted is not None and wanted.undoes is not None:
        told = f"It runs only to undo {plan.steps[wanted.undoes].name!r}: name a step that the run goes through."
        raise InvalidInput("Nothing was started.", issues=[Issue(path="step", message=told)])
    if wanted is not None and given is not None:
        given_check(run=run, plan=plan, step=wanted, given=given)
    again = WorkflowRun.objects.create(
        workflow=run.workflow,
        version=run.version,
        inputs=run.inputs,
        retry_of=run,
        root=run.root or run.id,
        generation=run.generation + (step is not None and given is not None),
        given={**(run.given or {}), **({step: given} if step and given is not None else {})} or None,
        origin="retry",
        created_by=user,
        is_demo=run.is_demo,
        started_at=timezone.now(),
    )
    anew = undoing.anew(run=run, plan=plan, step=wanted)
    StepRun.objects.bulk_create([_copied(row, again) for row in _ends(run) if anew.keeps(row.step, row.item)])
    record(
        auditing.RUN_RETRIED,
        who=who,
        subject=auditing.run_subject(again),
        of=run.ref,
        step=step or "",
        given=fingerprint(given) if given is not None else None,
        **auditing.started_told(again),
    )
    work.schedule(KIND, again.id)
    return again


def _ends(run: WorkflowRun) -> list[StepRun]:
    """What ended for good of a run, in order: a try that was followed by another is left out."""
    rows = StepRun.objects.filter(run=run, ended=True).order_by("seq")
    return [row for row in rows if row.outcome in {"succeeded", "skipped"}]


def _copied(row: StepRun, run: WorkflowRun) -> StepRun:
    copied = {name: getattr(row, name) for name in ("step", "item", "attempt", "ended", "outcome", "output", "at")}
    return StepRun(run=run, **copied)


def run_cancel(*, who: Principal, run: WorkflowRun) -> WorkflowRun:
    """Stop an open run, and what it has asked of others. Raises `Conflict` when it has ended."""
    demand(who, WORKFLOWS_RUN)
    return run_stop(run=run, who=who)


@transaction.atomic
def runs_cancel(*, who: Principal, runs: Iterable[WorkflowRun]) -> dict[UUID, str]:
    """Have open runs cancelled, each as by itself. Returns what became of each: `cancelling`, `undoing` where that is
    under way already, or `ended` before."""
    demand(who, WORKFLOWS_RUN)
    ids = sorted(run.id for run in runs)
    for id in ids:
        work.signal(KIND, id)
    now = timezone.now()
    undone = set(WorkflowRun.objects.filter(pk__in=ids, status=Status.UNDOING).values_list("pk", flat=True))
    wished = WorkflowRun.objects.filter(pk__in=ids, status__in=WorkflowRun.OPEN).exclude(status=Status.UNDOING)
    wished.update(cancel_requested_at=now, seq=F("seq") + 1)
    found = list(WorkflowRun.objects.filter(pk__in=ids, cancel_requested_at=now).only("id", "number"))
    stopped = {run.id for run in found}
    if found:
        subject = Subject("workflows.workflowrun", "", "runs of workflows")
        told: dict[str, Any] = {"runs": auditing.refs_told(found), "count": len(found)}
        record(auditing.RUNS_CANCELLED, who=who, subject=subject, **told)
    return {id: "cancelling" if id in stopped else "undoing" if id in undone else "ended" for id in ids}


@transaction.atomic
def run_stop(*, run: WorkflowRun, who: Principal | None = None) -> WorkflowRun:
    """Have an open run cancelled by whoever has it in hand, or takes it next; `who` None: the platform, or the run for
    which it works. Raises `Conflict` when it has ended."""
    work.signal(KIND, run.id)
    wished = WorkflowRun.objects.filter(pk=run.pk, status__in=WorkflowRun.OPEN).exclude(status=Status.UNDOING)
    if not wished.update(cancel_requested_at=timezone.now(), seq=F("seq") + 1):
        raise undoing.over_or_undoing(run)
    record(auditing.RUN_CANCELLED, who=who, subject=auditing.run_subject(run))
    run.refresh_from_db()
    return run


@transaction.atomic
def run_pause(*, who: Principal, run: WorkflowRun) -> WorkflowRun:
    """Let nothing more of an open run begin; what it has asked of others goes on. Raises `Conflict`."""
    return _pause(who, run, timezone.now())


@transaction.atomic
def run_resume(*, who: Principal, run: WorkflowRun) -> WorkflowRun:
    """Let a paused run go on. Raises `Conflict` when it has ended."""
    return _pause(who, run, None)


def _pause(who: Principal, run: WorkflowRun, since: Any) -> WorkflowRun:
    demand(who, WORKFLOWS_RUN)
    work.signal(KIND, run.id)
    wished = WorkflowRun.objects.filter(pk=run.pk, status__in=WorkflowRun.OPEN).exclude(status=Status.UNDOING)
    if not wished.update(pause_requested_at=since, seq=F("seq") + 1):
        raise undoing.over_or_undoing(run)
    record(auditing.RUN_RESUMED if since is None else auditing.RUN_PAUSED, who=who, subject=auditing.run_subject(run))
    run.refresh_from_db()
    return run


def run_bury(*, id: UUID, cause: str) -> None:
    """Record that an open run was given up after its workers died."""
    run = WorkflowRun.objects.select_related("workflow").filter(pk=id, status__in=WorkflowRun.OPEN).first()
    if run is None:
        return  # it had ended: only its row was left
    problem = RunAbandoned(cause)
    run.status, run.finished_at, run.seq = Status.FAILED, timezone.now(), run.seq + 1
    told_before = {"of": run.problem} if run.ending else {}  # its undoing goes on where it is requeued
    run.problem = {"code": problem.code, "detail": problem.detail, "remedy": problem.remedy, **told_before}
    run.save(update_fields=["status", "finished_at", "seq", "problem"])
    told: dict[str, Any] = {"workflow": run.workflow.name, "status": run.status, "problem": problem.code}
    record(auditing.RUN_ENDED, who=None, subject=auditing.run_subject(run), **told)
    live.tell(run)
    if run.parent_id is not None:
        work.signal(KIND, run.parent_id)


def run_revive(*, id: UUID) -> None:
    """Open a run again that was given up: it goes on where it stopped."""
    run = WorkflowRun.objects.filter(pk=id, status=Status.FAILED).first()
    if run is not None:
        run.finished_at, run.seq = None, run.seq + 1
        if run.ending:
            run.status, run.problem = Status.UNDOING, run.problem["of"]
        else:
            run.status, run.problem, run.cancel_requested_at = Status.QUEUED, None, None
        run.save(update_fields=["status", "finished_at", "problem", "seq", "cancel_requested_at"])
