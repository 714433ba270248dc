"""What-if: past runs of a workflow, followed again through another definition."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from orchestrall_client.connection import Call, Connection, get
from orchestrall_client.errors import WaitExpired
from orchestrall_client.pages import id_of, listed
from orchestrall_client.payloads import plain
from orchestrall_client.replay_models import Replay, ReplayRun
from orchestrall_client.workflows import WorkflowName, at

ReplayId = Replay | UUID | str
PATH = "/api/v1/workflow-replays"
LOOK_EVERY = 1.0
"""Seconds between two looks at a replay that is waited for."""


class Replays:
    """`client.replays`"""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def start(
        self,
        workflow: WorkflowName,
        *,
        against: str = "draft",
        most: int = 100,
        status: str = "",
        origin: str = "",
        since: datetime | None = None,
        before: datetime | None = None,
        contains: str = "",
        recompute: bool = False,
        cap: Decimal | None = None,
        idempotency_key: str | None = None,
    ) -> Replay:
        """Follow past runs through a definition: `draft`, the number of a version, or `edit` for what you are changing.

        Nothing is sent, and nobody is asked. With `recompute` agents are asked anew whose input, version or settings
        would be other; models may cost `cap` for that. `Conflict` where no run is one of those that are meant.

            replay = client.replays.wait(client.replays.start("top-up", most=50))
            print(replay.summary.changed, "of", replay.total)
            for run in client.replays.runs(replay, verdict="changed"):
                print(run.ref, *run.sentences)
        """
        body = {
            "against": against, "most": most, "status": status, "origin": origin, "since": since, "before": before,
            "contains": contains, "recompute": recompute,
        }  # fmt: skip
        if cap is not None:
            body["cap"] = str(cap)
        call = Call("POST", f"{at(workflow)}/replays", json=plain(body))
        return self._connection.one(call.once(idempotency_key), Replay)

    def list(
        self, workflow: WorkflowName, *, fields: Sequence[str] | None = None, page_size: int | None = None
    ) -> Iterator[Any]:
        """The replays of a workflow with their sums, newest first. With `fields` each is a dict of these alone."""
        return listed(self._connection, f"{at(workflow)}/replays", Replay, fields=fields, limit=page_size)

    def get(self, replay: ReplayId) -> Replay:
        """One replay as it is now, with its sums so far."""
        return self._connection.one(get(_at(replay)), Replay)

    def wait(self, replay: ReplayId, *, timeout: float | None = None) -> Replay:
        """Wait until it has ended. After `timeout` seconds (None: never) this raises `WaitExpired`; it goes on."""
        retries = self._connection.retries
        until = None if timeout is None else retries.clock() + timeout
        while (now := self.get(replay)).is_open:
            if until is not None and timeout is not None and retries.clock() >= until:
                raise WaitExpired(now, timeout)
            retries.sleep(LOOK_EVERY)
        return now

    def cancel(self, replay: ReplayId) -> Replay:
        """End it. What it has come to is kept. `Conflict` when it has ended."""
        return self._connection.one(Call("POST", f"{_at(replay)}/cancel"), Replay)

    def runs(
        self,
        replay: ReplayId,
        *,
        verdict: str = "",
        fields: Sequence[str] | None = None,
        page_size: int | None = None,
    ) -> Iterator[Any]:
        """What each run would have become; with `verdict` only those that are `same`, `changed` or `unknown`."""
        query = {"verdict": verdict or None, "limit": page_size}
        return listed(self._connection, f"{_at(replay)}/runs", ReplayRun, fields=fields, **query)


def _at(replay: ReplayId) -> str:
    return f"{PATH}/{id_of(replay, 'replay')}"
