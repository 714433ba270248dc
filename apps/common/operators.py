"""What a value is compared by, in conditions of workflows and in facts of evaluations: the same words everywhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, Literal

Operator = Literal[
    "=", "!=", "<", "<=", ">", ">=", "in", "not in", "contains", "does not contain", "starts with", "ends with",
    "between", "is empty", "is not empty",
]  # fmt: skip
UNARY: Final = frozenset({"is empty", "is not empty"})
ORDERED: Final = frozenset({"<", "<=", ">", ">=", "between"})


def fault_of(op: str, value: Any) -> str | None:
    """What is wrong with comparing with this value by this operator, in words; None where nothing is."""
    if op in UNARY and value is not None:
        return f"`{op}` compares with nothing: leave the value out."
    if op == "between" and not _is_pair(value):
        return "`between` takes a list of two: the lowest and the highest."
    return None


def equal(left: Any, right: Any) -> bool:
    """Equal as JSON has it: true is not 1, and 1 is 1.0."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    return bool(left == right)


def is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _ordered(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    """Numbers with numbers and texts with texts (ISO 8601 dates among them); nothing else has an order."""

    def holds(left: Any, right: Any) -> bool:
        numbers = is_number(left) and is_number(right)
        return (numbers or (isinstance(left, str) and isinstance(right, str))) and compare(left, right)

    return holds


def _contains(left: Any, right: Any) -> bool:
    if isinstance(left, str):
        return isinstance(right, str) and right in left
    return isinstance(left, list) and any(equal(item, right) for item in left)


def _is_in(left: Any, right: Any) -> bool:
    return isinstance(right, list) and any(equal(left, item) for item in right)


def _is_pair(value: Any) -> bool:
    """Whether a range may be read of it: a reference may name anything."""
    return isinstance(value, list) and len(value) == 2


def _is_empty(left: Any) -> bool:
    return left is None or (isinstance(left, str | list | dict) and not left)


_at_least, _at_most = _ordered(lambda a, b: a >= b), _ordered(lambda a, b: a <= b)
OPERATORS: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "=": equal,
    "!=": lambda left, right: not equal(left, right),
    "<": _ordered(lambda a, b: a < b),
    "<=": _at_most,
    ">": _ordered(lambda a, b: a > b),
    ">=": _at_least,
    "in": _is_in,
    "not in": lambda left, right: not _is_in(left, right),
    "contains": _contains,
    "does not contain": lambda left, right: not _contains(left, right),
    "starts with": lambda left, right: isinstance(left, str) and isinstance(right, str) and left.startswith(right),
    "ends with": lambda left, right: isinstance(left, str) and isinstance(right, str) and left.endswith(right),
    "between": lambda left, right: _is_pair(right) and _at_least(left, right[0]) and _at_most(left, right[1]),
    "is empty": lambda left, _: _is_empty(left),
    "is not empty": lambda left, _: not _is_empty(left),
}
