"""The functions that values may call. They are total over JSON: no loops of a user's, no names, no attributes."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from apps.workflows.durations import duration_parse

LONGEST_TEXT: Final = 1_000_000
"""Characters of a text that a function makes."""


@dataclass(frozen=True)
class Function:
    name: str
    call: Callable[..., Any]
    least: int
    most: int
    gives: str
    """JSON type of the result; ``any`` where it depends on what is given, ``same``: that of the list that is given."""
    says: str
    """What it does, for people."""
    forgives: bool = False
    """Whether a reference that names nothing counts as null."""

    @property
    def takes(self) -> str:
        if self.least == self.most:
            return f"{self.least} value{'s' if self.least != 1 else ''}"
        return f"{self.least} to {self.most} values"


FUNCTIONS: Final[dict[str, Function]] = {}


def _function(
    name: str, least: int, most: int, gives: str, says: str, *, forgives: bool = False
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    def register(call: Callable[..., Any]) -> Callable[..., Any]:
        FUNCTIONS[name] = Function(name, call, least, most, gives, says, forgives)
        return call

    return register


def _numbers(values: Any) -> list[float]:
    if not isinstance(values, list):
        raise ValueError("This needs a list of numbers.")
    return [_number(value) for value in values]


def _number(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"{_brief(value)} is not a number.")
    return value


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise ValueError(f"{_brief(value)} is not a list.")
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{_brief(value)} is not a text.")
    return value


def _finite(value: float) -> float:
    if not math.isfinite(value):
        raise ValueError("The result is too large for a number.")
    return value


def _brief(value: Any) -> str:
    text = json.dumps(value) if isinstance(value, bool | None) else repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


@_function("default", 2, 2, "any", "The first value, or the second where the first is missing or null", forgives=True)
def _default(value: Any, instead: Any) -> Any:
    return instead if value is None else value


@_function("length", 1, 1, "integer", "How many items a list has, or characters a text")
def _length(value: Any) -> int:
    if not isinstance(value, list | str | dict):
        raise ValueError(f"{_brief(value)} has no length.")
    return len(value)


@_function("sum", 1, 1, "number", "The sum of a list of numbers")
def _sum(values: Any) -> float:
    numbers = _numbers(values)
    return sum(numbers) if all(isinstance(each, int) for each in numbers) else _finite(math.fsum(numbers))


@_function("average", 1, 1, "number", "The mean of a list of numbers; null for an empty one")
def _average(values: Any) -> float | None:
    numbers = _numbers(values)
    return _finite(math.fsum(numbers) / len(numbers)) if numbers else None


@_function("minimum", 1, 1, "number", "The smallest of a list of numbers; null for an empty one")
def _minimum(values: Any) -> float | None:
    return min(_numbers(values), default=None)


@_function("maximum", 1, 1, "number", "The largest of a list of numbers; null for an empty one")
def _maximum(values: Any) -> float | None:
    return max(_numbers(values), default=None)


@_function("round", 1, 2, "number", "A number to so many decimals, halves to the even neighbour")
def _round(value: Any, decimals: Any = 0) -> Any:
    if not isinstance(decimals, int) or not 0 <= decimals <= 15:
        raise ValueError("Decimals are a whole number from 0 to 15.")
    return float(round(_number(value), decimals)) if decimals else round(_number(value), None)


@_function("add", 2, 20, "number", "The sum of the values")
def _add(*values: Any) -> Any:
    return _sum(list(values))


@_function("subtract", 2, 2, "number", "The first value less the second")
def _subtract(one: Any, other: Any) -> float:
    return _finite(_number(one) - _number(other))


@_function("multiply", 2, 20, "number", "The product of the values")
def _multiply(*values: Any) -> float:
    product: float = 1
    for value in _numbers(list(values)):
        product = product * value
        if abs(product) > 1e300:
            raise ValueError("The result is too large for a number.")
    return product


@_function("divide", 2, 2, "number", "The first value by the second")
def _divide(one: Any, other: Any) -> float:
    if _number(other) == 0:
        raise ValueError("Nothing can be divided by 0.")
    return _finite(_number(one) / other)


@_function("text", 1, 1, "string", "A value as text")
def _as_text(value: Any) -> str:
    from apps.workflows.values import shown

    return shown(value)


@_function("number", 1, 1, "number", "A text as a number")
def _as_number(value: Any) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    try:
        return int(_text(value)) if len(value) < 400 else math.nan
    except ValueError:
        pass
    try:
        return _finite(float(value))
    except ValueError:
        raise ValueError(f"{_brief(value)} is not a number.") from None


@_function("upper", 1, 1, "string", "A text in capitals")
def _upper(value: Any) -> str:
    return _text(value).upper()


@_function("lower", 1, 1, "string", "A text in small letters")
def _lower(value: Any) -> str:
    return _text(value).lower()


@_function("trim", 1, 1, "string", "A text without blanks around it")
def _trim(value: Any) -> str:
    return _text(value).strip()


@_function("join", 1, 2, "string", "The items of a list as one text, with a text between them")
def _join(values: Any, between: Any = ", ") -> str:
    texts = [_as_text(value) for value in _list(values)]
    if sum(map(len, texts)) + len(_text(between)) * len(texts) > LONGEST_TEXT:
        raise ValueError(f"The text would have more than {LONGEST_TEXT:,} characters.")
    return str(between.join(texts))


@_function("split", 2, 2, "array", "A text cut at each place of another one")
def _split(value: Any, at: Any) -> list[str]:
    if not _text(at):
        raise ValueError("Say at which text to split.")
    return _text(value).split(at)


@_function("first", 1, 1, "any", "The first item of a list; null for an empty one")
def _first(values: Any) -> Any:
    return next(iter(_list(values)), None)


@_function("last", 1, 1, "any", "The last item of a list; null for an empty one")
def _last(values: Any) -> Any:
    return _list(values)[-1] if values else None


@_function("slice", 2, 3, "same", "The items of a list from one position to before another, counted from 0")
def _slice(values: Any, start: Any, end: Any = None) -> list[Any]:
    if not isinstance(start, int) or not isinstance(end, int | None):
        raise ValueError("Positions are whole numbers.")
    return _list(values)[start:end]


@_function("pluck", 2, 2, "array", "One field of each item of a list; null where an item has none")
def _pluck(values: Any, field: Any) -> list[Any]:
    return [item.get(_text(field)) if isinstance(item, dict) else None for item in _list(values)]


@_function("flatten", 1, 1, "array", "A list of lists as one list")
def _flatten(values: Any) -> list[Any]:
    return [item for each in _list(values) for item in (each if isinstance(each, list) else [each])]


@_function("unique", 1, 1, "same", "The items of a list without those that came before")
def _unique(values: Any) -> list[Any]:
    seen: dict[str, Any] = {}
    for item in _list(values):
        seen.setdefault(json.dumps(item, sort_keys=True), item)
    return list(seen.values())


@_function("where", 3, 4, "same", "The items of a list whose field compares so: list, field, operator, value")
def _where(values: Any, field: Any, operator: Any, value: Any = None) -> list[Any]:
    from apps.common.operators import OPERATORS

    if not isinstance(operator, str) or operator not in OPERATORS:
        raise ValueError(f"{_brief(operator)} compares nothing: use one of {', '.join(OPERATORS)}.")
    holds, name = OPERATORS[operator], _text(field)
    return [item for item in _list(values) if isinstance(item, dict) and holds(item.get(name), value)]


@_function("sort", 1, 2, "same", "A list in order, or by a field of its items; `-field`: the largest first")
def _sort(values: Any, field: Any = "") -> list[Any]:
    name = _text(field).removeprefix("-")
    keyed: list[tuple[Any, Any]] = [
        (item.get(name) if name and isinstance(item, dict) else item, item) for item in _list(values)
    ]
    for kinds in ((int, float), (str,)):
        if all(isinstance(key, kinds) and not isinstance(key, bool) for key, _ in keyed):
            return [item for _, item in sorted(keyed, key=lambda pair: pair[0], reverse=field.startswith("-"))]
    raise ValueError("Only numbers have an order, or texts: here some are missing, or of another type.")


@_function("keys", 1, 1, "array", "The names of an object's fields")
def _keys(value: Any) -> list[str]:
    if not isinstance(value, dict):
        raise ValueError(f"{_brief(value)} is not an object.")
    return list(value)


@_function("merge", 2, 10, "object", "The fields of several objects; of equal names the last counts")
def _merge(*values: Any) -> dict[str, Any]:
    if not all(isinstance(value, dict) for value in values):
        raise ValueError("Only objects can be merged.")
    return {key: item for value in values for key, item in value.items()}


@_function("later", 2, 2, "string", "A moment (ISO 8601) and a duration after it")
def _later(moment: Any, duration: Any) -> str:
    try:
        at = datetime.fromisoformat(_text(moment))
    except ValueError:
        raise ValueError(f"{_brief(moment)} is not a moment: write it as 2026-03-01T08:00:00Z.") from None
    try:
        after: timedelta = duration_parse(duration)
        return (at + after).isoformat()
    except OverflowError:
        raise ValueError("That moment is out of the calendar.") from None
