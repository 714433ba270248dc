"""Stepping up: what is sensitive is done only by somebody who proved a short while ago who they are.

A page or a view of the API names the methods that are: `step_up = {"POST"}`. A page asks for the proof with what was
typed still in it; the API refuses with `reauthentication_required`. Keys act for programs, which prove nothing: they
are not asked.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, Final

from allauth.account.adapter import get_adapter
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.cache import add_never_cache_headers

from apps.common.errors import PermissionDenied
from apps.console import errors

KEY: Final = "identity"
"""Under which a session keeps when it began (`at`), when its member last proved who they are (`proved`) and when it was
last used (`seen`), in seconds since 1970."""


class ReauthenticationRequired(PermissionDenied):
    code = "reauthentication_required"
    status = 403
    title = "Prove once more who you are"
    cause = "This is sensitive, and the last proof of who you are was too long ago."
    effect = "Nothing was shown or changed."
    remedy = "Open /accounts/reauthenticate/ in the browser, or get a new token at /api/v1/tokens, and send it again."


class FactorRequired(PermissionDenied):
    code = "factor_required"
    status = 403
    title = "A second factor is asked for"
    cause = "The member has a second factor, or the organisation asks their role for one, and it was not shown."
    effect = "Nothing was shown or changed."
    remedy = "Send the `code` of your app along, or sign in to the console, which leads to where a factor is set up."


def is_fresh(session: Mapping[str, Any]) -> bool:
    """Whether the member of a session proved who they are within `STEP_UP_SECONDS`."""
    return _is_recent(float(session.get(KEY, {}).get("proved", 0)))


def ask(request: HttpRequest) -> HttpResponse | None:
    """For a page: None where the member may go on, else the answer that asks for the proof, or says that it is needed.

    Where the request brings the proof, it is looked at and taken out of what was typed, also where none was needed.
    """
    if errors.wants_json(request) and not is_fresh(request.session):
        return errors.problem_page(request, ReauthenticationRequired())
    answer: HttpResponse | None = get_adapter(request).step_up(request)
    if answer is not None:
        add_never_cache_headers(answer)  # what was typed stands in it, secrets too
    return answer


def require(*, session: Mapping[str, Any] | None, claims: Any) -> None:
    """For the API: raise `ReauthenticationRequired` for a session or the claims of a token whose proof is too old."""
    if session is not None and not is_fresh(session):
        raise ReauthenticationRequired
    if isinstance(claims, dict) and not _is_recent(float(claims["auth_time"])):
        raise ReauthenticationRequired


def _is_recent(at: float) -> bool:
    return time.time() - at < float(settings.STEP_UP_SECONDS)
