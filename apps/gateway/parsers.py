"""What a body may be: its size is limited before anything of it is understood."""

from __future__ import annotations

from collections.abc import Mapping
from typing import IO, Any

from django.conf import settings
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser, DataAndFiles, MultiPartParser

from apps.common.errors import TooLarge
from apps.common.jsons import json_read
from apps.tenants.context import current_tenant

MEGABYTE = 1024 * 1024


class JsonBody(BaseParser):
    """A JSON document in UTF-8, at most `DATA_UPLOAD_MAX_MEMORY_SIZE` bytes, read strictly (`json_read`)."""

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
            return json_read(raw.decode("utf-8"))
        except UnicodeError as error:
            raise ParseError("The body is not text in UTF-8.") from error
        except ValueError as error:
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
