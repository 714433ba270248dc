"""What a log line holds: where it was written, and no secret, whoever wrote it.

Everything that a process says goes through here: lines of libraries, warnings, and what nobody caught. There is no
other way out (`logfiles`, `tracking`).
"""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Mapping, MutableMapping
from datetime import date, time, timedelta
from decimal import Decimal
from enum import Enum
from functools import lru_cache
from pathlib import Path
from types import TracebackType
from typing import Any, Final
from uuid import UUID

import structlog
from django.conf import settings

from apps.common.redaction import REDACTED, is_secret_name, redacted

Event = MutableMapping[str, Any]

_DEEPEST: Final = 8
_LONGEST_INT: Final = 999_999_999
"""A number beyond it may be one of a person."""
# What says as text what it is. Of anything else only the class is told: nobody knows what its text holds, and that of a
# request is its whole address.
_TELLING: Final = (UUID, date, time, timedelta, Decimal, Path, Enum, BaseException)

logger = logging.getLogger(__name__)


def locate(logger: Any, method: str, event: Event) -> Event:
    """A structlog processor: name the tenant whose schema this thread is in, and the industry that speaks, where the
    line does not name them."""
    from django.db import connection  # settings name this module, before there are any

    schema = getattr(connection, "schema_name", "public")
    if schema != "public":
        event.setdefault("tenant", schema)
    if industry := industry_of(str(event.get("logger", ""))):
        event.setdefault("industry", industry)
    return event


def industry_of(logger: str) -> str:
    """The industry that a line is about: the one whose code wrote it, else the one whose agent is at work; or none."""
    named = _industry_of_name(logger) if settings.configured else ""  # a line may come before there are any
    return named or str(structlog.contextvars.get_contextvars().get("industry", ""))


@lru_cache(maxsize=1024)
def _industry_of_name(logger: str) -> str:
    package, _, rest = logger.partition(".")
    name = rest.partition(".")[0]
    return name if f"{package}.{name}" in settings.INDUSTRIES else ""


def redact(logger: Any, method: str, event: Event) -> Event:
    """A structlog processor: values under secret names, and what looks like a secret inside any text, are replaced."""
    return {key if isinstance(key, str) else str(key): _clean(str(key), value, 0) for key, value in event.items()}


def _clean(name: str, value: Any, depth: int) -> Any:
    if depth > _DEEPEST or is_secret_name(name):
        return REDACTED
    if isinstance(value, str):
        return redacted(value)
    if value is None or isinstance(value, bool | float):
        return value
    if isinstance(value, int):
        return value if abs(value) <= _LONGEST_INT or redacted(str(value)) == str(value) else REDACTED
    if isinstance(value, Mapping):
        return {redacted(str(key)): _clean(str(key), item, depth + 1) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_clean("", item, depth + 1) for item in value]
    return redacted(str(value)) if isinstance(value, _TELLING) else f"<{type(value).__qualname__}>"


class WithoutPaths(logging.Filter):
    """For the logger of refused forms, which names the address of each: whatever is in it, the request's line has its
    route. The reason is kept."""

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple) and len(record.args) == 2:
            record.msg, record.args = "a form was refused: %s", record.args[:1]
        return True


def catch_uncaught() -> None:
    """Have warnings, and exceptions that nobody catches, written as lines of the log. For processes that serve."""
    logging.captureWarnings(True)
    sys.excepthook = _uncaught
    sys.unraisablehook = lambda left: _uncaught(left.exc_type, left.exc_value, left.exc_traceback)
    threading.excepthook = lambda left: _uncaught(left.exc_type, left.exc_value, left.exc_traceback)


def _uncaught(kind: type[BaseException], error: BaseException | None, where: TracebackType | None) -> None:
    if issubclass(kind, SystemExit | KeyboardInterrupt):
        return
    logger.critical("nobody caught this", exc_info=(kind, error or kind(), where))
