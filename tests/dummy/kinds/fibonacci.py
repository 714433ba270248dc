"""A step that computes: what systems of the field are measured by."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from apps.workflows.definition import Step
from apps.workflows.values import Compiled


class Fibonacci(Step):
    """Gives the Fibonacci number of `n`, by calling itself."""

    kind: Literal["dummy.fibonacci"] = "dummy.fibonacci"
    n: int = Field(ge=0, le=30)

    label, icon, inline = "Fibonacci number", "sum", True

    def gives(self) -> dict[str, Any]:
        return {"type": "integer"}

    def compile(self) -> Compiled:
        return lambda env: fibonacci(self.n)


def fibonacci(n: int) -> int:
    return n if n < 2 else fibonacci(n - 1) + fibonacci(n - 2)
