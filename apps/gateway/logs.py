"""What a log line holds: where it was written, and no secret, whoever wrote it."""

from __future__ import annotations

import re
from collections.abc import Mapping, MutableMapping
from typing import Any, Final

Event = MutableMapping[str, Any]

REDACTED: Final = "[redacted]"
_SECRET_NAME = re.compile(
    r"authorization|cookie|passw|passphrase|secret|token|credential|session|csrf|private|(^|[_\-. ])key$|apikey", re.I
)
_SECRET_TEXT = re.compile(
    r"ork_[0-9a-f]{8}_[\w-]+|or[rt]_[\w-]{20,}"  # API keys, refresh tokens, tickets
    r"|eyJ[\w-]+\.[\w-]+\.[\w-]*"  # tokens
    r"|(?<=Bearer)\s+\S+|(?<=Basic)\s+\S+"
    r"|(?:sessionid|csrftoken|__Host-\w+)=[^\s;]+"
    r"|(?<=://)[^\s/@:]*:[^\s/@]+(?=@)"  # passwords in addresses
    r"|(?<=/reset/key/)[\w-]+",  # links that set a password
    re.I,
)
_DEEPEST: Final = 8


def locate(logger: Any, method: str, event: Event) -> Event:
    """A structlog processor: name the tenant whose schema this thread is in, where the line does not name one."""
    from django.db import connection  # settings name this module, before there are any

    schema = getattr(connection, "schema_name", "public")
    if schema != "public":
        event.setdefault("tenant", schema)
    return event


def redact(logger: Any, method: str, event: Event) -> Event:
    """A structlog processor: values under secret names, and what looks like a secret inside any text, are replaced."""
    return {key: _clean(key, value, 0) for key, value in event.items()}


def _clean(name: str, value: Any, depth: int) -> Any:
    if depth > _DEEPEST or _SECRET_NAME.search(name):
        return REDACTED
    if isinstance(value, Mapping):
        return {_SECRET_TEXT.sub(REDACTED, str(key)): _clean(str(key), item, depth + 1) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_clean("", item, depth + 1) for item in value]
    if value is None or isinstance(value, bool | int | float):
        return value
    return _SECRET_TEXT.sub(REDACTED, value if isinstance(value, str) else str(value))
