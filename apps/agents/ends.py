"""How a run ends: what is recorded of its result, its decisions or its failure, in one statement behind the fence."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from apps.agents import auditing, endings, live, records
from apps.agents.configurations import InForce
from apps.agents.contract import Agent
from apps.agents.models import AgentDecision, AgentResult, AgentRun
from apps.ai.contract import Model
from apps.ai.training.selectors import Promoted
from apps.audit.actors import Actor
from apps.audit.services import Record as Entry
from apps.audit.services import columns_of, sequence_soon, writing
from apps.common import work
from apps.common.decisions import Decision
from apps.common.errors import Problem
from apps.common.permissions import Principal
from apps.datasets.models import Dataset
from apps.gateway import counters
from apps.tenants.fields import sealed_for

# How many issues of a failed run are kept: nobody mends more of them before the next try.
ISSUES_KEPT = 200

Status = AgentRun.Status
# What the end of a run counts as in the live figures.
ENDED: dict[str, counters.Count] = {
    Status.SUCCEEDED: "runs_succeeded",
    Status.FAILED: "runs_failed",
    Status.CANCELLED: "runs_cancelled",
}


class AgentFailed(Problem):
    code, status, title = "agent_failed", 500, "The agent met an error of its own"
    cause = "The agent's program failed in a way that it did not foresee. The server's log has it under the run's id."
    effect = "The run stopped and no result was stored."
    remedy = "Run it again; if it fails again, tell the operator the number of the run."


class AgentGone(Problem):
    code, status, title = "agent_gone", 410, "The agent is no longer installed"
    cause = "The run names an agent that this release of the installation does not have."
    effect = "No result was stored. Results of earlier runs are kept."
    remedy = "Ask the operator which agent has taken its place."

    def __init__(self, key: str) -> None:
        super().__init__(f"There is no agent {key!r} in this release. No result was stored.")


class RunAbandoned(Problem):
    code, status, title = "run_abandoned", 500, "The run was given up"
    cause = "Every worker that took the run up was lost with it: killed, out of memory, or stopped."
    effect = "The run stopped and no result was stored. Its input is kept."
    remedy = "Requeue it from its page in the console, or start it again on less data."


def problem_data(problem: Problem) -> dict[str, Any]:
    """A problem as it is stored with its run."""
    return {
        "code": problem.code,
        "title": problem.title,
        "detail": storable(problem.detail, 2000),
        "remedy": storable(problem.remedy, 1000),
        "issues": [
            {name: storable(told, 1000) if isinstance(told, str) else told for name, told in issue}
            for issue in problem.issues[:ISSUES_KEPT]
        ],
    }


def storable(text: str, longest: int) -> str:
    """The text as the database takes it: names out of a file may hold characters that it refuses."""
    return text.encode("utf-8", "replace").decode().replace("\x00", "")[:longest]


@dataclass(frozen=True)
class Result:
    """What a run that succeeded has come to."""

    output: Any
    """As JSON-able data."""
    headline: str
    agent: Agent[Any, Any, Any]
    decisions: list[Decision]
    record: records.Record | None
    """None for an agent that does not decide."""


def result_of(
    run: AgentRun,
    agent: Agent[Any, Any, Any],
    report: Any,
    held: InForce,
    sources: Iterable[Dataset],
    trained: Mapping[str, Promoted],
    model: Model | None = None,
) -> Result:
    """What an agent has reported, and what it decides on it. Raises `ValueError` where it breaks its contract."""
    return Result(
        output=agent.output_type.model_validate(report).model_dump(mode="json"),
        headline=storable(agent.headline(report), 300),
        agent=agent,
        decisions=records.decisions_of(agent, report, held.settings),
        record=records.record_of(run, agent, held, sources, trained, model) if agent.verdicts else None,
    )


_END = """
stored as (
    insert into agents_agentresult (run_id, output, record, created_at)
    select %(run)s, %(output)s::bytea, %(record)s::bytea, clock_timestamp()
    from fenced where %(output)s::bytea is not null
),
answer as (
    update agents_agentrun r
    set status = %(status)s, finished_at = clock_timestamp(), seq = r.seq + 1,
        done = case when %(complete)s then r.total else r.done end,
        note = case when %(complete)s then '' else r.note end,
        headline = coalesce(%(headline)s, r.headline), verdict = %(verdict)s,
        worked_out_at = %(worked_out_at)s::timestamptz,
        answered_from_id = (select o.id from agents_agentrun o where o.id = %(answered_from)s::uuid),
        problem_sealed = coalesce(%(problem)s::bytea, r.problem_sealed), problem_code = %(code)s
    where r.id = %(run)s and exists (select from fenced)
    returning r.seq, r.done, r.note, r.finished_at, r.verdict, {held} as is_held
),
"""
# What is said of an end in the audit log stands with the end itself in one statement, or not at all.
_NOTED = f"{writing('where exists (select from fenced)')}, "
_HELD = _END.replace("{held}", records.HELD.format(agent="r.agent_key"))
_FREE = _END.replace("{held}", "false")


_ANSWERED = """
with fenced as (
    insert into agents_agentrun ({columns}, created_at, started_at, finished_at, answered_from_id)
    values ({values}, statement_timestamp(), statement_timestamp(), statement_timestamp(),
        (select o.id from agents_agentrun o where o.id = %(answered_from)s::uuid))
    returning created_at, started_at, finished_at, answered_from_id
),
stored as (
    insert into agents_agentresult (run_id, output, record, created_at)
    select %(run)s, %(output)s::bytea, %(record)s::bytea, created_at from fenced
),
{said}{decided}
answer as (select * from fenced)
select * from answer
"""
_GIVEN = (
    *("id", "agent_key", "agent_version", "status", "done", "total", "note", "seq", "attempts", "source", "headline"),
    *("verdict", "problem_code", "origin", "caller_kind", "is_demo", "is_fresh", "created_by_id", "configuration_id"),
    *("worked_out_at", "number"),
)
# Drawn before the run is stored, as the audit log calls it by its number in the same statement.
_NUMBER = "select nextval(pg_get_serial_sequence('agents_agentrun', 'number'))"


@dataclass(frozen=True)
class Origin:
    """The run that has worked a result out, and when."""

    run: UUID
    at: datetime


def _origin(origin: Origin | None) -> dict[str, Any]:
    return {"answered_from": origin and origin.run, "worked_out_at": origin and origin.at}


def run_answer(run: AgentRun, result: Result, origin: Origin, *, who: Principal | None) -> None:
    """Store a new run that has its result already: its number is drawn, and then it is stored with its result, what was
    decided and what the audit log is told, in one statement."""
    run.status, run.headline, run.worked_out_at = Status.SUCCEEDED, result.headline, origin.at
    run.verdict = result.decisions[0].verdict if result.decisions else ""
    with connection.cursor() as cursor:
        cursor.execute(_NUMBER)
        run.number = cursor.fetchone()[0]
    given: dict[str, Any] = {name: getattr(run, name) for name in _GIVEN}
    given |= {"run": run.id, "input": records.input_sealed(run), **_origin(origin)}
    given |= records.result_sealed(run, result.output, result.record)
    decisions = records.rows_of(run, result.agent, result.decisions)
    decided, rows = records.effects_of(decisions) if decisions else ("", {})
    started = Entry(auditing.RUN_STARTED, who, auditing.run_subject(run), facts=auditing.started_told(run))
    said = [started, *_said(run, Status.SUCCEEDED, result, decisions, answered_from=origin.run)]
    names = [*_GIVEN, "input"]
    values = ", ".join(f"%({name})s" for name in names)
    sql = _ANSWERED.format(columns=", ".join(names), values=values, said=_NOTED, decided=decided)
    with connection.cursor() as cursor:
        cursor.execute(sql, given | rows | columns_of(said))
        columns = [column.name for column in cursor.description or ()]
        for name, value in zip(columns, cursor.fetchone() or (), strict=True):
            setattr(run, name, value)
    sequence_soon()
    run._state.adding = False
    run.result = AgentResult(run=run, output=result.output)


def _said(
    run: AgentRun, status: str, result: Result | None, decisions: Sequence[AgentDecision], **facts: Any
) -> list[Entry]:
    """What the audit log is told of an end. What a workflow or a batch has worked out without a decision is told by the
    end of that."""
    agent = Actor("agent", run.created_by_id, result.agent.title if result else "", via=run.ref)
    subject = auditing.run_subject(run)
    if result and decisions:
        record = result.record.model_dump(mode="json") if result.record else None
        told = {"agent": run.agent_key, **auditing.decided_told(decisions, record), **facts}
        return [Entry(auditing.DECIDED, agent, subject, facts=told)]
    if status == Status.SUCCEEDED and (run.caller is not None or run.batch_id is not None):
        return []
    told = {"agent": run.agent_key, "agent_version": run.agent_version, "status": status, **facts}
    return [Entry(auditing.RUN_ENDED, agent, subject, facts=told)]


def run_end(
    claim: work.Claim,
    run: AgentRun,
    status: str,
    *,
    result: Result | None = None,
    origin: Origin | None = None,
    problem: dict[str, Any] | None = None,
) -> None:
    """Record the end of a run, its result, what was decided, and the end of its work row, and tell who waits for it:
    one statement. `origin` is where the result was worked out, if it was at hand."""
    decisions = records.rows_of(run, result.agent, result.decisions) if result else []
    sealed = None if problem is None else sealed_for(run, problem=problem)["problem"]
    given: dict[str, Any] = {
        "run": run.id,
        "status": status,
        "complete": status == Status.SUCCEEDED,
        "headline": result and result.headline,
        "verdict": decisions[0].verdict if decisions else "",
        **_origin(origin),
        "problem": sealed and sealed.stored,
        "code": problem["code"] if problem else "",
    }
    given |= records.result_sealed(run, result.output, result.record) if result else {"output": None, "record": None}
    effects = _FREE
    if decisions:
        decided, rows = records.effects_of(decisions)
        effects, given = _HELD + decided, given | rows
    why = {"problem": problem["code"]} if problem else {}
    if said := _said(run, status, result, decisions, **why):
        effects, given = _NOTED + effects, given | columns_of(said)
    caller = (run.caller_kind, run.caller) if run.caller else None
    run.status = status
    answer = work.conclude(claim, caller=caller, effects=effects, parameters=given)
    if said:
        sequence_soon()
    is_held = answer.pop("is_held")
    for name, value in answer.items():
        setattr(run, name, value)
    if run.caller and not is_held:  # else it goes on once a person has looked at what was decided
        ended = endings.Ended(run.ref, status, endings.given(result and result.output, run.verdict), problem)
        transaction.on_commit(lambda: endings.keep(run.id, ended))
    live.tell(run)
    counters.count_on_commit(ENDED[status])
    if run.started_at and run.finished_at:
        counters.observe_on_commit("run", (run.finished_at - run.started_at).total_seconds())
