"""Conditions are data: groups of tests on fields. Compiled once per version, evaluated inline, told as a sentence."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Annotated, Any, Final, Self, cast

from pydantic import Discriminator, Field, Tag, model_validator

from apps.common.operators import OPERATORS, UNARY, Operator, fault_of
from apps.common.paths import NoValue
from apps.common.schemas import StrictModel
from apps.workflows.values import BadValue, Compiled, Env, Reference, shown, text_parse, value_compile

DEEPEST: Final = 6
MOST_TESTS: Final = 100
WORDS: Final[dict[str, str]] = {
    "=": "is",
    "!=": "is not",
    "<": "is less than",
    "<=": "is at most",
    ">": "is more than",
    ">=": "is at least",
    "in": "is one of",
    "not in": "is none of",
    "contains": "contains",
    "does not contain": "does not contain",
    "starts with": "starts with",
    "ends with": "ends with",
    "between": "is between",
    "is empty": "is empty",
    "is not empty": "is not empty",
}
"""The operators as a sentence has them."""
DATE_WORDS: Final[dict[str, str]] = {"<": "is before", "<=": "is not after", ">": "is after", ">=": "is not before"}
"""Those that a sentence about dates has otherwise."""

Naming = Callable[[Reference], str]
"""What a reference is called."""

_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d([T ].*)?")


class Test(StrictModel):
    """One comparison. A field that is missing counts as null."""

    __test__ = False  # the word of the field, and none of pytest's

    field: str = Field(max_length=300, description="A reference, as `${inputs.amount}`.")
    op: Operator
    value: Any = Field(default=None, description="What it is compared with: a literal or another reference.")

    @model_validator(mode="after")
    def readable(self) -> Self:
        parts = text_parse(self.field)
        if len(parts) != 1 or not isinstance(parts[0], Reference):
            raise ValueError("A test looks at one reference: write the field as `${inputs.name}`.")
        value_compile(self.value)
        if fault := fault_of(self.op, self.value):
            raise ValueError(fault)
        if self.op in {"in", "not in"} and not isinstance(self.value, list | str):
            raise ValueError(f"`{self.op}` takes a list, or a reference to one.")
        return self

    @property
    def reference(self) -> Reference:
        return cast("Reference", text_parse(self.field)[0])


class Group(StrictModel):
    """Several conditions together. Exactly one of the three; an empty `all` holds, an empty `any` does not."""

    all: list[Condition] | None = None
    any: list[Condition] | None = None
    none: list[Condition] | None = None

    @model_validator(mode="after")
    def one_kind(self) -> Self:
        if sum(each is not None for each in (self.all, self.any, self.none)) != 1:
            raise ValueError("A group has one of `all`, `any` or `none`.")
        return self

    @property
    def word(self) -> str:
        return "all" if self.all is not None else "any" if self.any is not None else "none"

    @property
    def parts(self) -> list[Condition]:
        return next(each for each in (self.all, self.any, self.none) if each is not None)


def _form(value: object) -> str:
    given = value if isinstance(value, dict) else vars(value) if isinstance(value, Test | Group) else {}
    return "test" if "field" in given or "op" in given else "group"


Condition = Annotated[Annotated[Test, Tag("test")] | Annotated[Group, Tag("group")], Discriminator(_form)]
Group.model_rebuild()


def every_test(condition: Test | Group, place: str) -> Iterator[tuple[str, Test]]:
    """Every test with its place. Raises `BadValue` for a condition that is too deep or too long."""
    for count, (at, test, depth) in enumerate(_walk(condition, place, 0), 1):
        if depth > DEEPEST or count > MOST_TESTS:
            raise BadValue(f"A condition has at most {DEEPEST} levels and {MOST_TESTS} tests.")
        yield at, test


def condition_compile(condition: Test | Group) -> Callable[[Env], bool]:
    """A function that tells whether the condition holds. It never raises: what cannot be compared does not hold."""
    if isinstance(condition, Test):
        return _test_compile(condition)
    parts = [condition_compile(part) for part in condition.parts]
    if condition.word == "all":
        return lambda env: all(part(env) for part in parts)
    if condition.word == "any":
        return lambda env: any(part(env) for part in parts)
    return lambda env: not any(part(env) for part in parts)


def condition_sentence(condition: Test | Group, *, named: Naming | None = None, nested: bool = False) -> str:
    """The condition in words: ``amount is more than 100, and country is one of DE or FR``.

    `named` tells what a reference is called; left out, it is the words of its path.
    """
    naming = named or _name
    if isinstance(condition, Test):
        return _test_sentence(condition, naming)
    if not condition.parts:
        return "always" if condition.word != "any" else "never"
    is_compound = any(isinstance(part, Group) and len(part.parts) > 1 for part in condition.parts)
    link = " or " if condition.word != "all" else " and "
    joined = (f",{link}" if is_compound else link).join(
        condition_sentence(part, named=naming, nested=len(condition.parts) > 1) for part in condition.parts
    )
    if condition.word == "none":
        return f"it is not so that {joined}" if not nested else f"it is not so that ({joined})"
    return _gathered(condition, joined) if nested and len(condition.parts) > 1 else joined


def _gathered(group: Group, joined: str) -> str:
    """A group within another: of two simple ones "both" and "either" say where it begins, else brackets do."""
    if len(group.parts) == 2 and all(isinstance(part, Test) for part in group.parts):
        return f"{'both' if group.word == 'all' else 'either'} {joined}"
    return f"({joined})"


def _walk(condition: Test | Group, place: str, depth: int) -> Iterator[tuple[str, Test, int]]:
    if isinstance(condition, Test):
        yield place, condition, depth
        return
    if depth > DEEPEST:
        raise BadValue(f"A condition has at most {DEEPEST} levels and {MOST_TESTS} tests.")
    for n, part in enumerate(condition.parts):
        at = f"{condition.word}.{n}"
        yield from _walk(part, f"{place}.{at}" if place else at, depth + 1)


def _test_compile(test: Test) -> Callable[[Env], bool]:
    left, right, holds = value_compile(test.field), value_compile(test.value), OPERATORS[test.op]
    return lambda env: holds(_value(left, env), _value(right, env))


def _value(compiled: Compiled, env: Env) -> Any:
    try:
        return compiled(env)
    except (NoValue, ValueError):
        return None


def _test_sentence(test: Test, named: Naming) -> str:
    name, words = _within(named(test.reference)), WORDS[test.op]
    if test.op in UNARY:
        return f"{name} {words}"
    if test.op == "between":
        low, high = test.value
        return f"{name} {words} {_spoken(low, named)} and {_spoken(high, named)}"
    if test.op in {"in", "not in"} and isinstance(test.value, list):
        if len(test.value) == 1:
            words = WORDS["=" if test.op == "in" else "!="]
        return f"{name} {words} {_listed([_spoken(each, named) for each in test.value])}"
    if isinstance(test.value, str) and _DATE.fullmatch(test.value):
        words = DATE_WORDS.get(test.op, words)
    return f"{name} {words} {_spoken(test.value, named)}"


def _within(name: str) -> str:
    """A name within a sentence: ``IBAN`` stays as it is."""
    return name if name[1:2].isupper() else name[:1].lower() + name[1:]


def _listed(said: list[str]) -> str:
    return " or ".join(filter(None, [", ".join(said[:-1]), said[-1]])) if said else "nothing"


def _spoken(value: Any, named: Naming) -> str:
    """A value as people say it: a reference by what it names, texts as they are, nothing as `nothing`."""
    if isinstance(value, str):
        parts = text_parse(value)
        return "".join(part if isinstance(part, str) else _within(named(part)) for part in parts) or "an empty text"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    return "nothing" if value is None else shown(value)


def _name(reference: Reference) -> str:
    words = [str(part) for part in reference.path[1:] or reference.path]
    return " ".join(word.replace("_", " ") for word in words)
