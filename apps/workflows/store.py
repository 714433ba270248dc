"""The database's side of the engine: many runs are read at once with their ledgers, and a round is one statement."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.db import connection

from apps.audit.services import Record, columns_of, sequence_soon, writing
from apps.common import work
from apps.common.work import Claim, Move, Standing
from apps.tenants.context import current_schema
from apps.tenants.fields import PayloadField
from apps.workflows.engine.ledger import Entry, RunState
from apps.workflows.engine.plan import Plan, plan_make
from apps.workflows.kept import KEPT
from apps.workflows.models import StepRun, Workflow, WorkflowRun, WorkflowVersion
from apps.workflows.performers import Beginning
from apps.workflows.triggers import WorkflowEnd

# A pause that was asked for before steps of a run came to be undone is no wish to stop that: it is taken back.
_EFFECTS = """
wrote as (
    insert into workflows_steprun (run_id, step, item, attempt, ended, outcome, output, problem, ref, due, at)
    select x.run, x.step, x.item, x.attempt, x.outcome <> 'opened', x.outcome, x.output, x.problem, x.ref, x.due,
        clock_timestamp()
    from unnest(
        %(e_run)s::uuid[], %(e_step)s::smallint[], %(e_item)s::int[], %(e_attempt)s::smallint[], %(e_outcome)s::text[],
        %(e_output)s::bytea[], %(e_problem)s::bytea[], %(e_ref)s::uuid[], %(e_due)s::timestamptz[]
    ) with ordinality as x (run, step, item, attempt, outcome, output, problem, ref, due, place)
    join fenced f on f.id = x.run
    order by x.place
    on conflict do nothing
),
changed as (
    update workflows_workflowrun r
    set status = x.status, outputs = coalesce(x.outputs, r.outputs), problem = coalesce(x.problem, r.problem),
        ending = coalesce(x.ending, r.ending),
        pause_requested_at = case when x.ending <> '' then null else r.pause_requested_at end,
        started_at = coalesce(r.started_at, clock_timestamp()),
        finished_at = case when x.is_over then clock_timestamp() end,
        seq = r.seq + 1
    from unnest(
        %(c_run)s::uuid[], %(c_status)s::text[], %(c_outputs)s::bytea[], %(c_problem)s::bytea[],
        %(c_ending)s::text[], %(c_over)s::boolean[]
    ) as x (run, status, outputs, problem, ending, is_over)
    join fenced f on f.id = x.run
    where r.id = x.run
),
"""
# What is said of the one run that a round has ended is written with that end, or not at all.
_SAID = f"{writing('where exists (select from fenced f where f.id = %(s_run)s)')}, "
# As text: to have them composed anew for each turn took as long as all else of a short turn.
_RUNS = """
select r.*, w.name as workflow_name, w.title as workflow_title, exists (
    select from workflows_trigger t where t.kind = %(end)s and t.is_enabled and t.listens_to = w.name) as is_awaited
from workflows_workflowrun r join workflows_workflow w on w.id = r.workflow_id
where r.id = any(%(ids)s::uuid[]) order by r.id
"""
_LEDGERS = """
select run_id, step, item, attempt, ended, outcome, output, problem, ref, due
from workflows_steprun where run_id = any(%(ids)s::uuid[]) order by seq
"""
_ACCEPT = """
insert into workflows_workflowrun (
    id, workflow_id, version_id, status, inputs, seq, depth, generation, origin, created_by_id, is_demo, planned_at,
    created_at
)
select x.id, %(workflow)s::uuid, %(version)s::uuid, %(status)s, x.inputs, 1, %(depth)s, 0, %(origin)s, %(user)s::uuid,
    %(is_demo)s, x.planned_at, clock_timestamp()
from unnest(%(ids)s::uuid[], %(inputs)s::bytea[], %(planned)s::timestamptz[])
    with ordinality as x (id, inputs, planned_at, place) order by x.place
