"""Runs that other work waits for: a step of a workflow begins them, and is signalled when they end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from pydantic import BaseModel

from apps.agents import services
from apps.agents.contract import Agent
from apps.agents.inputs import source_name
from apps.agents.models import AgentRun
from apps.common import work
from apps.datasets.selectors import dataset_by_id


@dataclass(frozen=True)
class Call:
    """A run to be accepted, with an input that its agent's model has validated, and the work that waits for its end."""

    id: UUID
    agent: Agent[Any, Any, Any]
    data: BaseModel
    caller_kind: str
    caller: UUID
    user_id: UUID | None
    is_demo: bool = False


def runs_begin(*, calls: Sequence[Call], origin: str) -> None:
    """Accept runs in the transaction of the work that calls. Nobody looks at their inputs before they run."""
    runs = [
        AgentRun(
            id=call.id,
            agent_key=call.agent.key,
            agent_version=call.agent.version,
            input=call.data.model_dump(mode="json", exclude_defaults=True),
            source=source_name(call.agent, call.data, dataset_by_id),
            created_by_id=call.user_id,
            origin=origin,
            caller_kind=call.caller_kind,
            caller=call.caller,
            is_demo=call.is_demo,
        )
        for call in calls
    ]
    AgentRun.objects.bulk_create(runs)
    work.schedule_many(services.KIND, [run.id for run in runs])
