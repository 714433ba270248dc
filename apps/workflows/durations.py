"""Durations as people write them: ``30s``, ``5m``, ``1h30m``, ``2d``."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated, Any, Final

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema

LONGEST: Final = timedelta(days=366)
_PATTERN: Final = r"(?:(\d{1,5})d)?(?:(\d{1,5})h)?(?:(\d{1,6})m)?(?:(\d{1,8}(?:\.\d{1,3})?)s)?"
_WRITTEN: Final = re.compile(_PATTERN)


def duration_parse(written: Any) -> timedelta:
    """The duration that a text or a number of seconds means. Raises `ValueError` with the forms there are."""
    if isinstance(written, timedelta):
        found = written
    elif isinstance(written, int | float) and not isinstance(written, bool):
        found = timedelta(seconds=min(written, LONGEST.total_seconds() + 1))
    else:
        match = _WRITTEN.fullmatch(str(written).replace(" ", "")) if written != "" else None
        if match is None or not any(match.groups()):
            raise ValueError("Write a duration as 30s, 5m, 1h30m or 2d.")
        days, hours, minutes, seconds = (float(part or 0) for part in match.groups())
        found = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
    if not timedelta(0) <= found <= LONGEST:
        raise ValueError(f"A duration is at least 0s and at most {LONGEST.days}d.")
    return found


def duration_words(duration: timedelta) -> str:
    """A duration for people to read: 3 days, 1 hour 30 minutes."""
    units = {"d": "day", "h": "hour", "m": "minute", "s": "second"}
    parts = re.findall(r"([\d.]+)([dhms])", duration_text(duration))
    return " ".join(f"{count} {units[sign]}{'' if count == '1' else 's'}" for count, sign in parts)


def duration_text(duration: timedelta) -> str:
    """The shortest way to write a duration; `duration_parse` reads it back."""
    rest, parts = duration, []
    for unit, sign in ((timedelta(days=1), "d"), (timedelta(hours=1), "h"), (timedelta(minutes=1), "m")):
        count, rest = divmod(rest, unit)
        if count:
            parts.append(f"{count}{sign}")
    if rest or not parts:
        parts.append(f"{rest.total_seconds():.3f}".rstrip("0").rstrip(".") + "s")
    return "".join(parts)


Duration = Annotated[
    timedelta,
    BeforeValidator(duration_parse),
    PlainSerializer(duration_text, return_type=str),
    WithJsonSchema({"type": "string", "pattern": f"^{_PATTERN}$", "examples": ["30s", "1h30m"]}),
]
