"""End a run before its last step."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

from pydantic import Field

from apps.workflows.definition import Step, Value
from apps.workflows.values import Compiled, value_compile


class Stop(Step):
    """Ends the run, as a success or as a failure, and says why."""

    kind: Literal["stop"] = "stop"
    as_: Literal["succeeded", "failed"] = Field(
        default="failed",
        alias="as",
        title="The run has",
        json_schema_extra={"labels": {"succeeded": "Succeeded", "failed": "Failed"}},
    )
    reason: Value = Field(default="", json_schema_extra={"wants": {"type": "string"}})

    label, icon, inline = "Stop", "player-stop", True

    def values(self) -> Iterator[tuple[str, Any]]:
        yield "reason", self.reason

    def gives(self) -> dict[str, Any]:
        return {"type": "object", "properties": {"as": {"type": "string"}, "reason": {"type": "string"}}}

    def compile(self) -> Compiled:
        return value_compile({"as": self.as_, "reason": self.reason})
