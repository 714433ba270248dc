"""What a log line may hold. Secrets are taken out of every line, whoever wrote it, before it is rendered."""

from __future__ import annotations

import re
from collections.abc import Mapping, MutableMapping
from typing import Any, Final

REDACTED: Final = "[redacted]"
_SECRET_NAME = re.compile(
    r"authorization|cookie|passw|passphrase|secret|token|credential|session|csrf|private|(^|[_\-. ])key$|apikey", re.I
)
_SECRET_TEXT = re.compile(
    r"ork_[0-9a-f]{8}_[\w-]+"  # API keys
    r"|eyJ[\w-]+\.[\w-]+\.[\w-]+"  # tokens
    r"|(?<=Bearer )\S+|(?<=Basic )\S+"
    r"|(?<=://)[^\s/@:]*:[^\s/@]+(?=@)"  # passwords in addresses
    r"|(?<=/reset/key/)[\w-]+",  # links that set a password
    re.I,
)
_DEEPEST: Final = 8


def redact(logger: Any, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A structlog processor: values under secret names, and what looks like a secret inside any text, are replaced."""
    return {key: _clean(key, value, 0) for key, value in event.items()}


def _clean(name: str, value: Any, depth: int) -> Any:
    if name and _SECRET_NAME.search(name):
        return REDACTED
    if depth > _DEEPEST:
        return REDACTED
    if isinstance(value, Mapping):
        return {key: _clean(str(key), item, depth + 1) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_clean("", item, depth + 1) for item in value]
    if value is None or isinstance(value, bool | int | float):
        return value
    return _SECRET_TEXT.sub(REDACTED, value if isinstance(value, str) else str(value))
