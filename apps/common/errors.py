"""Errors that teach: what happened, what was and was not done, what to do next.

Services raise a `Problem`; the API renders it as problem+json (RFC 9457), the console as a callout or an error page.
The classes are the catalogue: each fixes a `code`, which is stable and part of the public contract, and explains it.
"""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import BaseModel, Field, ValidationError


class Issue(BaseModel):
    """One thing wrong with an input: where, and what to do about it."""

    path: str = ""
    """Dotted path in the input, for example ``history.rows.3.quantity``; empty for the input as a whole."""
    message: str
    row: int | None = None
    """Row in the source file, counted from 1 with the header, when the input came from a file."""
    column: str | None = None


class Problem(Exception):
    """The base of every error a caller may see.

    A subclass with a `code` of its own fixes what is always true of it: `status`, `title`, and in a sentence or two the
    `cause` (how it comes about), the `effect` (what was and was not done) and the `remedy` (what to do next). Whoever
    raises it tells what is true this time; what is not told then is what the class says.
    """

    code: ClassVar[str] = "internal_error"
    status: ClassVar[int] = 500
    title: ClassVar[str] = "Something went wrong on our side"
    cause: ClassVar[str] = "Something failed that nobody foresaw. It is in the server's log under the request id."
    effect: ClassVar[str] = "The request was not carried out."
    remedy: str = "Try once more. If it stays, report the request id to whoever runs the installation."

    def __init__(self, detail: str = "", *, remedy: str = "", issues: list[Issue] | None = None) -> None:
        super().__init__(detail or self.title)
        self.detail = detail or f"{self.cause} {self.effect}"
        self.remedy = remedy or self.remedy
        self.issues = issues or []


class ProblemDetails(BaseModel):
    """What every error looks like to a program (RFC 9457)."""

    type: str = Field(description="Address of the explanation of this code.", examples=["/api/problems/not_found"])
    title: str = Field(description="What this code means, always the same.")
    status: int
    detail: str = Field(description="What happened, and what was and was not done.")
    code: str = Field(description="Stable name of the problem.", examples=["not_found"])
    remedy: str = Field(description="What to do next.")
    request_id: str = Field(description="Names this request in the logs.")
    issues: list[Issue] = Field(description="What is wrong with the input, item by item; may be empty.")


def details(problem: Problem, request_id: str) -> dict[str, Any]:
    """The body of an answer that tells `problem` to a program."""
    return ProblemDetails(
        type=f"/api/problems/{problem.code}",
        title=problem.title,
        status=problem.status,
        detail=problem.detail,
        code=problem.code,
        remedy=problem.remedy,
        request_id=request_id,
        issues=problem.issues,
    ).model_dump(mode="json")


def catalogue() -> dict[str, type[Problem]]:
    """Every problem there is, by code. The first class of a code, nearest to the base, explains it."""
    found: dict[str, type[Problem]] = {}
    level: list[type[Problem]] = [Problem]
    while level:
        for each in level:
            found.setdefault(each.code, each)
        level = [sub for each in level for sub in each.__subclasses__()]
    return dict(sorted(found.items()))


class InvalidInput(Problem):
    code, status, title = "invalid_input", 422, "The input cannot be used as it is"
    cause = "The input could be read, and something in it cannot be accepted."
    effect = "Nothing was stored."
    remedy = "Mend each place that `issues` names, and send the whole again."

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
    cause = "The body, the query or a header is not in the form that its kind has: JSON that is cut off, for example."
    effect = "Nothing was looked at further, and nothing was stored."
    remedy = "Check the request against the reference at /api/docs/, and send it again."


class NotAuthenticated(Problem):
    code, status, title = "not_authenticated", 401, "Sign in, or send a token or an API key"
    cause = (
        "The request carries no credential, or one that has expired, was revoked, or belongs to the host of another "
        "organisation."
    )
    effect = "Nothing was done."
    remedy = "Send `Authorization: Bearer` with a token from /api/v1/tokens, or with an API key, of this host."


class PermissionDenied(Problem):
    code, status, title = "permission_denied", 403, "Your role does not allow this"
    cause = "Whoever asks is known, and holds no permission for this: their role, or the scopes of the key, lack it."
    effect = "Nothing was changed."
    remedy = "Ask an owner or administrator of your organisation for a role, or a key, that holds the permission."


class NotFound(Problem):
    code, status, title = "not_found", 404, "There is nothing here that you may see"
    cause = "What the address names was never here, was deleted, or belongs to others: the answer is always the same."
    effect = "Nothing was done."
    remedy = "Check the address and the host; take ids from the lists."


class Conflict(Problem):
    code, status, title = "conflict", 409, "The thing is not in a state that allows this"
    cause = "The thing is there, and its state rules out what was asked: a run that has ended cannot be cancelled."
    effect = "Nothing was changed."
    remedy = "Read the thing again, and decide from its present state."


class LengthRequired(Problem):
    code, status, title = "length_required", 411, "The request does not say how long it is"
    cause = "A body must come with its length, in the header Content-Length."
    effect = "Nothing was read and nothing was stored."
    remedy = "Send the file as a whole instead of in chunks: most programs do so for a file that lies on a disk."


class TooLarge(Problem):
    code, status, title = "too_large", 413, "The input is larger than allowed"
    cause = "The body, or the file in it, is larger than the quota of the organisation allows."
    effect = "Nothing was stored."
    remedy = "Send less at a time, or ask the operator of this installation for a larger quota."


class UnsupportedFormat(Problem):
    code, status, title = "unsupported_format", 415, "This kind of file cannot be read"
    cause = "The body, or the file in it, is of a kind that this address does not take."
    effect = "Nothing was stored."
    remedy = "Send one of the kinds that the reference at /api/docs/ names for this address."


class TooManyRequests(Problem):
    code, status, title = "too_many_requests", 429, "Too many requests"
    cause = "More was asked within a short time than is allowed."
    effect = "The request was not looked at; those before it are not affected."
    remedy = "Wait as many seconds as the header Retry-After names, and ask again."

    def __init__(self, detail: str = "", *, remedy: str = "", retry_after: int = 60) -> None:
        super().__init__(detail, remedy=remedy)
        self.retry_after = retry_after
        """Seconds until another try makes sense."""


class Unavailable(Problem):
    code, status, title = "unavailable", 503, "The service is not ready to do this now"
    cause = "A part of the service does not answer, or the organisation is closed for the moment."
    effect = "Nothing was changed, unless the answer says so."
    remedy = "Try again after as many seconds as the header Retry-After names."
