"""What an expression may call: names, and what they do, for people. Everything else is refused when it is saved."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Known:
    form: str
    """How it is written."""
    gives: str
    """JSON type of the result, `moment` for moments and lengths of time; empty where it depends on what is given."""
    says: str
    least: int
    most: int
    """Values between its parentheses."""


MACROS: Final[dict[str, Known]] = {
    "map": Known("list.map(x, value)", "array", "The list of a value worked out for each item", 2, 3),
    "filter": Known("list.filter(x, test)", "array", "The items for which a test holds", 2, 2),
    "all": Known("list.all(x, test)", "boolean", "Whether a test holds for every item", 2, 2),
    "exists": Known("list.exists(x, test)", "boolean", "Whether a test holds for some item", 2, 2),
    "exists_one": Known("list.exists_one(x, test)", "boolean", "Whether a test holds for exactly one item", 2, 2),
}
"""Loops over a list or the keys of an object. One may not stand inside another."""

FUNCTIONS: Final[dict[str, Known]] = {
    "has": Known("has(inputs.name)", "boolean", "Whether a field is there", 1, 1),
    "size": Known("size(value)", "integer", "How many items a list has, fields an object, characters a text", 1, 1),
    "int": Known("int(value)", "integer", "A number or text as a whole number, cut towards 0", 1, 1),
    "double": Known("double(value)", "number", "A number or text as a number with decimals", 1, 1),
    "string": Known("string(value)", "string", "A number, moment or duration as text", 1, 1),
    "timestamp": Known("timestamp(text)", "moment", "A moment, from ISO 8601 with its offset from UTC", 1, 1),
    "duration": Known("duration(text)", "moment", "A length of time, as `90m` or `1h30m`", 1, 1),
    "sum": Known("sum(list)", "number", "The sum of a list of numbers", 1, 1),
    "min": Known("min(list)", "number", "The smallest of a list of numbers", 1, 1),
    "max": Known("max(list)", "number", "The largest of a list of numbers", 1, 1),
    "abs": Known("abs(number)", "number", "A number without its sign", 1, 1),
    "round": Known("round(number, decimals)", "number", "A number to so many decimals, halves to the even", 1, 2),
    "upper": Known("upper(text)", "string", "A text in capitals", 1, 1),
    "lower": Known("lower(text)", "string", "A text in small letters", 1, 1),
    "trim": Known("trim(text)", "string", "A text without blanks around it", 1, 1),
    "join": Known("join(list, text)", "string", "The items of a list of texts as one text", 2, 2),
}
METHODS: Final[dict[str, Known]] = {
    "size": Known("value.size()", "integer", "As size(value)", 0, 0),
    "contains": Known("text.contains(part)", "boolean", "Whether a text contains another", 1, 1),
    "startsWith": Known("text.startsWith(part)", "boolean", "Whether a text begins with another", 1, 1),
    "endsWith": Known("text.endsWith(part)", "boolean", "Whether a text ends with another", 1, 1),
    "matches": Known("text.matches(pattern)", "boolean", "Whether a regular expression is found in a text", 1, 1),
    "getFullYear": Known("moment.getFullYear()", "integer", "The year of a moment, in UTC as all of these", 0, 0),
    "getMonth": Known("moment.getMonth()", "integer", "Its month, from 0", 0, 0),
    "getDate": Known("moment.getDate()", "integer", "Its day of the month, from 1", 0, 0),
    "getDayOfMonth": Known("moment.getDayOfMonth()", "integer", "Its day of the month, from 0", 0, 0),
    "getDayOfWeek": Known("moment.getDayOfWeek()", "integer", "Its day of the week, Sunday is 0", 0, 0),
    "getDayOfYear": Known("moment.getDayOfYear()", "integer", "Its day of the year, from 0", 0, 0),
    "getHours": Known("moment.getHours()", "integer", "Its hour; the whole hours of a duration", 0, 0),
    "getMinutes": Known("moment.getMinutes()", "integer", "Its minute; the whole minutes of a duration", 0, 0),
    "getSeconds": Known("moment.getSeconds()", "integer", "Its second; the whole seconds of a duration", 0, 0),
}
