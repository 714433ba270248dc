"""What can go wrong, a class for each thing that a program would do about it.

A refusal by the server is a `Problem` (RFC 9457): decide by its class or its `code`, which stays; show `detail` and
`remedy`; log `request_id`.
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, ClassVar

from orchestrall_client.models import Issue

if TYPE_CHECKING:
    from orchestrall_client.evaluation_models import EvaluationDetail
    from orchestrall_client.message_models import Message
    from orchestrall_client.models import BatchDetail, RunDetail
    from orchestrall_client.replay_models import Replay
    from orchestrall_client.training_models import TrainedDetail
    from orchestrall_client.workflow_models import WorkflowRunDetail


class OrchestrallError(Exception):
    """Everything that this package raises on purpose, but for a wrong argument (`ValueError`, `TypeError`)."""


class Unreachable(OrchestrallError):
    """No answer came: the host is not known, does not listen, or did not answer in time. The cause is chained."""


class UnexpectedAnswer(OrchestrallError):
    """The answer is not one of the API: another program answers at this address, or one of another age."""


class WaitExpired(OrchestrallError):
    """The time for waiting was over before the run had ended. The run goes on."""

    def __init__(
        self,
        run: RunDetail | WorkflowRunDetail | BatchDetail | EvaluationDetail | Message | TrainedDetail | Replay,
        seconds: float,
    ) -> None:
        super().__init__(run, seconds)
        self.run, self.seconds = run, seconds
        """As it was last seen, and how long it was waited for."""

    def __str__(self) -> str:
        ref, status = self.run.ref, self.run.status
        return f"{ref} is still {status} after {self.seconds:g} s. It goes on: wait again, or cancel it."


class RunFailed(OrchestrallError):
    """The result of a run was asked for, and the run has ended without one: it failed, or was cancelled."""

    def __init__(self, run: RunDetail | WorkflowRunDetail) -> None:
        super().__init__(run)
        self.run = run

    def __str__(self) -> str:
        why, ref = self.run.problem, self.run.ref
        if why is None or self.run.status == "cancelled":
            return f"{ref} was {self.run.status}: it has no result."
        return "\n".join([f"{ref} failed: {why.told}", *_rest(why.issues, why.remedy)])


class Problem(OrchestrallError):
    """The server has refused, and says why."""

    statuses: ClassVar[frozenset[int]] = frozenset()

    def __init__(
        self,
        status: int,
        code: str,
        title: str,
        detail: str = "",
        remedy: str = "",
        request_id: str = "",
        issues: list[Issue] | None = None,
        retry_after: float | None = None,
    ) -> None:
        # All of them are `args`, so that a problem can be sent from one process to another.
        super().__init__(status, code, title, detail, remedy, request_id, issues, retry_after)
        self.status, self.code, self.title = status, code, title
        self.detail, self.remedy, self.request_id = detail, remedy, request_id
        self.issues = issues or []
        self.retry_after = retry_after
        """Seconds until another try makes sense, where the server has said so."""

    def __str__(self) -> str:
        lines = [f"{self.title} ({self.code}, {self.status})."]
        if self.detail and self.detail != self.title:
            lines[0] += f" {self.detail}"
        lines += _rest(self.issues, self.remedy)
        if self.request_id:
            lines.append(f"Request: {self.request_id}")
        return "\n".join(lines)


class InvalidRequest(Problem):
    """The request must be changed; `issues` name each place in it."""

    statuses = frozenset({400, 405, 406, 411, 413, 415, 422})


class NotAuthenticated(Problem):
    """The key or token has ended, or is not one of this host; or the password is wrong."""

    statuses = frozenset({401})


class PermissionDenied(Problem):
    """Who asks may not do this; `detail` names the permission."""

    statuses = frozenset({403})


class NotFound(Problem):
    """It is not there, or not yours to see."""

    statuses = frozenset({404, 410})


class Conflict(Problem):
    """The thing is in another state, or has been changed meanwhile: look, and decide again."""

    statuses = frozenset({409, 412, 428})


class TooManyRequests(Problem):
    """A limit is reached, and stayed so over all tries; see `retry_after`."""

    statuses = frozenset({429})


class Unavailable(Problem):
    """The server, or a part of it, is away, and stayed so over all tries."""

    statuses = frozenset({502, 503, 504})


class ServerError(Problem):
    """A fault of the server; nothing was carried out. Report the `request_id`."""


FAMILIES: dict[int, type[Problem]] = {
    status: family for family in Problem.__subclasses__() for status in family.statuses
}


def problem_of(status: int, body: Any, *, request_id: str = "", retry_after: float | None = None) -> Problem:
    """The problem that an answer tells. `body` is its JSON; anything else for an answer that somebody else made."""
    family = FAMILIES.get(status, ServerError if status >= HTTPStatus.INTERNAL_SERVER_ERROR else InvalidRequest)
    told: Mapping[str, Any] = body if isinstance(body, Mapping) else {}
    issues = [Issue.model_validate(issue) for issue in told.get("issues") or [] if isinstance(issue, Mapping)]
    return family(
        status=status,
        code=str(told.get("code") or f"http_{status}"),
        title=str(told.get("title") or _phrase(status)),
        detail=str(told.get("detail") or ""),
        remedy=str(told.get("remedy") or ""),
        request_id=str(told.get("request_id") or request_id),
        issues=issues,
        retry_after=retry_after,
    )


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Refused"


def _rest(issues: list[Issue], remedy: str) -> list[str]:
    return [*(f"  {issue}" for issue in issues), *([f"What to do: {remedy}"] if remedy else [])]
