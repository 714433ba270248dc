"""Around what is no page of ours, allauth's views and the back office: who acts, and all of it or nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from django.db import transaction
from django.http import HttpRequest, HttpResponse

from apps.audit.actors import known

Answer = Callable[[HttpRequest], HttpResponse]
PAGES: Final = "/accounts/"
"""Below it are allauth's views, and nothing else."""
BACK_OFFICE: Final = "/admin/"


class ForeignPagesMiddleware:
    """Carry out each POST to a view of allauth in one transaction, undone where the answer is an error of ours; and let
    entries of the audit log name whoever is signed in, where no page of ours does.

    It is the last, so that its views and whatever handles what they raise are inside.
    """

    sync_capable, async_capable = True, False

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.path_info.startswith((PAGES, BACK_OFFICE)):
            return self.get_response(request)
        user: Any = request.user
        if user.is_authenticated:
            known(actor=user.as_actor())
        if request.method != "POST" or not request.path_info.startswith(PAGES):
            return self.get_response(request)
        with transaction.atomic():
            response = self.get_response(request)
            if response.status_code >= 500:
                transaction.set_rollback(True)
        return response
