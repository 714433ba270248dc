"""JSON as people read and write it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from apps.common.errors import InvalidInput
from apps.common.jsons import json_read


def json_text(value: Any) -> str:
    """A value as JSON for people: rows of a table on a line each."""
    return _written(value, "\n")


def _written(value: Any, line: str) -> str:
    flat_rows = isinstance(value, list) and all(isinstance(row, dict) and _is_flat(row) for row in value)
    if value and flat_rows:
        rows = [json.dumps(row, ensure_ascii=False) for row in value]
        return f"[{line}  " + f",{line}  ".join(rows) + f"{line}]"
    if value and isinstance(value, dict):
        parts = [
            f"{json.dumps(name, ensure_ascii=False)}: {_written(part, line + '  ')}" for name, part in value.items()
        ]
        return f"{{{line}  " + f",{line}  ".join(parts) + f"{line}}}"
    return json.dumps(value, ensure_ascii=False)


def _is_flat(data: Mapping[str, Any]) -> bool:
    return all(
        _is_flat(value) if isinstance(value, Mapping) else not isinstance(value, list) for value in data.values()
    )


def json_object(text: str) -> dict[str, Any]:
    """The object that a person wrote as JSON. Raises `InvalidInput` naming line and column."""
    data = json_value(text)
    if not isinstance(data, dict):
        raise _unusable("The input must be a JSON object: names and values between braces.")
    return data


def json_value(text: str) -> Any:
    """The value that a person wrote as JSON. Raises `InvalidInput` naming line and column."""
    try:
        return json_read(text)
    except json.JSONDecodeError as error:
        raise _unusable(f"This is not JSON: {error.msg} in line {error.lineno}, column {error.colno}.") from error
    except UnicodeEncodeError as error:
        raise _unusable("A text holds half of a character, as `\\ud800`.") from error
    except ValueError as error:
        raise _unusable(f"This cannot be read: {error}.") from error


def _unusable(why: str) -> InvalidInput:
    return InvalidInput(f"{why} Nothing was started.", remedy="Mend that place, or start from an example.")