returning id, number, created_at
"""
_PLANS: dict[tuple[str, UUID], Plan] = {}
_MOST_PLANS = 500


@dataclass(frozen=True)
class Change:
    """What a round changes of a run itself."""

    status: str
    outputs: Any = None
    problem: dict[str, Any] | None = None
    ending: str | None = None
    """What the run ends as once its steps are undone; empty: they are. None: as it was."""


@dataclass
class InHand:
    """A run that this process has in hand, with what is known of it."""

    claim: Claim
    run: WorkflowRun
    state: RunState
    is_awaited: bool
    """Whether triggers wait for the end of a run of its workflow."""
    size: int = 0
    """Bytes of its payloads as they are stored, as far as they were read or written."""
    read_at: float = field(default_factory=time.monotonic)
    """When it was read, by this machine's steady clock."""
    trace: str = ""
    """`traceparent` of what made it; empty where no traces are collected."""
    entries: list[Entry] = field(default_factory=list)
    """Of this round: applied to the state, and not yet recorded."""
    change: Change | None = None
    move: Move | None = None


class Clock:
    """The database's time, asked for once a second at most, and carried on by this machine's steady clock."""

    ASKED_AGAIN: Final = 1.0

    def __init__(self) -> None:
        self._known: tuple[datetime, float] | None = None

    def now(self) -> datetime:
        at = time.monotonic()
        if self._known is None or at - self._known[1] > self.ASKED_AGAIN:
            with connection.cursor() as cursor:
                cursor.execute("select clock_timestamp()")
                self._known = cursor.fetchone()[0], at
        return self._known[0] + timedelta(seconds=at - self._known[1])


CLOCK: Final = Clock()
"""Of this process: every tenant is in the same database."""


def accept(runs: Sequence[WorkflowRun]) -> None:
    """Store new runs of one start, which differ in their keys, inputs and planned times alone, numbered in their order.

    By three arrays, whatever their number: a thousand rows of values take longer to write down than to store.
    """
    first, inputs = runs[0], _field(WorkflowRun, "inputs")
    given: dict[str, Any] = {
        "workflow": first.workflow_id,
        "version": first.version_id,
        "status": first.status,
        "depth": first.depth,
        "origin": first.origin,
        "user": first.created_by_id,
        "is_demo": first.is_demo,
        "ids": [run.id for run in runs],
        "inputs": [_sealed(inputs, run.inputs, run.id) for run in runs],
        "planned": [run.planned_at for run in runs],
    }
    with connection.cursor() as cursor:
        cursor.execute(_ACCEPT, given)
        stored = {id: (number, at) for id, number, at in cursor.fetchall()}
    for run in runs:
        run.number, run.created_at = stored[run.id]


def load(claims: Sequence[Claim]) -> list[InHand]:
    """The runs of these claims with their ledgers, in a statement for each; one more for versions not yet known. What
    this process knows still it does not read.

    Claims whose run is gone are missing from the answer.
    """
    known = [hand for claim in claims if (hand := KEPT.take(claim)) is not None]
    taken = {hand.run.id for hand in known}
    by_id = {claim.id: claim for claim in claims if claim.id not in taken}
    return [*known, *_read(by_id)] if by_id else known


def _read(by_id: Mapping[UUID, Claim]) -> list[InHand]:
    runs: list[Any] = list(WorkflowRun.objects.raw(_RUNS, {"ids": list(by_id), "end": WorkflowEnd.key}))
    for run in runs:  # with what the statement tells besides
        named = [run.workflow_id, run.workflow_name, run.workflow_title]
        run.workflow = Workflow.from_db(run._state.db, ["id", "name", "title"], named)
    plans = _plans({run.version_id for run in runs})
    found = {}
    for run in runs:
        payloads = [run.__dict__[name] for name in ("inputs", "given")]  # not yet looked at, and opened by that
        size = sum(len(each.stored) for each in payloads if each is not None)
        state = _state(run, plans[run.version_id])
        found[run.id] = InHand(by_id[run.id], run, state, is_awaited=run.is_awaited, size=size)
    begun = [run.id for run in runs if run.started_at is not None]
    if begun:
        _replay(begun, found)
    return list(found.values())


def _replay(runs: list[UUID], found: Mapping[UUID, InHand]) -> None:
    """Bring runs to where their ledgers say that they are."""
    outputs, problems = _field(StepRun, "output"), _field(StepRun, "problem")
    with connection.cursor() as cursor:
        cursor.execute(_LEDGERS, {"ids": runs})
        for run, step, item, attempt, ended, outcome, output, problem, ref, due in cursor:
            key = (run, step, item, attempt, ended)
            told = _opened(outputs, output, key), _opened(problems, problem, key)
            found[run].state.apply(Entry(step, item, attempt, outcome, *told, ref, due))
            found[run].size += len(output or b"") + len(problem or b"")


