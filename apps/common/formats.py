"""How figures, spans of time and moments are written for people. Pure functions from value to text."""

from __future__ import annotations

import math
from datetime import date, datetime, timedelta

NOTHING = "–"


def number(value: object, digits: int | None = None) -> str:
    """A number with grouped thousands. Without `digits`: whole numbers whole, others to three significant digits."""
    if value is None or value == "":
        return NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if not isinstance(value, int | float):
        try:
            value = float(str(value))
        except ValueError:
            return str(value)
    if not math.isfinite(value):
        return NOTHING
    if digits is None:
        digits = 0 if value == int(value) else max(0, 2 - math.floor(math.log10(abs(value))))
    text = f"{value:,.{min(digits, 12)}f}"
    if not text.strip("-0.,"):
        text = text.removeprefix("-")
    return text.replace("-", "\N{MINUS SIGN}")


def duration(value: float | timedelta | None) -> str:
    """A span of time (seconds or a timedelta) in its two largest units: `820 ms`, `3.2 s`, `1 m 34 s`, `2 h 5 m`."""
    if value is None:
        return NOTHING
    seconds = value.total_seconds() if isinstance(value, timedelta) else float(value)
    if seconds < 0.9995:
        return f"{max(0, round(seconds * 1000))} ms"
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    for unit, size, small, part in (("m", 60, "s", 1), ("h", 3600, "m", 60), ("d", 86400, "h", 3600)):
        if whole < size * {"m": 60, "h": 24, "d": 10**9}[unit]:
            rest = whole % size // part
            return f"{whole // size:,} {unit}" + (f" {rest} {small}" if rest else "")
    raise AssertionError("days have no end")


def size(value: float | None) -> str:
    """A number of bytes: `812 B`, `3.4 kB`, `1.2 MB` (powers of 1,000)."""
    if value is None:
        return NOTHING
    if value < 1000:
        return f"{int(value)} B"
    amount = float(value)
    for unit in ("kB", "MB", "GB", "TB"):
        amount /= 1000
        if amount < 999.5 or unit == "TB":
            break
    return f"{amount:,.1f} {unit}" if amount < 9.95 else f"{amount:,.0f} {unit}"


def day(value: date) -> str:
    """`22 Nov 2026`."""
    return f"{value.day} {value:%b %Y}"


def moment(value: datetime) -> str:
    """`22 Nov 2026, 14:32`, in the zone that the value carries."""
    return f"{day(value)}, {value:%H:%M}"


def ago(span: timedelta) -> str:
    """`4 s ago`; for spans under an hour."""
    seconds = max(0, int(span.total_seconds()))
    return f"{seconds} s ago" if seconds < 60 else f"{seconds // 60} min ago"
