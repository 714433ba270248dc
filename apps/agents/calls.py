"""Runs that other work waits for: a step of a workflow begins them, and is signalled when they end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef
from pydantic import BaseModel

from apps.agents import endings, services
from apps.agents.configurations import newest
from apps.agents.contract import Agent
from apps.agents.endings import Ended
from apps.agents.models import AgentDecision, AgentRun
from apps.agents.records import input_sealed
from apps.common import work


@dataclass(frozen=True)
class Call:
    """A run to be accepted, with an input that its agent's model has validated, and the work that waits for its end."""

    id: UUID
    agent: Agent[Any, Any, Any]
    data: BaseModel
    source: str
    """What people call the table of its input (`inputs.source_name`)."""
    caller_kind: str
    caller: UUID
    user_id: UUID | None
    is_demo: bool = False


def runs_begin(*, calls: Sequence[Call], origin: str) -> None:
    """Accept runs in the transaction of the work that calls. Nobody looks at their inputs before they run."""
    runs = [_run(call, origin) for call in calls]
    current = {key: newest(key) for key in {run.agent_key for run in runs}}
    for run in runs:
        run.configuration = current[run.agent_key]
    AgentRun.objects.bulk_create(runs)
    work.schedule_many(services.KIND, [run.id for run in runs])


def gives_schema(agent: Agent[Any, Any, Any]) -> dict[str, Any]:
    """The JSON Schema of what the caller of a run is given (`endings.given`)."""
    schema = agent.output_type.model_json_schema(mode="serialization")
    if agent.verdicts and "decision" not in schema.get("properties", {}):
        verdict = {"type": "string", "enum": list(agent.verdicts), "description": "The verdict that stands."}
        decision = {"type": "object", "properties": {"verdict": verdict}, "required": ["verdict"]}
        schema["properties"] = {**schema.get("properties", {}), "decision": decision}
    return schema


_COLUMNS = {
    "id": "uuid",
    "agent_key": "text",
    "agent_version": "text",
    "input": "bytea",
    "source": "text",
    "created_by_id": "uuid",
    "caller_kind": "text",
    "caller": "uuid",
    "is_demo": "boolean",
}
_OPENING = f"""
began as (
    insert into agents_agentrun (
        {", ".join(_COLUMNS)}, status, origin, note, headline, done, total, seq, attempts, created_at, configuration_id)
    select {", ".join(f"x.{name}" for name in _COLUMNS)}, '{AgentRun.Status.QUEUED.value}', %(a_origin)s, '', '',
        0, 0, 1, 0, clock_timestamp(), (
        select c.id from agents_agentconfiguration c where c.agent_key = x.agent_key order by c.number desc limit 1)
    from unnest({", ".join(f"%(a_{name})s::{kind}[]" for name, kind in _COLUMNS.items())}) as x ({", ".join(_COLUMNS)})
    join fenced f on f.id = x.caller
    on conflict do nothing
),
"""  # noqa: S608


def runs_opening(*, calls: Sequence[Call], origin: str) -> tuple[str, dict[str, Any], work.Opening]:
    """What accepts runs within `work.commit_round`: its effects, their parameters, and the rows to be made.

    The caller of each is one of the round's rows in hand.
    """
    runs = [_run(call, origin) for call in calls]
    columns: dict[str, Any] = {f"a_{name}": [_stored(run, name) for run in runs] for name in _COLUMNS}
    columns["a_origin"] = origin
    return _OPENING, columns, work.Opening(services.KIND, [run.id for run in runs], [call.caller for call in calls])


def runs_ended(*, ids: Sequence[UUID]) -> dict[UUID, Ended]:
    """Those of these runs that have ended, and how. What this process has just recorded itself it does not read.

    A run whose decisions wait for a person has not ended for its caller, which is signalled by each review.
    """
    found = {id: ended for id in ids if (ended := endings.take(id)) is not None}
    if len(found) < len(ids):
        others = AgentRun.objects.filter(pk__in=set(ids) - set(found)).exclude(status__in=AgentRun.OPEN)
        waiting = AgentDecision.objects.filter(run=OuterRef("pk"), review=AgentDecision.Review.WANTED)
        for run in others.exclude(Exists(waiting)).select_related("result"):
            output = endings.given(run.result.output, run.verdict) if run.status == AgentRun.Status.SUCCEEDED else None
            found[run.id] = Ended(run.ref, run.status, output, run.problem)
    return found


def _run(call: Call, origin: str) -> AgentRun:
    return AgentRun(
        id=call.id,
        agent_key=call.agent.key,
        agent_version=call.agent.version,
        input=call.data.model_dump(mode="json", exclude_defaults=True),
        source=call.source,
        created_by_id=call.user_id,
        origin=origin,
        caller_kind=call.caller_kind,
        caller=call.caller,
        is_demo=call.is_demo,
    )


def _stored(run: AgentRun, name: str) -> Any:
    return input_sealed(run) if name == "input" else getattr(run, name)
