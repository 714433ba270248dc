"""Errors that teach: what happened, what was and was not done, what to do next.

Services raise a `Problem`; the API renders it as problem+json (RFC 9457), the console as a callout or an error page.
A problem's `code` is stable and part of the public contract.
"""

from __future__ import annotations

from typing import ClassVar

from pydantic import BaseModel, ValidationError


class Issue(BaseModel):
    """One thing wrong with an input: where, and what to do about it."""

    path: str = ""
    """Dotted path in the input, for example ``history.rows.3.quantity``; empty for the input as a whole."""
    message: str
    row: int | None = None
    """Row in the source file, counted from 1 with the header, when the input came from a file."""
    column: str | None = None


class Problem(Exception):
    """The base of every error a caller may see. Subclasses fix `code`, `status` and `title`."""

    code: ClassVar[str] = "internal_error"
    status: ClassVar[int] = 500
    title: ClassVar[str] = "Something went wrong on our side"

    def __init__(self, detail: str = "", *, remedy: str = "", issues: list[Issue] | None = None) -> None:
        super().__init__(detail or self.title)
        self.detail = detail or self.title
        self.remedy = remedy
        self.issues = issues or []


class InvalidInput(Problem):
    code, status, title = "invalid_input", 422, "The input cannot be used as it is"

    @classmethod
    def from_pydantic(cls, error: ValidationError, *, path: str = "") -> InvalidInput:
        """Turn a pydantic error into issues by path, under `path`."""
        issues = [
            Issue(path=".".join(str(part) for part in (*filter(None, [path]), *item["loc"])), message=item["msg"])
            for item in error.errors(include_url=False, include_context=False, include_input=False)
        ]
        count = len(issues)
        return cls(f"{count} field{'s' if count != 1 else ''} cannot be accepted; nothing was stored.", issues=issues)


class BadRequest(Problem):
    code, status, title = "bad_request", 400, "The request cannot be read"


class NotAuthenticated(Problem):
    code, status, title = "not_authenticated", 401, "Sign in, or send a token or an API key"


class PermissionDenied(Problem):
    code, status, title = "permission_denied", 403, "Your role does not allow this"


class NotFound(Problem):
    code, status, title = "not_found", 404, "There is nothing here that you may see"


class Conflict(Problem):
    code, status, title = "conflict", 409, "The thing is not in a state that allows this"


class TooLarge(Problem):
    code, status, title = "too_large", 413, "The input is larger than allowed"


class UnsupportedFormat(Problem):
    code, status, title = "unsupported_format", 415, "This kind of file cannot be read"


class TooManyRequests(Problem):
    code, status, title = "too_many_requests", 429, "Too many requests"

    def __init__(self, detail: str = "", *, remedy: str = "", retry_after: int = 60) -> None:
        super().__init__(detail, remedy=remedy)
        self.retry_after = retry_after
        """Seconds until another try makes sense."""


class Unavailable(Problem):
    code, status, title = "unavailable", 503, "The service is not ready to do this now"
