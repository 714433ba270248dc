"""What the API says about agents and runs, and what it takes."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from django.core.files.uploadedfile import UploadedFile
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from apps.agents.contract import Agent, ModelCard
from apps.agents.models import AgentRun
from apps.common.errors import Issue
from apps.common.schemas import StrictModel
from apps.console.schemaforms.texts import json_object
from apps.gateway.pagination import Created

Status = Literal["queued", "running", "succeeded", "failed", "cancelled"]
LONGEST_WAIT = 60
"""Seconds that a reader of a run may have its answer held back."""

_CARD: dict[str, Any] = {
    "intended_use": "Tables of items with a figure each.",
    "limits": ["It knows nothing of what is not in the table."],
    "data": "359 tables in which what stands out is known",
    "command": "python3 run.py bench outliers",
    "measured_on": "2026-11-25",
    "machine": "2 cores",
    "measures": [{"name": "Found", "value": 96.0, "unit": "%", "bar": "at least 95", "note": ""}],
}
_AGENT: dict[str, Any] = {
    "key": "example.outlier_finder",
    "title": "Outlier Finder",
    "version": "1.0",
    "industry": "example",
    "summary": "Finds the figures of a table that stand out, and says how far.",
    "table_field": "items",
    "input_schema": {"type": "object", "properties": {"most": {"type": "integer"}}},
    "output_schema": {"type": "object", "properties": {"found": {"type": "array"}}},
    "settings_schema": {"type": "object", "properties": {}},
    "examples": [{"items": {"rows": [{"item": "A", "figure": 12}]}, "most": 13}],
    "card": _CARD,
}
_RUN: dict[str, Any] = {
    "id": "0192f3a4-b5c6-7d8e-9f00-112233445566",
    "ref": "R-12",
    "agent": "example.outlier_finder",
    "agent_version": "1.0",
    "status": "running",
    "seq": 7,
    "done": 120,
    "total": 359,
    "note": "Looking at 120",
    "headline": "",
    "verdict": "",
    "source": "Figures of the week",
    "answered_from": None,
    "worked_out_at": None,
    "problem": None,
    "cancel_requested": False,
    "attempts": 1,
    "started_by": "analyst@acme.example",
    "created_at": "2026-11-25T16:40:00Z",
    "started_at": "2026-11-25T16:40:01Z",
    "finished_at": None,
}
_ENDED: dict[str, Any] = {
    "status": "succeeded",
    "seq": 31,
    "done": 359,
    "note": "",
    "headline": "3 of 359 figures stand out",
    "finished_at": "2026-11-25T16:40:44Z",
    "output": {"found": [], "looked_at": 359},
}


class AgentOut(BaseModel):
    model_config = ConfigDict(json_schema_extra={"examples": [_AGENT]})

    key: str
    title: str
    version: str
    industry: str
    summary: str
    table_field: str = Field(description="The part of `input` that a file feeds; empty for an agent without a table.")
    input_schema: dict[str, Any] = Field(description="JSON Schema of `input`.")
    output_schema: dict[str, Any] = Field(description="JSON Schema of `output`.")
    settings_schema: dict[str, Any] = Field(description="JSON Schema of its settings; see its configuration.")
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
            table_field=agent.table_field,
            input_schema=agent.input_type.model_json_schema(),
            output_schema=agent.output_type.model_json_schema(),
            settings_schema=agent.settings_type.model_json_schema(),
            examples=[example.input for example in agent.examples],
            card=agent.card(),
        )


class AgentList(BaseModel):
    model_config = ConfigDict(json_schema_extra={"examples": [{"items": [_AGENT]}]})

    items: list[AgentOut]


class RunStart(StrictModel):
    """A run to start."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"input": _AGENT["examples"][0]}]})

    input: dict[str, Any] = Field(default_factory=dict, description="The agent's input; see its `input_schema`.")
    fresh: bool = Field(
        default=False, description="Have it worked out, even where the result of an equal run before it is at hand."
    )


MOST_STARTS = 100
"""Runs that one request may start: an agent looks at each input first, which takes some hundredths of a second."""
MOST_CANCELLED = 100


class RunsStart(StrictModel):
    """Runs to start: one for each input."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"inputs": _AGENT["examples"]}]})

    inputs: list[dict[str, Any]] = Field(
        min_length=1, max_length=MOST_STARTS, description="The agent's inputs; see its `input_schema`."
    )


class RunsCancel(StrictModel):
    """Runs to cancel."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"ids": [_RUN["id"]]}]})

    ids: list[UUID] = Field(min_length=1, max_length=MOST_CANCELLED)


