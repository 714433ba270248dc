"""How large a body may be, told from the head of a request: before any of it is parsed, or put on a disk.

Two doors, for two ways in. Under WSGI a body waits in its socket until somebody parses the form: a middleware is early
enough. Under ASGI Django writes every body to a disk before its first middleware runs: a guard before Django withholds
those that the middleware is about to refuse.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from channels.db import database_sync_to_async
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.request import split_domain_port

from apps.common.errors import LengthRequired, Problem
from apps.console.errors import problem_page
from apps.datasets.services import over_quota
from apps.tenants.context import tenant_by_host

MEGABYTE = 1024 * 1024
# What a form may have around its file: other fields, names, boundaries.
ENVELOPE = MEGABYTE

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


def body_problem(*, length: str, chunked: bool, most_mb: int) -> Problem | None:
    """What is wrong with a body of this declared length where a file may have `most_mb` megabytes; None: nothing is.

    Servers hand on no more than was declared, so what was declared can be relied on.
    """
    if not length.isdecimal():
        return LengthRequired() if chunked else None
    return over_quota(most_mb) if int(length) > most_mb * MEGABYTE + ENVELOPE else None


class BodyLimitMiddleware:
    """Refuse a body larger than the tenant's quota for files. Stands behind the tenant, before whatever reads forms."""

    sync_capable, async_capable = True, False

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        problem = body_problem(
            length=str(request.META.get("CONTENT_LENGTH") or ""),
            chunked="HTTP_TRANSFER_ENCODING" in request.META,
            most_mb=request.tenant.max_upload_mb,  # type: ignore[attr-defined]
        )
        return problem_page(request, problem) if problem else self.get_response(request)


class BodyLimitGuard:
    """Before Django under ASGI: `app` sees no byte of a body that the middleware refuses."""

    def __init__(self, app: Callable[[Scope, Receive, Send], Awaitable[None]]) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = {name.lower(): value.decode("latin-1") for name, value in scope["headers"]}
        length, chunked = headers.get(b"content-length", ""), b"transfer-encoding" in headers
        # Up to there a body costs less than looking up its tenant.
        if chunked or (length.isdecimal() and int(length) > settings.DATA_UPLOAD_MAX_MEMORY_SIZE):
            most = await database_sync_to_async(_most_mb)(headers.get(b"host", ""))
            if body_problem(length=length, chunked=chunked, most_mb=most):
                receive = _withheld(receive)
        await self.app(scope, receive, send)


def _most_mb(host: str) -> int:
    tenant = tenant_by_host(split_domain_port(host)[0])
    return tenant.max_upload_mb if tenant else 0


def _withheld(receive: Receive) -> Receive:
    """`receive` with an empty body in place of the real one, which is dropped as it comes."""
    told = False

    async def instead() -> dict[str, Any]:
        nonlocal told
        if not told:
            told = True
            return {"type": "http.request", "body": b"", "more_body": False}
        while (message := await receive())["type"] == "http.request":
            pass
        return message

    return instead
