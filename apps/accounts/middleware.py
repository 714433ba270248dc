"""What allauth's views write, they write as a whole: with its audit entry, or not at all."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from django.db import transaction
from django.http import HttpRequest, HttpResponse

Answer = Callable[[HttpRequest], HttpResponse]
PAGES: Final = "/accounts/"
"""Below it are allauth's views, and nothing else."""


class WholeAccountsMiddleware:
    """Carry out each POST to a view of allauth in one transaction, undone where the answer is an error of ours.

    It is the last, so that its views and whatever handles what they raise are inside.
    """

    sync_capable, async_capable = True, False

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.method != "POST" or not request.path_info.startswith(PAGES):
            return self.get_response(request)
        with transaction.atomic():
            response = self.get_response(request)
            if response.status_code >= 500:
                transaction.set_rollback(True)
        return response