class RunCancelled(BaseModel):
    """What became of the wish to cancel a run."""

    id: UUID
    outcome: Literal["cancelled", "cancelling", "ended", "not_found"] = Field(
        description="`cancelling`: at the next progress of its agent. `ended`: it had ended before."
    )


class RunsCancelled(BaseModel):
    model_config = ConfigDict(json_schema_extra={"examples": [{"items": [{"id": _RUN["id"], "outcome": "cancelled"}]}]})

    items: list[RunCancelled] = Field(description="In the order of `ids`.")


def _part(sent: Any) -> Any:
    """The JSON object in a part of a form."""
    return json_object(sent if isinstance(sent, str) else "")


class RunUpload(StrictModel):
    """A run to start on a file, sent as a form. The file is kept as a dataset."""

    model_config = ConfigDict(
        arbitrary_types_allowed=True,
        json_schema_extra={"examples": [{"file": "item,week,sold\nTea,2026-01-05,12\n", "input": '{"horizon": 13}'}]},
    )

    file: Annotated[UploadedFile, WithJsonSchema({"type": "string", "format": "binary"})] = Field(  # type: ignore[type-arg]
        description="CSV, XLSX or Parquet: the agent's table. Its first row names the columns."
    )
    input: Annotated[
        dict[str, Any],
        BeforeValidator(_part),
        WithJsonSchema({"type": "string", "contentMediaType": "application/json", "default": "{}"}),
    ] = Field(default_factory=dict, description="The rest of the agent's input, as JSON.")
    sheet: str = Field(default="", max_length=100, description="The sheet of a workbook; by default its first.")


class RunsQuery(Created):
    """How a list of runs is narrowed."""

    status: Literal["", "queued", "running", "succeeded", "failed", "cancelled"] = ""
    agent: str = Field(default="", max_length=100)
    verdict: str = Field(default="", max_length=40)


class RunQuery(BaseModel):
    """How a run is read."""

    wait: float = Field(default=0, ge=0, le=LONGEST_WAIT, allow_inf_nan=False)


class RunProblem(BaseModel):
    """Why a run failed."""

    code: str
    title: str
    detail: str
    remedy: str = ""
    issues: list[Issue] = []


class RunOut(BaseModel):
    model_config = ConfigDict(json_schema_extra={"examples": [_RUN]})

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
    verdict: str = Field(description="Of its first decision, as it stands; empty until then, or where it has none.")
    source: str = Field(description="Name of the dataset that was used.")
    answered_from: UUID | None = Field(
        description="The run that has worked its result out, where that was at hand; null where it did so itself."
    )
    worked_out_at: datetime | None = Field(description="When that was; null where it did so itself.")
    problem: RunProblem | None = Field(description="Why the run failed; null otherwise.")
    cancel_requested: bool
    attempts: int = Field(description="How many workers took it up: more than 1 after a worker died or was stopped.")
    started_by: str | None = Field(description="Address of the member who started it; null for a program's own.")
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None

    @classmethod
    def of(cls, run: AgentRun) -> RunOut:
        return cls.model_validate(cls._fields(run))

    @staticmethod
    def _fields(run: AgentRun) -> dict[str, Any]:
        same = ("id", "ref", "agent_version", "status", "seq", "done", "total", "note", "headline", "source", "problem")
        more = ("verdict", "attempts", "created_at", "started_at", "finished_at")
        return {
            **{name: getattr(run, name) for name in (*same, *more)},
            "agent": run.agent_key,
            "answered_from": run.answered_from_id,
            "worked_out_at": run.worked_out_at,
            "cancel_requested": run.cancel_requested_at is not None,
            "started_by": run.created_by.email if run.created_by else None,
        }


class RunsStarted(BaseModel):
    model_config = ConfigDict(json_schema_extra={"examples": [{"items": [_RUN | {"status": "queued", "seq": 1}]}]})

    items: list[RunOut] = Field(description="In the order of the inputs.")


class RunDetail(RunOut):
    model_config = ConfigDict(json_schema_extra={"examples": [_RUN | _ENDED]})

    output: Any = Field(
        description="The result, as the agent's `output_schema` says; null until the run has succeeded."
    )

    @classmethod
    def of_output(cls, run: AgentRun, output: Any) -> RunDetail:
        return cls.model_validate({**cls._fields(run), "output": output})
