"""A step that somebody else carries out: an agent of the industry, under a name that people in its field know."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

from pydantic import Field

from apps.workflows.definition import Step, Value
from apps.workflows.values import Compiled, value_compile


class Number(Step):
    """Has the agent Idle look at a number."""

    kind: Literal["dummy.number"] = "dummy.number"
    of: Value = Field(description="The number.")

    label, icon = "Look at a number", "sum"

    def values(self) -> Iterator[tuple[str, Any]]:
        yield "of", self.of

    def gives(self) -> dict[str, Any]:
        return {"type": "object", "properties": {"value": {"type": "number"}}}

    def compile(self) -> Compiled:
        return value_compile(self.of)
