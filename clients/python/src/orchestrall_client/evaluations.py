"""Evaluations of agents, and the watch over what they decide."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any, Literal

from orchestrall_client.connection import Call, Connection, get
from orchestrall_client.errors import WaitExpired
from orchestrall_client.evaluation_models import DriftWatch, Evaluation, EvaluationDetail
from orchestrall_client.models import Agent
from orchestrall_client.pages import listed
from orchestrall_client.payloads import plain
from orchestrall_client.runs import agent_path

LOOK_EVERY = 2.0
"""Seconds between two looks at an evaluation that is waited for."""


class Evaluations:
    """`client.evaluations`"""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def start(
        self,
        agent: str | Agent,
        *,
        version: int | None = None,
        settings: Mapping[str, Any] | None = None,
        idempotency_key: str | None = None,
    ) -> Evaluation:
        """Hold an agent against its cases with the settings that hold, those of a `version` (0: its own), or a draft.

        `Conflict` while another evaluation of it is under way.

            evaluation = client.evaluations.start("retail.demand_forecaster", settings={"season": 52})
            done = client.evaluations.wait(evaluation)
            print(done.passed, "of", done.total)
        """
        body = {"version": version, "settings": plain(settings) if settings is not None else None}
        call = Call("POST", f"{agent_path(agent)}/evaluations", json=body)
        return self._connection.one(call.once(idempotency_key), Evaluation)

    def list(
        self, agent: str | Agent, *, fields: Sequence[str] | None = None, page_size: int | None = None
    ) -> Iterator[Any]:
        """The evaluations of an agent, newest first. With `fields` each is a dict of these alone."""
        path = f"{agent_path(agent)}/evaluations"
        return listed(self._connection, path, Evaluation, fields=fields, limit=page_size)

    def get(self, evaluation: Evaluation) -> EvaluationDetail:
        """One evaluation as it is now, with the result of each case."""
        return self._connection.one(get(self._at(evaluation)), EvaluationDetail)

    def wait(self, evaluation: Evaluation, *, timeout: float | None = None) -> EvaluationDetail:
        """Wait until it has ended. After `timeout` seconds (None: never) this raises `WaitExpired`; it goes on."""
        retries = self._connection.retries
        until = None if timeout is None else retries.clock() + timeout
        while (now := self.get(evaluation)).is_open:
            if until is not None and timeout is not None and retries.clock() >= until:
                raise WaitExpired(now, timeout)
            retries.sleep(LOOK_EVERY)
        return now

    def stop(self, evaluation: Evaluation) -> Evaluation:
        """Stop it. What it has come to is kept. `Conflict` when it has ended."""
        return self._connection.one(Call("POST", f"{self._at(evaluation)}/stop"), Evaluation)

    def watch(self, agent: str | Agent) -> DriftWatch:
        """How the decisions of an agent are watched for drift, and what was found. `NotFound` where nobody does."""
        return self._connection.one(get(f"{agent_path(agent)}/watch"), DriftWatch)

    def watch_set(
        self,
        agent: str | Agent,
        *,
        falls_back: bool = False,
        baseline: Literal["first", "latest", "period"] | None = None,
        since: date | None = None,
        until: date | None = None,
    ) -> DriftWatch:
        """Watch an agent. With `falls_back` each new decision waits for a person while it drifts.

        `baseline` says what it is held against; `since` and `until` are the days of a period. None: as before.
        """
        body = plain({"falls_back": falls_back, "baseline": baseline, "since": since, "until": until})
        return self._connection.one(Call("PUT", f"{agent_path(agent)}/watch", json=body), DriftWatch)

    def watch_end(self, agent: str | Agent) -> None:
        """Watch an agent no longer."""
        self._connection.json(Call("DELETE", f"{agent_path(agent)}/watch"))

    def _at(self, evaluation: Evaluation) -> str:
        return f"{agent_path(evaluation.agent)}/evaluations/{evaluation.id}"
