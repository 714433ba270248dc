"""What a person sees when a page cannot be shown: what happened, what to do next, and the id for whoever helps."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from django.core.handlers.asgi import ASGIRequest
from django.db import InterfaceError, OperationalError, close_old_connections
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.cache import add_never_cache_headers
from redis.exceptions import RedisError

from apps.common.errors import BadRequest, NotFound, PermissionDenied, Problem, Unavailable, details
from apps.console.context import request_id
from apps.tenants.context import tenant_context

logger = logging.getLogger(__name__)

AWAY: Final = (OperationalError, InterfaceError, RedisError)
"""What it looks like to us when PostgreSQL or Redis does not answer."""
RETRY_SECONDS: Final = 5


def wants_json(request: HttpRequest) -> bool:
    """Whether a program asks: it is answered with problem+json (RFC 9457) instead of a page."""
    return request.path.startswith("/api/") or request.get_preferred_type(["text/html", "application/json"]) == (
        "application/json"
    )


def problem_page(request: HttpRequest, problem: Problem) -> HttpResponse:
    """The page for a `Problem`, with its status."""
    with _inside_tenant(request):
        return _rendered(request, problem)


@contextmanager
def _inside_tenant(request: HttpRequest) -> Iterator[None]:
    """Under ASGI Django asks for the page of an exception in a thread of its own, which no middleware has prepared."""
    tenant = getattr(request, "tenant", None)
    if tenant is None or not isinstance(request, ASGIRequest):
        yield
        return
    try:
        with tenant_context(tenant):
            yield
    finally:
        close_old_connections()


def _rendered(request: HttpRequest, problem: Problem) -> HttpResponse:
    if wants_json(request):
        response: HttpResponse = JsonResponse(details(problem, request_id()), status=problem.status)
        response["Content-Type"] = "application/problem+json"
    else:
        signed_in = getattr(getattr(request, "user", None), "is_authenticated", False)
        context = {
            "problem": problem,
            "page_title": problem.title,
            "layout": "console/base.html" if signed_in else "console/bare.html",
        }
        response = render(request, "console/error.html", context, status=problem.status)
    add_never_cache_headers(response)
    return response


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    return problem_page(request, PermissionDenied(str(exception)))


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """The same words for what does not exist and for what this person may not know of."""
    detail = "There is no page at this address, or it was moved or deleted, or it is not yours to see."
    if isinstance(exception, Http404) and request.resolver_match:
        detail = "What this address names does not exist here, or is not yours to see."
    return problem_page(request, NotFound(detail, remedy="Check the address, or start from the dashboard."))


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """What made the request unreadable is not told again: it came from outside."""
    return _without_help(request, BadRequest())


def server_error(request: HttpRequest) -> HttpResponse:
    """The answer to an exception that nobody foresaw: 503 where a server that we need is away, else 500."""
    error = sys.exc_info()[1]
    if isinstance(error, Unavailable):  # of what is no page of ours: signing in, middleware
        return _without_help(request, error)
    return _without_help(request, unavailable() if isinstance(error, AWAY) else Problem())


def unavailable() -> Unavailable:
    """What to say where a server behind us is away. Which one is for the log."""
    return Unavailable(
        "A part of the service does not answer. What was accepted before goes on; what you sent now was not stored.",
        remedy=f"Try again in {RETRY_SECONDS} seconds.",
    )


def _without_help(request: HttpRequest, problem: Problem) -> HttpResponse:
    """Needs no database, no tenant, no session and no static manifest: any of them may be what failed."""
    if wants_json(request):
        response: HttpResponse = JsonResponse(details(problem, request_id()), status=problem.status)
        response["Content-Type"] = "application/problem+json"
    else:
        response = _bare_page(problem)
    if isinstance(problem, Unavailable):
        response["Retry-After"] = str(RETRY_SECONDS)
    add_never_cache_headers(response)
    return response


def _bare_page(problem: Problem) -> HttpResponse:
    try:
        page = render_to_string("500.html", {"problem": problem, "request_id": request_id()})
        return HttpResponse(page, status=problem.status)
    except Exception:
        logger.exception("The page for errors could not be rendered")
        words = f"{problem.title}. {problem.remedy} Request {request_id() or 'without id'}.\n"
        return HttpResponse(words, status=problem.status, content_type="text/plain; charset=utf-8")
