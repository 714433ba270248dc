"""The verdict on each number of a text."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache
from math import isfinite
from typing import Final

from apps.ai.numbercheck.figures import Figure
from apps.ai.numbercheck.reading import Number, numbers_in
from apps.ai.numbercheck.units import PERCENT, is_known, is_percent_name

_FURTHEST: Final = Decimal("0.05")
"""Of a figure: however coarse a number is, it is off by no more."""
_A_DATE = re.compile(r"(?:19|20)\d\d-\d\d(?:-\d\d(?:[T ].*)?)?")
_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


class Verdict(StrEnum):
    MATCHED = "matched"
    UNMATCHED = "unmatched"
    PLAIN = "plain"


@dataclass(frozen=True)
class Checked:
    """A number of a text, from `start` to before `end`, and where it comes from."""

    start: int
    end: int
    text: str
    value: Decimal | None
    """None of a date or a name."""
    verdict: Verdict
    source_path: str = ""
    """Of what it was found in; empty where it was not, or where it is the number of an item."""


def check(text: str, figures: Iterable[Figure]) -> list[Checked]:
    """The verdict on each number of `text`, in order. `figures` are those of the result and of what tools answered."""
    data = _Data(figures)
    checked: list[Checked] = []
    for number in numbers_in(text):
        checked += _judged(number, data)
    return checked


def _judged(number: Number, data: _Data) -> list[Checked]:
    verdict, path = _verdict(number, data)
    if verdict is Verdict.UNMATCHED and number.parts:
        parts = [(part, *_verdict(part, data)) for part in number.parts]
        if all(each is not Verdict.UNMATCHED for _, each, _ in parts):
            return [Checked(part.start, part.end, part.text, part.value, each, at) for part, each, at in parts]
    return [Checked(number.start, number.end, number.text, number.value, verdict, path)]


def _verdict(number: Number, data: _Data) -> tuple[Verdict, str]:
    if number.what == "marker":
        return Verdict.PLAIN, ""
    if number.what in ("number", "fraction"):
        figure = data.figure_of(number)
        if figure is not None:
            return Verdict.MATCHED, figure.path
    path = data.place_of(number)
    return (Verdict.UNMATCHED, "") if path is None else (Verdict.PLAIN, path)


class _Data:
    """What there is to be quoted, laid out to be found."""

    def __init__(self, figures: Iterable[Figure]) -> None:
        self._values: list[tuple[float, Figure]] = []
        self._counts: dict[int, str] = {}
        self._lists: set[str] = set()
        """The names of lists: what stands behind a number that counts."""
        self._words: dict[str, str] = {}
        """Words with digits, alone, and behind or before the word beside them."""
        self._dates: dict[str, str] = {}
        for figure in figures:
            if figure.value is None:
                self._read(figure)
            elif figure.what == "count":
                self._counts.setdefault(int(figure.value), figure.path)
                self._lists.add(figure.path.rpartition(".")[2].lower())
            else:
                self._values.append((float(figure.value), figure))
        self._values.sort(key=lambda each: each[0])
        self._keys = [each for each, _ in self._values]

    def _read(self, figure: Figure) -> None:
        text = figure.text
        if _A_DATE.fullmatch(text):
            self._note_dates(text, figure.path)
        elif " " not in text:
            self._words.setdefault(text.lower(), figure.path)
        else:
            for number in numbers_in(text):
                if number.what == "date":
                    self._note_dates(number.text, figure.path)
                for key in _keys(number):
                    self._words.setdefault(key, figure.path)

    def _note_dates(self, text: str, path: str) -> None:
        """A date, and what it says besides: its day in any year, its month, its year."""
        for date in _dates(text):
            for each in (date, date[5:] if len(date) == 10 else date, date[:7], date[:4]):
                if len(each) != 4 or each.isdigit():
                    self._dates.setdefault(each, path)

    def figure_of(self, number: Number) -> Figure | None:
        """The nearest figure that `number` may stand for."""
        value = number.value
        if value is None or not isfinite(float(value)):
            return None
        best: tuple[Decimal, Figure] | None = None
        factors = (Decimal(1), Decimal("0.01")) if number.unit == PERCENT else (Decimal(1),)
        if number.unit == "bp":
            factors = (Decimal("0.01"), Decimal("0.0001"))
        signs = (1, -1) if number.declines and value > 0 else (1,)
        for factor in factors:
            for sign in signs:
                target, step = value * factor * sign, number.step * factor
                for figure in self._near(target, number, step):
                    off = abs(_value(figure) - target)
                    if number.after in self._lists and off:  # so many of them: no count is rounded
                        continue
                    if _suits(number, figure, factor) and (best is None or off < best[0]):
                        best = (off, figure)
        return best[1] if best else None

    def _near(self, target: Decimal, number: Number, step: Decimal) -> Iterable[Figure]:
        reach = float(max(step, _coarse(number, target, step))) * 1.000001 + abs(float(target)) * 1e-12
        first, last = bisect_left(self._keys, float(target) - reach), bisect_right(self._keys, float(target) + reach)
        return [figure for _, figure in self._values[first:last] if _stands_for(target, _value(figure), number, step)]

    def place_of(self, number: Number) -> str | None:
        """Where in the data it stands as no figure, or None."""
        text = number.text.strip().lower()
        if number.what == "date":
            said = _dates(number.text)
            return next((self._dates[each] for each in said if each in self._dates), None)
        for key in _keys(number):
            if key in self._words:
                return self._words[key]
        value = number.value
        if value is None or value != value.to_integral_value() or number.unit or number.what == "fraction":
            return None
        if number.what == "ordinal":
            longest = max(self._counts, default=0)
            return self._counts[longest] if 0 < value <= longest else None
        if int(value) in self._counts and number.step == 1:
            return self._counts[int(value)]
        return self._dates.get(text) if re.fullmatch(r"(?:19|20)\d\d", text) else None


def _value(figure: Figure) -> Decimal:
    return figure.value if figure.value is not None else Decimal(0)


def _coarse(number: Number, target: Decimal, step: Decimal) -> Decimal:
    """What "about 1,200" is exact to: the last figure that is no zero."""
    if not number.about or step != 1 or target == 0:
        return step
    digits = str(abs(int(target)))
    return Decimal(10) ** (len(digits) - len(digits.rstrip("0")))


def _stands_for(target: Decimal, value: Decimal, number: Number, step: Decimal) -> bool:
    """Whether `value` rounds to what is shown: "over" from below, and "under" from above."""
    off = value - target
    if off == 0:
        return True
    reach = _coarse(number, target, step)
    if number.about == "over" and reach == step:
        return 0 < off < min(step, _FURTHEST * abs(value))
    half = reach / 2
    if number.about == "over":
        return 0 < off <= min(half, _FURTHEST * abs(value))
    if number.about == "under":
        return 0 < -off <= min(half, _FURTHEST * abs(value))
    return abs(off) <= min(half, _FURTHEST * abs(value))


def _suits(number: Number, figure: Figure, factor: Decimal) -> bool:
    """Whether a number with this unit may stand for a figure with that one."""
    if number.unit in (PERCENT, "bp"):
        whole = Decimal(1) if number.unit == PERCENT else Decimal("0.01")
        named = is_percent_name(figure.path)
        if factor == whole:
            return figure.unit == PERCENT or (not figure.unit and named and abs(_value(figure)) > 1)
        return (
            figure.unit in ("", "share")
            and (not figure.is_whole or named)
            and abs(_value(figure)) <= (10 if named else 1)
        )
    if not number.unit and figure.unit == PERCENT:
        return number.is_share
    if not number.unit or not is_known(figure.unit):
        return True
    return number.unit == figure.unit


def _keys(number: Number) -> list[str]:
    """What a word with a number in it is known again by: as it is, or with the word beside it when it is a number."""
    text = number.text.strip().strip(".:,;").lower()
    if number.what == "name":
        return [text]
    if number.what == "date":
        return []
    keys = [f"{number.before} {text}"] if number.before else []
    return keys + ([f"{text} {number.after}"] if number.after else [])


@lru_cache(maxsize=4096)
def _dates(text: str) -> tuple[str, ...]:
    """What a date says, as exactly as it does: 2026-11-25, 11-25 of any year, 2026-11, or 10:30. Two where the day may
    be the month."""
    small = text.lower()
    iso = re.match(r"((?:19|20)\d\d-\d\d(?:-\d\d)?)", small)
    if iso:
        return (iso[1],)
    time = re.search(r"\d?\d:\d\d(?::\d\d)?", small)
    if time:
        return (time[0].lstrip("0"),)
    days = re.match(r"(\d{1,2})[./](\d{1,2})[./](\d{4})", small)
    if days:
        orders = ((days[2], days[1]), (days[1], days[2]))
        return tuple(f"{days[3]}-{int(month):02}-{int(day):02}" for month, day in orders if int(month) <= 12)
    month_said = next((place for place, name in enumerate(_MONTHS, 1) if re.search(rf"\b{name}", small)), 0)
    year = re.search(r"(?<!\d)(?:19|20)\d\d(?!\d)", small)
    day_said = re.search(r"(?<!\d)\d{1,2}(?!\d)", small)
    parts = [year[0]] if year else []
    parts += [f"{month_said:02}"] if month_said else []
    parts += [f"{int(day_said[0]):02}"] if day_said else []
    return ("-".join(parts),) if month_said else ()
