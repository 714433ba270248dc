"""Any error as a problem of the catalogue, and as an answer (RFC 9457)."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from django.core.exceptions import PermissionDenied as DjangoPermissionDenied
from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.core.signals import got_request_exception
from django.http import Http404, HttpResponse
from rest_framework import exceptions
from rest_framework.renderers import JSONRenderer
from rest_framework.response import Response
from rest_framework.views import set_rollback

from apps.common import errors
from apps.common.errors import Issue, Problem, catalogue, details
from apps.console.errors import AWAY, RETRY_SECONDS, unavailable

logger = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"


class MethodNotAllowed(Problem):
    code, status, title = "method_not_allowed", 405, "This address does not know the method"
    cause = "The address is there, and does not take this method of HTTP."
    effect = "Nothing was done."
    remedy = "Use one of the methods that the header Allow names."


class NotAcceptable(Problem):
    code, status, title = "not_acceptable", 406, "There is no answer in the format asked for"
    cause = "The header Accept names no kind of answer that this address makes."
    effect = "Nothing was done."
    remedy = "Accept one of the kinds that the reference at /api/docs/ names for this address, or `*/*`."


def exception_handler(exc: Exception, context: Mapping[str, Any]) -> Response:
    """Answer any exception of an API view. One that is not foreseen is told to the log, and not to the caller."""
    request = context["request"]
    problem = problem_of(exc)
    if problem is None:
        got_request_exception.send(sender=type(context.get("view")), request=request._request)
        problem = Problem()
    set_rollback()
    headers = retry_headers(problem)
    if challenge := getattr(exc, "auth_header", None):
        headers["WWW-Authenticate"] = challenge
    elif problem.status == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="api"'
    body = details(problem, getattr(request, "request_id", ""))
    return Response(body, status=problem.status, headers=headers, content_type=MEDIA_TYPE)


def retry_headers(problem: Problem) -> dict[str, str]:
    """When another try makes sense, in seconds."""
    after = getattr(problem, "retry_after", RETRY_SECONDS if problem.status == 503 else None)
    return {} if after is None else {"Retry-After": str(after)}


def problem_of(exc: Exception) -> Problem | None:
    """The problem that an exception means; None for one that nobody foresaw."""
    if isinstance(exc, Problem):
        return exc
    if isinstance(exc, exceptions.APIException):
        return _of_rest_framework(exc)
    if isinstance(exc, Http404):
        return errors.NotFound("There is nothing at this address that you may see.")
    if isinstance(exc, DjangoPermissionDenied):
        return errors.PermissionDenied("This is not allowed. Nothing was changed.")
    if isinstance(exc, RequestDataTooBig):
        return errors.TooLarge("The request is larger than allowed; nothing was stored.")
    if isinstance(exc, SuspiciousOperation):
        return errors.BadRequest("The request cannot be read; nothing was done.")
    if isinstance(exc, AWAY):
        logger.error("a server behind the API is away", exc_info=exc)
        return unavailable()
    return None


# The library's exceptions as problems of ours: `{}` is what it says itself.
_OF_REST_FRAMEWORK: dict[type[exceptions.APIException], tuple[type[Problem], str, str]] = {
    exceptions.NotAuthenticated: (
        errors.NotAuthenticated,
        "Nobody is signed in.",
        "",
    ),
    exceptions.AuthenticationFailed: (
        errors.NotAuthenticated,
        "{}",
        "Get a new token at /api/v1/tokens, or use a valid API key.",
    ),
    exceptions.PermissionDenied: (errors.PermissionDenied, "{} Nothing was changed.", ""),
    exceptions.MethodNotAllowed: (MethodNotAllowed, "{}", ""),
    exceptions.NotAcceptable: (NotAcceptable, "{}", ""),
    exceptions.UnsupportedMediaType: (
        errors.UnsupportedFormat,
        "{} Nothing was stored.",
        "Send application/json, or multipart/form-data for a file.",
    ),
    exceptions.ParseError: (errors.BadRequest, "{} Nothing was stored.", ""),
    exceptions.NotFound: (errors.NotFound, "{}", ""),
}


def _of_rest_framework(exc: exceptions.APIException) -> Problem | None:
    if isinstance(exc, exceptions.ValidationError):
        return errors.InvalidInput("The input cannot be accepted; nothing was stored.", issues=_issues(exc.detail))
    for kind, (problem, text, remedy) in _OF_REST_FRAMEWORK.items():
        if isinstance(exc, kind):
            return problem(text.format(exc.detail), remedy=remedy)
    return None


def _issues(detail: Any, path: str = "") -> list[Issue]:
    if isinstance(detail, dict):
        return [issue for key, item in detail.items() for issue in _issues(item, f"{path}.{key}".strip("."))]
    if isinstance(detail, list) and any(isinstance(item, dict | list) for item in detail):
        return [issue for n, item in enumerate(detail) for issue in _issues(item, f"{path}.{n}".strip("."))]
    texts = detail if isinstance(detail, list) else [detail]
    return [Issue(path=path, message=str(text)) for text in texts]


def problem_response(problem: Problem, request_id: str) -> HttpResponse:
    """A problem as a plain answer, for errors that happen outside any API view."""
    body = JSONRenderer().render(details(problem, request_id))
    return HttpResponse(body, status=problem.status, content_type=MEDIA_TYPE, headers=retry_headers(problem))


def problem_of_status(status: int) -> Problem:
    """The problem that a bare HTTP status means, where an error page was about to be sent."""
    known = {each.status: each for each in reversed(catalogue().values())}
    known |= {400: errors.BadRequest, 403: errors.PermissionDenied, 404: errors.NotFound, 500: Problem}
    known[503] = errors.Unavailable
    kind = known.get(status, errors.BadRequest if status < 500 else Problem)
    return kind()
