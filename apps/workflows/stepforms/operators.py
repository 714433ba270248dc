"""The operators that fit a type, in words."""

from __future__ import annotations

from typing import Any, Final, Literal

from apps.common.operators import OPERATORS, UNARY
from apps.workflows.conditions import DATE_WORDS, WORDS
from apps.workflows.json_schemas import Schema, types_of
from apps.workflows.stepforms.modes import choices_of, plain_schema
from apps.workflows.stepforms.nodes import Choice
from apps.workflows.stepforms.posts import ABSENT

Takes = Literal["nothing", "one", "list", "pair"]
"""How many values an operator compares with."""

_EMPTY: Final = ("is empty", "is not empty")
_ORDER: Final = ("=", "!=", ">=", ">", "<=", "<", "between")
_LISTED: Final = ("in", "not in")
_PARTS: Final = ("contains", "does not contain")


def takes_of(op: str) -> Takes:
    if op in UNARY:
        return "nothing"
    return "pair" if op == "between" else "list" if op in _LISTED else "one"


def operators_for(schema: Schema, chosen: str) -> list[Choice]:
    """Those that compare values of a schema, with the chosen one even where it does not."""
    fitting = list(_fitting(schema))
    if chosen not in fitting:
        fitting.append(chosen)
    words = {**WORDS, **DATE_WORDS} if _is_date(schema) else WORDS
    return [Choice(op, words.get(op, op), chosen=op == chosen) for op in fitting]


def _fitting(schema: Schema) -> tuple[str, ...]:
    types = types_of(schema) - {"null"}
    if choices_of(schema):
        return ("=", "!=", *_LISTED, *_EMPTY)
    if types and types <= {"number", "integer"}:
        return (*_ORDER, *_LISTED, *_EMPTY)
    if types == {"boolean"}:
        return ("=", "!=", *_EMPTY)
    if types == {"array"}:
        return (*_PARTS, *_EMPTY)
    if types == {"object"}:
        return _EMPTY
    if _is_date(schema):
        return (*_ORDER, *_EMPTY)
    if types == {"string"}:
        return ("=", "!=", *_LISTED, *_PARTS, "starts with", "ends with", *_EMPTY)
    return tuple(OPERATORS)


def _is_date(schema: Schema) -> bool:
    return plain_schema(schema).get("format") in {"date", "date-time"}


def wanted_for(op: str, left: Schema) -> Schema:
    """What an operator compares values of `left` with; of a pair, each of the two."""
    plain = plain_schema(left)
    if op in _PARTS and types_of(plain) == {"array"}:
        items: Any = plain.get("items", {})
        return {**items, **({"$defs": plain["$defs"]} if "$defs" in plain else {})} if isinstance(items, dict) else {}
    return {"type": "array", "items": plain} if takes_of(op) == "list" else plain


def adapted(value: Any, op: str) -> Any:
    """A value as another operator compares with it; `ABSENT` for none."""
    takes = takes_of(op)
    if takes == "nothing":
        return ABSENT
    if takes == "pair":
        if isinstance(value, list):
            return [*value, "", ""][:2]
        return ["" if value is ABSENT else value, ""]
    if takes == "list":
        if isinstance(value, list) or (isinstance(value, str) and value.startswith("${")):
            return value
        return [] if value is ABSENT or value == "" else [value]
    return (value[0] if value else ABSENT) if isinstance(value, list) else value
