"""Steps that others carry out: an agent, another system, another workflow. And waiting."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from apps.workflows.definition import Name, Slug, Step, Value
from apps.workflows.durations import Duration
from apps.workflows.values import Compiled, Env, value_compile


class AgentStep(Step):
    """An agent looks at data and decides. It changes nothing outside."""

    kind: Literal["agent"] = "agent"
    agent: str = Field(max_length=100, description="Key of the agent.", json_schema_extra={"picks": "agent"})
    input: dict[str, Value] = Field(
        default={}, description="What the agent takes.", json_schema_extra={"takes": "agent"}
    )

    label, icon = "Agent", "robot"

    def values(self) -> Iterator[tuple[str, Any]]:
        yield "input", self.input

    def compile(self) -> Compiled:
        return value_compile(self.input)


class Http(Step):
    """A request to another system. It is sent with an idempotency key, and never blindly a second time."""

    kind: Literal["http"] = "http"
    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"] = "POST"
    url: Value = Field(title="Address", json_schema_extra={"wants": {"type": "string"}})
    headers: dict[str, Value] = Field(default={}, max_length=50)
    body: Value = None
    repeatable: bool = Field(
        default=False, description="Whether the other side honours the idempotency key: then it may be sent again."
    )

    label, icon = "HTTP request", "world-upload"
    has_effect = can_undo = True

    def values(self) -> Iterator[tuple[str, Any]]:
        yield "url", self.url
        yield "headers", self.headers
        yield "body", self.body

    def gives(self) -> dict[str, Any]:
        return {
            "type": "object",
            "properties": {"status": {"type": "integer"}, "headers": {"type": "object"}, "body": {}},
            "required": ["status", "headers", "body"],
        }

    def compile(self) -> Compiled:
        return value_compile({"method": self.method, "url": self.url, "headers": self.headers, "body": self.body})


class SubWorkflow(Step):
    """Another workflow runs, and gives its outputs."""

    kind: Literal["workflow"] = "workflow"
    workflow: Slug = Field(json_schema_extra={"picks": "workflow"})
    inputs: dict[Name, Value] = Field(default={}, max_length=50, json_schema_extra={"takes": "workflow"})

    label, icon = "Workflow", "hierarchy-2"
    has_effect = can_undo = True

    def values(self) -> Iterator[tuple[str, Any]]:
        yield "inputs", self.inputs

    def compile(self) -> Compiled:
        return value_compile(self.inputs)


class Wait(Step):
    """Nothing happens for a while, or until a moment. It holds no worker."""

    kind: Literal["wait"] = "wait"
    duration: Duration | None = None
    until: Value = Field(
        default=None,
        description="A moment: ISO 8601, with its offset from UTC.",
        json_schema_extra={"wants": {"type": "string", "format": "date-time"}},
    )

    label, icon = "Wait", "clock"

    @model_validator(mode="after")
    def one_of(self) -> Self:
        if (self.duration is None) == (self.until is None):
            raise ValueError("Give either `duration` or `until`.")
        return self

    def values(self) -> Iterator[tuple[str, Any]]:
        yield "until", self.until

    def gives(self) -> dict[str, Any]:
        return {"type": "object", "properties": {"until": {"type": "string"}}, "required": ["until"]}

    def due(self, asked: Any, now: datetime) -> datetime | None:
        return asked if isinstance(asked, datetime) else now + asked

    def overdue(self, due: datetime) -> Any:
        return {"until": due.isoformat()}

    def compile(self) -> Compiled:
        """What is asked is a duration, or a moment."""
        if self.duration is not None:
            duration: timedelta = self.duration
            return lambda env: duration
        until = value_compile(self.until)

        def moment(env: Env) -> datetime:
            text = until(env)
            try:
                at = datetime.fromisoformat(text)
            except (TypeError, ValueError):
                raise ValueError(f"`until` is {text!r}: write a moment as 2026-03-01T08:00:00Z.") from None
            if at.tzinfo is None:
                raise ValueError(f"`until` is {text!r} and does not say in which time zone: end it with Z or +01:00.")
            return at

        return moment
