"""Columns for a tenant's payloads: inputs, outputs, results. Encryption at rest has its place here."""

from __future__ import annotations

import json
import zlib
from typing import Any

from django.core.exceptions import FieldError
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper

_DEFLATED_JSON = b"\x01"


class PayloadField(models.Field):  # type: ignore[type-arg]
    """A JSON-able value of any size, kept compressed in `bytea`. It is read and written whole and never searched.

    Raises `ValueError` for a value that JSON does not have, NaN and infinity included, before anything is stored.
    """

    description = "JSON-able value, compressed"

    def get_internal_type(self) -> str:
        return "BinaryField"

    def get_prep_value(self, value: Any) -> bytes | None:
        value = super().get_prep_value(value)
        return None if value is None else encode(value)

    def from_db_value(self, value: bytes | memoryview | None, *_: object) -> Any:
        return None if value is None else decode(bytes(value))

    def get_db_prep_value(self, value: Any, connection: BaseDatabaseWrapper, prepared: bool = False) -> Any:
        value = value if prepared else self.get_prep_value(value)
        return None if value is None else connection.Database.Binary(value)  # type: ignore[attr-defined]

    def get_lookup(self, lookup_name: str) -> Any:
        if lookup_name == "isnull":
            return super().get_lookup(lookup_name)
        raise FieldError(
            f"{self.name} is a payload: it cannot be searched. Keep what you search in a column of its own."
        )


def encode(value: Any) -> bytes:
    """A version byte, then deflated JSON in UTF-8."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return _DEFLATED_JSON + zlib.compress(text.encode(), level=6)


def decode(stored: bytes) -> Any:
    """The value of `encode`. Raises `ValueError` for bytes it did not make."""
    if stored[:1] != _DEFLATED_JSON:
        raise ValueError("This payload was not written by this version of the product.")
    try:
        return json.loads(zlib.decompress(stored[1:]))
    except zlib.error as error:
        raise ValueError("This payload is damaged: restore the row from a backup.") from error
