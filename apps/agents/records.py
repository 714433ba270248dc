"""What an agent decided and what it came from, as it is recorded with the end of a run."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.utils import timezone
from pydantic import BaseModel

from apps.agents.configurations import InForce
from apps.agents.contract import Agent
from apps.agents.models import AgentDecision, AgentResult, AgentRun
from apps.ai.contract import Model
from apps.ai.training.selectors import Promoted, versions_of
from apps.common.actions import ACTIONS
from apps.common.decisions import MOST_DECISIONS, Decision
from apps.common.ids import uuid7
from apps.datasets.models import Dataset
from apps.tenants.fields import Sealed, sealed_for


class Source(BaseModel):
    """A table that the agent read."""

    id: UUID
    name: str
    rows: int
    sha256: str
    """Of the file as it was uploaded, in hexadecimal."""


class LanguageModel(BaseModel):
    """A language model that had a part in a result, and the versions of its prompts by their names."""

    name: str
    version: str
    prompts: dict[str, str] = {}


class Record(BaseModel):
    """What a result came from: the same input, agent, settings and data give the same result."""

    input_sha256: str
    """Of `canonical(input)`, in hexadecimal."""
    sources: list[Source] = []
    agent: str
    agent_version: str
    settings_version: int
    """Number of the version of the settings; 0 for the agent's own."""
    settings: dict[str, Any]
    """Every setting with the value that was in force. What is secret is masked."""
    model: LanguageModel | None = None
    """None: no language model had a part in it."""
    trained: dict[str, int] = {}
    """Versions of the models trained here that were in use, by their keys."""
    decided_at: datetime


def canonical(value: Any) -> bytes:
    """JSON in the one form that is hashed: keys sorted by code point, no spaces, UTF-8."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def input_hash(data: Any) -> str:
    """SHA-256 of an input as it is stored, in hexadecimal."""
    return hashlib.sha256(canonical(data)).hexdigest()


def decisions_of(agent: Agent[Any, Any, Any], report: Any, settings: Any) -> list[Decision]:
    """What the agent has decided; it is not asked where it has no verdicts.

    Raises `ValueError` for what its contract forbids: a verdict or a kind of action that there is not, a score without
    a scale, or too many decisions.
    """
    if not agent.verdicts:
        return []
    decisions = [Decision.model_validate(each) for each in agent.decide(report, settings)]
    if len(decisions) > MOST_DECISIONS:
        raise ValueError(f"{agent.key} gave {len(decisions)} decisions; at most {MOST_DECISIONS} of a run are recorded")
    for decision in decisions:
        if decision.verdict not in agent.verdicts:
            raise ValueError(f"{agent.key} came to {decision.verdict!r}; it has {', '.join(agent.verdicts)}")
        if decision.score is not None and (decision.scale or agent.scale) is None:
            raise ValueError(f"{agent.key} gave a score and no scale to read it on")
        for action in decision.actions:
            if action.kind not in ACTIONS:
                raise ValueError(f"{agent.key} proposed {action.kind!r}; there is {', '.join(ACTIONS.keys())}")
            ACTIONS[action.kind].arguments_type.model_validate(action.arguments)
    return decisions


def record_of(
    run: AgentRun,
    agent: Agent[Any, Any, Any],
    held: InForce,
    sources: Iterable[Dataset],
    trained: Mapping[str, Promoted],
    model: Model | None = None,
) -> Record:
    """What the result of a run came from: `held` are the settings in force, `sources` the datasets that were read, and
    `trained` the models trained here that were in use."""
    return Record(
        input_sha256=input_hash(run.input),
        sources=[Source(id=each.pk, name=each.name, rows=each.rows, sha256=each.sha256) for each in sources],
        agent=agent.key,
        agent_version=agent.version,
        settings_version=held.number,
        settings=held.settings.model_dump(mode="json"),
        trained=versions_of(trained),
        model=LanguageModel(name=model.name, version="", prompts={agent.key: agent.version}) if model else None,
        decided_at=timezone.now(),
    )


_COLUMNS: Final = {
    "id": "uuid",
    "position": "int",
    "agent_key": "text",
    "agent_version": "text",
    "verdict": "text",
    "score": "float8",
    "record": "bytea",
}
# Behind the fence, as all that the end of a run writes. While the agent drifts and its watch falls back on people,
# each decision waits for one.
HELD: Final = """exists (
    select from agents_agentwatch w
    where w.agent_key = {agent} and w.falls_back and w.drifting_since is not null
)"""
"""Whether decisions of an agent wait for a person now: SQL, of the agent's key as SQL."""
_DECIDED = f"""
decided as (
    insert into agents_agentdecision (run_id, {", ".join(_COLUMNS)}, created_at, review, override)
    select %(run)s, {", ".join(f"x.{name}" for name in _COLUMNS)}, clock_timestamp(),
        case when {HELD.format(agent="x.agent_key")} then 'wanted' else '' end, ''
    from fenced, unnest({", ".join(f"%(d_{name})s::{kind}[]" for name, kind in _COLUMNS.items())})
        as x ({", ".join(_COLUMNS)})
),
"""  # noqa: S608  # constants of this program


def effects_of(rows: Sequence[AgentDecision]) -> tuple[str, dict[str, Any]]:
    """What records the decisions of a run within `work.conclude`: its effects and their parameters."""
    columns = {f"d_{name}": [getattr(row, name) for row in rows] for name in _COLUMNS}
    columns["d_record"] = [_stored(sealed_for(row, record=row.record)["record"]) for row in rows]
    return _DECIDED, columns


def rows_of(run: AgentRun, agent: Agent[Any, Any, Any], decisions: Sequence[Decision]) -> list[AgentDecision]:
    """The decisions of a run as rows. They are not stored. Keys fall, so that lists with the newest first have them in
    their order."""
    ids = sorted((uuid7() for _ in decisions), reverse=True)
    return [
        AgentDecision(
            id=ids[position],
            run=run,
            position=position,
            agent_key=agent.key,
            agent_version=agent.version,
            verdict=decision.verdict,
            score=decision.score,
            record=decision.model_dump(mode="json", exclude_defaults=True),
        )
        for position, decision in enumerate(decisions)
    ]


def result_sealed(run: AgentRun, output: Any, record: Record | None) -> dict[str, bytes | None]:
    """The payloads of a run's result as they are stored."""
    data = record.model_dump(mode="json") if record else None
    return {
        name: _stored(value) for name, value in sealed_for(AgentResult(run=run), output=output, record=data).items()
    }


def input_sealed(run: AgentRun) -> bytes | None:
    """The input of a run as it is stored."""
    return _stored(sealed_for(run, input=run.input)["input"])


def _stored(payload: Sealed | None) -> bytes | None:
    return payload.stored if payload else None
