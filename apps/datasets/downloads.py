"""A dataset as a file for download, piece by piece under either kind of server."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, StreamingHttpResponse
from django.utils.http import content_disposition_header

from apps.common.permissions import Principal
from apps.datasets import selectors, services
from apps.datasets.models import Dataset


def csv_download(request: HttpRequest, dataset: Dataset, *, who: Principal) -> StreamingHttpResponse:
    """The rows as CSV, for `who`, whose download is recorded. Raises `NotFound` when they are not in the storage."""
    if request.method == "HEAD":  # nothing of them leaves
        pieces = selectors.dataset_csv(dataset)
    else:
        pieces = services.dataset_download(who=who, dataset=dataset)
    # Under ASGI Django would first collect whatever does not come asynchronously.
    content = _asynchronous(pieces) if isinstance(request, ASGIRequest) else pieces
    response = StreamingHttpResponse(content, content_type="text/csv; charset=utf-8")
    name = f"{dataset.name.replace('/', '-')}.csv"
    response["Content-Disposition"] = content_disposition_header(True, name) or "attachment"
    return response


async def _asynchronous(pieces: Iterator[str]) -> AsyncIterator[str]:
    following = sync_to_async(lambda: next(pieces, None))
    while (piece := await following()) is not None:
        yield piece
