"""A dataset as a file for download, piece by piece under either kind of server."""

from __future__ import annotations

from django.http import HttpRequest, StreamingHttpResponse

from apps.common.permissions import Principal
from apps.common.streaming import streamed
from apps.datasets import selectors, services
from apps.datasets.models import Dataset


def csv_download(request: HttpRequest, dataset: Dataset, *, who: Principal) -> StreamingHttpResponse:
    """The rows as CSV, for `who`, whose download is recorded. Raises `NotFound` when they are not in the storage."""
    if request.method == "HEAD":  # nothing of them leaves
        pieces = selectors.dataset_csv(dataset)
    else:
        pieces = services.dataset_download(who=who, dataset=dataset)
    name = f"{dataset.name.replace('/', '-')}.csv"
    return streamed(request, pieces, content_type="text/csv; charset=utf-8", name=name)
