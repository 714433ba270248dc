"""A file for download that is made while it is sent, under either kind of server."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, StreamingHttpResponse
from django.utils.http import content_disposition_header


def streamed(request: HttpRequest, pieces: Iterator[str], *, content_type: str, name: str) -> StreamingHttpResponse:
    """Answer with a file of this name, piece by piece. Whoever makes the pieces enters the tenant anew for each: they
    are asked for after the answer has begun."""
    # Under ASGI Django would first collect whatever does not come asynchronously.
    content: Any = _asynchronous(pieces) if isinstance(request, ASGIRequest) else pieces
    response = StreamingHttpResponse(content, content_type=content_type)
    response["Content-Disposition"] = content_disposition_header(True, name) or "attachment"
    return response


async def _asynchronous(pieces: Iterator[str]) -> AsyncIterator[str]:
    following = sync_to_async(lambda: next(pieces, None))
    while (piece := await following()) is not None:
        yield piece
