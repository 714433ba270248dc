"""What the API says about agents and runs."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from apps.agents.contract import Agent, ModelCard
from apps.agents.models import AgentRun
from apps.common.errors import Issue
from apps.common.schemas import StrictModel

Status = Literal["queued", "running", "succeeded", "failed", "cancelled"]


class AgentOut(BaseModel):
    key: str
    title: str
    version: str
    industry: str
    summary: str
    input_schema: dict[str, Any] = Field(description="JSON Schema of `input`.")
    output_schema: dict[str, Any] = Field(description="JSON Schema of `output`.")
    examples: list[dict[str, Any]] = Field(description="Inputs that work.")
    card: ModelCard | None = Field(description="What the agent was measured on, and how well it did.")

    @classmethod
    def of(cls, agent: Agent[Any, Any, Any]) -> AgentOut:
        return cls(
            key=agent.key,
            title=agent.title,
            version=agent.version,
            industry=agent.industry,
            summary=agent.summary,
            input_schema=agent.input_type.model_json_schema(),
            output_schema=agent.output_type.model_json_schema(),
            examples=[example.input for example in agent.examples],
            card=agent.card(),
        )


class AgentList(BaseModel):
    results: list[AgentOut]


class RunStart(StrictModel):
    """A run to start. With a file, send multipart: `file`, and this object's `input` as a JSON part."""

    input: dict[str, Any] = Field(default_factory=dict, description="The agent's input; see its `input_schema`.")


class RunProblem(BaseModel):
    """Why a run failed."""

    code: str
    title: str
    detail: str
    remedy: str = ""
    issues: list[Issue] = []


class RunOut(BaseModel):
    id: UUID
    ref: str = Field(description="The number people use.", examples=["R-12"])
    agent: str
    agent_version: str
    status: Status
    seq: int = Field(description="Rises with every change of the run; events carry it too.")
    done: int = Field(description="Units of work done, of `total`; both 0 while unknown.")
    total: int
    note: str = Field(description="What the agent is doing, in words.")
    headline: str = Field(description="The result in one line; empty until the run has succeeded.")
    source: str = Field(description="Name of the dataset that was used.")
    problem: RunProblem | None = Field(description="Why the run failed; null otherwise.")
    cancel_requested: bool
    attempts: int = Field(description="How many workers took it up: more than 1 after a worker died.")
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None

    @classmethod
    def of(cls, run: AgentRun) -> RunOut:
        return cls.model_validate(cls._fields(run))

    @staticmethod
    def _fields(run: AgentRun) -> dict[str, Any]:
        same = ("id", "ref", "agent_version", "status", "seq", "done", "total", "note", "headline", "source", "problem")
        more = ("attempts", "created_at", "started_at", "finished_at")
        return {
            **{name: getattr(run, name) for name in (*same, *more)},
            "agent": run.agent_key,
            "cancel_requested": run.cancel_requested_at is not None,
        }


class RunDetail(RunOut):
    output: Any = Field(
        description="The result, as the agent's `output_schema` says; null until the run has succeeded."
    )

    @classmethod
    def of_output(cls, run: AgentRun, output: Any) -> RunDetail:
        return cls.model_validate({**cls._fields(run), "output": output})
