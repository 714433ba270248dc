"""Facts that a result is held against: a place in it, an operator and a value, as conditions of workflows have them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final, Literal, Self

from pydantic import BaseModel, Field, model_validator

from apps.common.operators import OPERATORS, UNARY, Operator, fault_of, is_number
from apps.common.paths import NoValue, lookup, path_parse
from apps.common.schemas import StrictModel

ROOTS: Final = ("output", "decision", "decisions", "headline", "problem")
"""What a path begins with: the output as JSON, the first decision, all of them, the headline, why it was refused."""
SHOWN: Final = 300
"""Characters of what was found that are kept."""
MOST_FACTS: Final = 50


class Fact(StrictModel):
    """One thing that should be so. What is not there counts as null."""

    path: str = Field(max_length=300, description="A place, as `output.characteristics[0].charts[0].beyond`.")
    op: Operator | Literal["has", "has no"] = Field(
        default="=", description="`has`: a list has an item like `value`, in all that `value` says of it."
    )
    value: Any = Field(default=None, description="What it is compared with.")
    within: float | None = Field(
        default=None, ge=0, allow_inf_nan=False, description="With `=`: how far a number may be from `value`."
    )
    must: bool = Field(default=True, description="Whether the case fails without it; else it only counts in its score.")
    weight: float = Field(default=1.0, gt=0, le=1000, allow_inf_nan=False, description="How much it counts.")
    note: str = Field(default="", max_length=500, description="Where it comes from: a publication, a person.")

    @model_validator(mode="after")
    def readable(self) -> Self:
        path = path_parse(self.path)
        if path is None or path[0] not in ROOTS:
            raise ValueError(f"`{self.path}` is no place: it begins with {', '.join(ROOTS)}, as `output.verdict`.")
        if fault := fault_of(self.op, self.value):
            raise ValueError(fault)
        if self.op in {"in", "not in"} and not isinstance(self.value, list):
            raise ValueError(f"`{self.op}` takes a list.")
        if self.within is not None and (self.op != "=" or not is_number(self.value)):
            raise ValueError("`within` goes with `=` and a number.")
        return self

    def holds(self, found: Any) -> bool:
        if self.within is not None:
            return is_number(found) and abs(found - self.value) <= self.within
        if self.op in {"has", "has no"}:
            # What is no list fails either way: a place that is not there must not pass for one without the item.
            return isinstance(found, list) and any(is_like(item, self.value) for item in found) == (self.op == "has")
        return OPERATORS[self.op](found, self.value)

    def part_of(self, found: Any) -> Any:
        """What matters of what was found: of the items of a list, what the fact says of one."""
        if self.op in {"has", "has no"} and isinstance(found, list) and isinstance(self.value, dict):
            return [{key: item.get(key) for key in self.value} if isinstance(item, dict) else item for item in found]
        return found

    def __str__(self) -> str:
        """As a line: ``output.verdict = "In control"``."""
        if self.op in UNARY:
            return f"{self.path} {self.op}"
        near = f" ± {self.within:g}" if self.within is not None else ""
        return f"{self.path} {self.op} {shown(self.value)}{near}"


class Judged(BaseModel):
    """A fact, and what was found in its place."""

    text: str
    holds: bool
    must: bool
    weight: float
    found: str
    note: str = ""


def judge(fact: Fact, facts: Mapping[str, Any]) -> Judged:
    found = found_at(fact.path, facts)
    return Judged(
        text=str(fact),
        holds=fact.holds(found),
        must=fact.must,
        weight=fact.weight,
        found=shown(fact.part_of(found)),
        note=fact.note,
    )


def found_at(path: str, facts: Mapping[str, Any]) -> Any:
    """What stands at a path; None where nothing does."""
    parts = path_parse(path)
    try:
        return lookup(facts, parts) if parts else None
    except NoValue:
        return None


def is_like(found: Any, wanted: Any) -> bool:
    """Whether what was found is so in all that is wanted: fields of objects, members of lists, one of several."""
    if isinstance(wanted, dict):
        return isinstance(found, dict) and all(is_like(found.get(key), value) for key, value in wanted.items())
    if isinstance(wanted, list):
        if isinstance(found, list):
            return all(any(is_like(item, each) for item in found) for each in wanted)
        return any(is_like(found, each) for each in wanted)
    return OPERATORS["="](found, wanted)


def shown(value: Any) -> str:
    """A value in a line, cut where it is long."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 1]}…"
