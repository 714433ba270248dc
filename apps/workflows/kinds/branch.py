"""Choose which steps go on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

from pydantic import Field

from apps.common.schemas import StrictModel
from apps.workflows.conditions import Condition, Group, Test, condition_compile
from apps.workflows.definition import Name, Step, Value
from apps.workflows.values import Compiled, Env, shown, value_compile

CHOICE = {
    "type": "object",
    "properties": {"case": {"type": "string"}, "go": {"type": "array", "items": {"type": "string"}}},
    "required": ["case", "go"],
}
"""What a step gives that chooses: which case it was, and the steps that go on."""


class Case(StrictModel):
    title: str = Field(default="", max_length=100)
    when: Condition
    go: list[Name] = Field(max_length=50, title="Goes on with")


class Branch(Step):
    """The first case that holds says which steps go on; those of the others are skipped."""

    kind: Literal["branch"] = "branch"
    cases: list[Case] = Field(min_length=1, max_length=50)
    otherwise: list[Name] = Field(default=[], max_length=50, title="Otherwise goes on with")

    label, icon, inline = "Branch", "arrows-split", True

    def targets(self) -> list[str]:
        return _distinct([name for case in self.cases for name in case.go] + self.otherwise)

    def conditions(self) -> Iterator[tuple[str, Test | Group]]:
        yield from super().conditions()
        yield from ((f"cases.{n}.when", case.when) for n, case in enumerate(self.cases))

    def gives(self) -> dict[str, Any]:
        return CHOICE

    def compile(self) -> Compiled:
        cases = [
            (condition_compile(case.when), {"case": case.title or f"case {n}", "go": case.go})
            for n, case in enumerate(self.cases, 1)
        ]
        otherwise = {"case": "otherwise", "go": self.otherwise}
        return lambda env: next((choice for holds, choice in cases if holds(env)), otherwise)


class Switch(Step):
    """Like a branch, by the value of one thing."""

    kind: Literal["switch"] = "switch"
    of: Value = Field(title="By the value of")
    cases: dict[str, list[Name]] = Field(min_length=1, max_length=100, description="Steps by value, as text.")
    otherwise: list[Name] = Field(default=[], max_length=50, title="Otherwise goes on with")

    label, icon, inline = "Switch", "arrows-split-2", True

    def values(self) -> Iterator[tuple[str, Any]]:
        yield "of", self.of

    def targets(self) -> list[str]:
        return _distinct([name for go in self.cases.values() for name in go] + self.otherwise)

    def gives(self) -> dict[str, Any]:
        return CHOICE

    def compile(self) -> Compiled:
        of = value_compile(self.of)
        cases = {value: {"case": value, "go": go} for value, go in self.cases.items()}
        otherwise = {"case": "otherwise", "go": self.otherwise}

        def choose(env: Env) -> Any:
            value = of(env)
            return cases.get(shown(value), otherwise)

        return choose


class Parallel(Step):
    """Several steps at the same time. A step that names them all in `after` waits for all of them."""

    kind: Literal["parallel"] = "parallel"
    go: list[Name] = Field(min_length=1, max_length=50, title="Goes on with")

    label, icon, inline = "Parallel", "arrows-split-2", True

    def targets(self) -> list[str]:
        return _distinct(self.go)

    def gives(self) -> dict[str, Any]:
        return CHOICE

    def compile(self) -> Compiled:
        choice = {"case": "all", "go": self.go}
        return lambda env: choice


def _distinct(names: list[str]) -> list[str]:
    return list(dict.fromkeys(names))
