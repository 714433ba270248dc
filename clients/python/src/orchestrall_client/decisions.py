"""What agents decided: read, reviewed, carried out, and on paper."""

from __future__ import annotations

import builtins
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO, Literal

from orchestrall_client.connection import Call, Connection, get
from orchestrall_client.decision_models import Decision, DecisionDetail, Feedback, Proposal, RunDecisions
from orchestrall_client.pages import id_of, listed, moment
from orchestrall_client.runs import PATH as RUNS
from orchestrall_client.runs import RunId

PATH = "/api/v1/decisions"


class Decisions:
    """`client.decisions`"""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def list(
        self,
        *,
        agent: str = "",
        verdict: str = "",
        review: str = "",
        since: datetime | None = None,
        before: datetime | None = None,
        fields: Sequence[str] | None = None,
        page_size: int | None = None,
    ) -> Iterator[Any]:
        """What agents decided, newest first. `verdict` is the one that stands; `review="wanted"` are those that wait.

        A page is asked for as it is reached. With `fields` each is a dict of these alone.
        """
        narrow: dict[str, Any] = {"agent": agent, "verdict": verdict, "review": review}
        narrow |= {"since": moment(since, "since"), "before": moment(before, "before")}
        return listed(self._connection, PATH, Decision, fields=fields, limit=page_size, **narrow)

    def of(self, run: RunId) -> RunDecisions:
        """What was decided in a run, with every review, what is proposed, and what it came from."""
        return self._connection.one(get(f"{self._at(run)}/decisions"), RunDecisions)

    def review(
        self, decision: Decision, verdict: str, reason: str = "", *, idempotency_key: str | None = None
    ) -> DecisionDetail:
        """Say which verdict holds: the agent's own confirms it, another one overrides it and needs a reason.

        `Conflict` where somebody has reviewed it that `decision` does not know of: read it again.
        """
        body = {"verdict": verdict, "reason": reason, "seen": decision.reviews_made}
        call = Call("POST", f"{self._place(decision)}/review", json=body)
        return self._connection.one(call.once(idempotency_key), DecisionDetail)

    def act(self, decision: Decision, action: int = 0, *, idempotency_key: str | None = None) -> Proposal:
        """Have a proposed action done, with your rights: once, however often it is asked for. Look at its `status`."""
        call = Call("POST", f"{self._place(decision)}/actions/{action}")
        return self._connection.one(call.once(idempotency_key), Proposal)

    def give_feedback(self, run: RunId, *, is_right: bool, comment: str = "") -> Feedback:
        """Say whether a run's result is right. Your last word holds. `Conflict` while there is no result."""
        body = {"is_right": is_right, "comment": comment}
        return self._connection.one(Call("POST", f"{self._at(run)}/feedback", json=body).once(), Feedback)

    def feedback(self, run: RunId) -> builtins.list[Feedback]:
        """What people say of a run's result, the latest first."""
        return self._connection.many(get(f"{self._at(run)}/feedback"), Feedback)

    def download(self, decision: Decision, to: str | Path | BinaryIO, format: Literal["html", "pdf"] = "pdf") -> None:
        """Write a decision with all that it rests on, to keep. The same record gives the same bytes."""
        if format not in {"html", "pdf"}:
            raise ValueError(f"{format!r} is no format of a decision: choose html or pdf.")
        self._connection.download(get(f"{self._place(decision)}/record.{format}"), to)

    def _at(self, run: RunId) -> str:
        return f"{RUNS}/{id_of(run, 'run')}"

    def _place(self, decision: Decision) -> str:
        return f"{RUNS}/{decision.run}/decisions/{decision.position}"