def commit(
    hands: Sequence[InHand], beginnings: Sequence[Beginning] = (), said: tuple[UUID, Record] | None = None
) -> dict[UUID, Standing]:
    """Record a round: entries, changes of runs, what they begin, and what becomes of their rows; with what the audit
    log is told of one of the runs.

    See `work.commit_round`.
    """
    moves = [hand.move for hand in hands if hand.move is not None]
    entries = [(hand, entry) for hand in hands for entry in hand.entries]
    changes = [(hand.run.id, hand.change) for hand in hands if hand.change is not None]
    outputs, problems = _field(StepRun, "output"), _field(StepRun, "problem")
    run_outputs, run_problem = _field(WorkflowRun, "outputs"), _field(WorkflowRun, "problem")
    written = []
    for hand, entry in entries:
        key = _key(hand.run.id, entry)
        written.append((_sealed(outputs, entry.output, key), _sealed(problems, entry.problem, key)))
        hand.size += sum(len(each) for each in written[-1] if each is not None)
    parameters = {
        "e_run": [hand.run.id for hand, _ in entries],
        "e_step": [entry.step for _, entry in entries],
        "e_item": [entry.item for _, entry in entries],
        "e_attempt": [entry.attempt for _, entry in entries],
        "e_outcome": [entry.outcome for _, entry in entries],
        "e_output": [output for output, _ in written],
        "e_problem": [problem for _, problem in written],
        "e_ref": [entry.ref for _, entry in entries],
        "e_due": [entry.due for _, entry in entries],
        "c_run": [run for run, _ in changes],
        "c_status": [change.status for _, change in changes],
        "c_outputs": [_sealed(run_outputs, change.outputs, run) for run, change in changes],
        "c_problem": [_sealed(run_problem, change.problem, run) for run, change in changes],
        "c_ending": [change.ending for _, change in changes],
        "c_over": [change.status not in WorkflowRun.OPEN for _, change in changes],
    }
    for each in beginnings:
        parameters |= each.parameters
    effects = "".join([_EFFECTS, *(each.effects for each in beginnings)])
    if said is None:
        return work.commit_round(moves, effects, parameters, [each.opening for each in beginnings])
    run, told = said
    parameters |= {"s_run": run, **columns_of([told])}
    standings = work.commit_round(moves, effects + _SAID, parameters, [each.opening for each in beginnings])
    sequence_soon()
    return standings


def plan_of(version: WorkflowVersion) -> Plan:
    """The plan of a version, kept in this process: a published version never changes."""
    key = (current_schema(), version.id)
    plan = _PLANS.get(key)
    if plan is None:
        if len(_PLANS) >= _MOST_PLANS:
            _PLANS.pop(next(iter(_PLANS)))
        plan = _PLANS[key] = plan_make(version.definition)
    return plan


def _plans(versions: set[UUID]) -> dict[UUID, Plan]:
    schema = current_schema()
    known = {id: plan for id in versions if (plan := _PLANS.get((schema, id))) is not None}
    missing = versions - set(known)
    if missing:
        known |= {version.id: plan_of(version) for version in WorkflowVersion.objects.filter(pk__in=missing)}
    return known


def _state(run: WorkflowRun, plan: Plan) -> RunState:
    named = {"id": str(run.id), "number": run.number, "started_at": run.created_at.isoformat()}
    state = RunState(plan, run.inputs, named, run.created_at, run.given or {})
    state.ending = run.problem if run.ending else None
    return state


def _key(run: UUID, entry: Entry) -> tuple[UUID, int, int, int, bool]:
    """The primary key of an entry's row, which its payloads are bound to."""
    return (run, entry.step, entry.item, entry.attempt, entry.outcome != "opened")


def _field(model: Any, name: str) -> PayloadField:
    found: PayloadField = model._meta.get_field(name)
    return found


def _opened(field: PayloadField, value: bytes | None, row: object) -> Any:
    stored = field.from_db_value(value)
    return None if stored is None else stored.open(row)


def _sealed(field: PayloadField, value: Any, row: object) -> bytes | None:
    return None if value is None else field.seal(value, row).stored
