"""Cases of evaluations as data, and those that the product ships: `tests/evals/<industry>/<agent>.yaml`."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, Final, Self

import yaml
from django.conf import settings
from pydantic import Field, TypeAdapter, ValidationError, model_validator

from apps.agents.contract import Agent
from apps.agents.evaluations.facts import MOST_FACTS, ROOTS, Fact
from apps.common.operators import is_number
from apps.common.paths import path_parse
from apps.common.schemas import StrictModel

MOST_TOLD: Final = 5
"""Faults of a file that are told at once."""
AnyAgent = Agent[Any, Any, Any]


class Case(StrictModel):
    """An input, and what an agent should make of it.

    The input is `input` alone, or laid over one of the agent's examples, over what a function makes, or over a table.
    """

    name: str = Field(min_length=1, max_length=100)
    note: str = Field(default="", max_length=1000, description="What it shows, and where it comes from.")
    input: dict[str, Any] = {}
    example: str = Field(default="", description="Title of an example of the agent.")
    made_by: str = Field(
        default="", pattern=r"^([a-z_]+\.[a-z_]+)?$", description="A function of the industry's analytics."
    )
    given: dict[str, Any] = Field(default={}, description="What the function is called with.")
    table: dict[str, list[Any]] = Field(default={}, description="The agent's table, column by column.")
    settings: dict[str, Any] = Field(default={}, description="Settings that hold for it, whatever is evaluated.")
    slow: bool = Field(default=False, description="Takes more than a second or two: no everyday test.")
    expect: list[Fact] = Field(min_length=1, max_length=MOST_FACTS)
    scores: dict[str, str] = Field(default={}, description="Figures to look at side by side: name, and place.")

    @model_validator(mode="after")
    def readable(self) -> Self:
        if sum(map(bool, (self.example, self.made_by, self.table))) > 1:
            raise ValueError("Of `example`, `made_by` and `table`, give one.")
        for place in self.scores.values():
            path = path_parse(place)
            if path is None or path[0] not in ROOTS:
                raise ValueError(f"`{place}` is no place: it begins with {', '.join(ROOTS)}.")
        return self

    def data(self, agent: AnyAgent) -> dict[str, Any]:
        """The input as the agent is given it. Raises `LookupError` for an example or a function that is not there."""
        if self.example:
            found = next((each.input for each in agent.examples if each.title == self.example), None)
            if found is None:
                raise LookupError(f"{agent.title} has no example “{self.example}”.")
            return {**found, **self.input}
        if self.made_by:
            made = _maker(agent, self.made_by)(**self.given)
            return {**(_tabled(agent, made) if isinstance(made, list) else made), **self.input}
        if self.table:
            names, columns = list(self.table), self.table.values()
            rows = [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]
            return {**_tabled(agent, rows), **self.input}
        return self.input


def _tabled(agent: AnyAgent, rows: list[Any]) -> dict[str, Any]:
    return {agent.table_field: {"rows": rows}}


def _maker(agent: AnyAgent, name: str) -> Callable[..., Any]:
    """The function `module.function` in the package of analytics beside the agent's own."""
    module, _, function = name.partition(".")
    pack = type(agent).__module__.rpartition(".agents")[0]
    try:
        found: Callable[..., Any] = getattr(import_module(f"{pack}.analytics.{module}"), function)
    except (ImportError, AttributeError) as error:
        raise LookupError(f"There is no function `{name}` in {pack}.analytics.") from error
    return found


class CasesUnreadable(Exception):
    """A file of cases that cannot be used; the text says where in it."""


def case_file(agent: AnyAgent) -> Path:
    """Where the cases of an agent lie that ship with the product."""
    industry, _, name = agent.key.partition(".")
    folder: Path = settings.EVALUATIONS
    return folder / industry / f"{name}.yaml"


def cases_shipped(agent: AnyAgent) -> list[Case]:
    """The cases of an agent that ship with the product, in their order; none where there is no file."""
    return list(_read(case_file(agent)))


@cache
def _read(path: Path) -> tuple[Case, ...]:
    if not path.exists():
        return ()
    try:
        found = TypeAdapter(list[Case]).validate_python(yaml.safe_load(path.read_text()))
    except yaml.YAMLError as error:
        raise CasesUnreadable(f"{path.name}: {error}") from error
    except ValidationError as error:
        told = "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors()[:MOST_TOLD])
        raise CasesUnreadable(f"{path.name}: {told}") from None
    names = [case.name for case in found]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise CasesUnreadable(f"{path.name}: there are several cases “{twice[0]}”; give each a name of its own.")
    return tuple(found)


def scores_of(places: dict[str, str], found: Callable[[str], Any]) -> dict[str, float | None]:
    """The figures that a case names; None where there is no number."""
    values = {name: found(place) for name, place in places.items()}
    return {name: float(value) if is_number(value) else None for name, value in values.items()}
