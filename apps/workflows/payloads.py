"""What runs are given and give, as people read it: JSON, without credentials, and no more than a page can bear."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from apps.common.redaction import REDACTED, is_credential_name

LONGEST_SHOWN: Final = 20_000
"""Characters of a value that a page shows; all of it can be downloaded."""


@dataclass(frozen=True)
class Payload:
    text: str
    size: int
    """Characters of all of it."""

    @property
    def is_cut(self) -> bool:
        return self.size > len(self.text)


def payload_of(value: Any) -> Payload:
    """A value as a page shows it."""
    text = payload_text(value)
    return Payload(text[:LONGEST_SHOWN], len(text))


def payload_text(value: Any) -> str:
    """A value as JSON on several lines, without credentials."""
    return json.dumps(without_credentials(value), indent=2, ensure_ascii=False, default=str)


def with_credentials(given: Any, original: Any) -> Any:
    """What a person made of a value that was shown `without_credentials`: those that were left alone come back."""
    if isinstance(given, Mapping) and isinstance(original, Mapping):
        return {
            key: original[key] if item == REDACTED and key in original else with_credentials(item, original.get(key))
            for key, item in given.items()
        }
    if isinstance(given, list) and isinstance(original, list):
        rest = [None] * (len(given) - len(original))
        return [with_credentials(item, other) for item, other in zip(given, [*original, *rest], strict=False)]
    return given


def without_credentials(value: Any) -> Any:
    """The value with `REDACTED` in place of what stands under the name of a credential."""
    if isinstance(value, Mapping):
        return {
            key: REDACTED if item and is_credential_name(str(key)) else without_credentials(item)
            for key, item in value.items()
        }
    return [without_credentials(item) for item in value] if isinstance(value, list | tuple) else value


def veiled(value: Any, *, hides: bool = False) -> Any:
    """The value with `REDACTED` in place of each text that stands under the name of a credential, and all else as it
    is: for what is computed by a definition whose author may not see credentials."""
    if isinstance(value, Mapping):
        return {key: veiled(item, hides=hides or is_credential_name(str(key))) for key, item in value.items()}
    if isinstance(value, list):
        return [veiled(item, hides=hides) for item in value]
    return REDACTED if hides and isinstance(value, str) and value else value
