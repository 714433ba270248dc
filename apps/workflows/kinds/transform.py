"""Make data of data."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

from pydantic import Field

from apps.workflows.definition import Step, Value
from apps.workflows.json_schemas import schema_of_value
from apps.workflows.values import Compiled, value_compile


class Transform(Step):
    """Gives an object whose fields are computed from what is there."""

    kind: Literal["transform"] = "transform"
    set: dict[str, Value] = Field(
        min_length=1, max_length=200, title="Fields", description="What the output has, by name."
    )

    label, icon, inline = "Transform", "transform", True

    def values(self) -> Iterator[tuple[str, Any]]:
        yield "set", self.set

    def gives(self) -> dict[str, Any]:
        return schema_of_value(self.set)

    def compile(self) -> Compiled:
        return value_compile(self.set)
