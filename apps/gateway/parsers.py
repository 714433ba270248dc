"""What a body may be: its size is limited before anything of it is understood."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import IO, Any

from django.conf import settings
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser, DataAndFiles, MultiPartParser

from apps.common.errors import TooLarge
from apps.tenants.context import current_tenant

MEGABYTE = 1024 * 1024


class JsonBody(BaseParser):
    """A JSON document in UTF-8, at most `DATA_UPLOAD_MAX_MEMORY_SIZE` bytes; no NaN or Infinity, no NUL in texts."""

    media_type = "application/json"

    def parse(self, stream: IO[Any], media_type: str | None = None, context: Mapping[str, Any] | None = None) -> Any:
        most = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        raw = stream.read(most + 1)
        if len(raw) > most:
            raise TooLarge(
                f"A JSON body may have {most // MEGABYTE} MB; nothing was stored.",
                remedy="Upload the table as a file at /api/v1/datasets and name its id.",
            )
        try:
            text = raw.decode("utf-8")
            value = json.loads(text, parse_constant=_refuse)
            if "\\u" in text:
                _require_texts(value)
            return value
        except UnicodeError as error:
            raise ParseError("The body is not text in UTF-8.") from error
        except (ValueError, RecursionError) as error:
            raise ParseError(f"The body is not JSON that can be read: {error}.") from error


class FileBody(MultiPartParser):
    """A form with a file, at most as large as the tenant's quota for uploads."""

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> DataAndFiles[Any, Any]:
        request = (parser_context or {})["request"]
        most = current_tenant().max_upload_mb
        length = str(request.META.get("CONTENT_LENGTH") or "0")
        if length.isdigit() and int(length) > (most + 1) * MEGABYTE:  # 1 MB for the other fields
            raise TooLarge(
                f"A file may have {most} MB here; nothing was stored.",
                remedy="Split the file, or ask the operator of this installation for a larger quota.",
            )
        parsed = super().parse(stream, media_type, parser_context)
        if any("\x00" in text for _, texts in parsed.data.lists() for text in texts):
            raise ParseError("A field of the form holds the character NUL.")
        return parsed


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not a JSON number")


def _require_texts(value: Any) -> None:
    """Refuse texts that no database stores: with NUL, or with half of a pair of surrogates. Raises `ValueError`."""
    if isinstance(value, str):
        value.encode()
        if "\x00" in value:
            raise ValueError("a text holds the character NUL")
    elif isinstance(value, dict):
        _require_texts([*value.keys(), *value.values()])
    elif isinstance(value, list):
        for item in value:
            _require_texts(item)
