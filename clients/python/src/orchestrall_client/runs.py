"""Runs of agents: start, wait, watch, read."""

from __future__ import annotations

import builtins
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO, Literal, TypedDict, Unpack, overload
from urllib.parse import quote
from uuid import UUID

from orchestrall_client.connection import Call, Connection, get
from orchestrall_client.errors import RunFailed
from orchestrall_client.files import Source, upload_of
from orchestrall_client.following import Followed
from orchestrall_client.models import Agent, Run, RunCancelled, RunDetail, RunEvent
from orchestrall_client.pages import id_of, listed, moment
from orchestrall_client.payloads import as_json, plain

RunId = Run | UUID | str
PATH = "/api/v1/runs"


class RunsNarrowed(TypedDict, total=False):
    """How a list of runs is narrowed and ordered."""

    status: str
    agent: str
    verdict: str
    since: datetime | None
    before: datetime | None
    order: str
    page_size: int | None


class Runs(Followed[RunDetail, RunEvent]):
    """`client.runs`"""

    path = PATH

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection, RunDetail, RunEvent, _as_event)

    def start(
        self,
        agent: str | Agent,
        input: Mapping[str, Any] | None = None,
        *,
        file: Source | None = None,
        name: str | None = None,
        sheet: str = "",
        fresh: bool = False,
        idempotency_key: str | None = None,
    ) -> Run:
        """Start a run of an agent. Once it is accepted it finishes, or says why it did not.

        Where the result of an equal run is at hand, it has ended at once: `answered_from` says whose result it has.
        `fresh` has it worked out anew.

        `input` is what the agent's `input_schema` says; ids, dates and pydantic models in it become JSON. A `file` (a
        path, bytes, an open file, a table of polars or pandas) is kept as a dataset and feeds the agent's table;
        `input` is then the rest. An input that the agent cannot work on is an `InvalidRequest` with an issue for each
        place, and nothing of it is kept.

        It is started once, whatever happens to the connection: each start has an `Idempotency-Key` that stays the same
        over its tries. Give one of your own to start it once over several runs of your program too.
        """
        path = f"{agent_path(agent)}/runs"
        if file is None:
            call = Call("POST", path, json={"input": plain(input or {}), **({"fresh": True} if fresh else {})})
            return self._connection.one(call.once(idempotency_key), Run)
        form = {"input": as_json(input or {}), **({"sheet": sheet} if sheet else {})}
        with upload_of(file, name) as upload:
            return self._connection.one(Call("POST", path, form=form, upload=upload).once(idempotency_key), Run)

    def start_many(
        self, agent: str | Agent, inputs: Iterable[Mapping[str, Any]], *, idempotency_key: str | None = None
    ) -> builtins.list[Run]:
        """Start a run for each of up to 100 inputs with one request, in their order: all of them, or none.

        Where inputs cannot be used, `InvalidRequest` has an issue for each place, by the number of its input.
        """
        call = Call("POST", f"{agent_path(agent)}/runs/bulk", json={"inputs": [plain(each) for each in inputs]})
        return self._connection.many(call.once(idempotency_key), Run)

    @overload
    def list(self, *, fields: None = None, **narrow: Unpack[RunsNarrowed]) -> Iterator[Run]: ...

    @overload
    def list(self, *, fields: Sequence[str], **narrow: Unpack[RunsNarrowed]) -> Iterator[dict[str, Any]]: ...

    def list(
        self,
        *,
        status: str = "",
        agent: str = "",
        verdict: str = "",
        since: datetime | None = None,
        before: datetime | None = None,
        order: str = "",
        fields: Sequence[str] | None = None,
        page_size: int | None = None,
    ) -> Iterator[Any]:
        """The runs, without their results: newest first, or in an `order` (`created_at`, or `-created_at` from above).

        A page is asked for as it is reached. With `fields` each is a dict of these alone.
        """
        narrow: dict[str, Any] = {"status": status, "agent": agent, "verdict": verdict}
        narrow |= {"since": moment(since, "since"), "before": moment(before, "before")}
        return listed(self._connection, PATH, Run, fields=fields, order=order, limit=page_size, **narrow)

    def get(self, run: RunId) -> RunDetail:
        """One run as it is now, with its result once it has succeeded."""
        return self._connection.one(get(self._at(run)), RunDetail)

    def wait(
        self, run: RunId, *, timeout: float | None = None, on_progress: Callable[[RunDetail], object] | None = None
    ) -> RunDetail:
        """Wait until a run has ended, however it ended: look at its `status`.

        `on_progress` is called with the run whenever it has changed. After `timeout` seconds (None: never) this raises
        `WaitExpired`; the run goes on.
        """
        return self._wait(self._at(run), timeout, on_progress)

    def result(self, run: RunId, *, timeout: float | None = None) -> Any:
        """The result of a run, as its agent's `output_schema` says, once it has ended.

        Raises `RunFailed` where it ended without one, and `WaitExpired` after `timeout` seconds.
        """
        ended = self.wait(run, timeout=timeout)
        if ended.status != "succeeded":
            raise RunFailed(ended)
        return ended.output

    def watch(self, run: RunId) -> Iterator[RunEvent]:
        """What happens to a run, as it happens: first how it is now, last that it has ended.

        A connection that is lost is taken up again where it was. Where the server, or something before it, has no
        stream of events or does not keep it open, the run is asked for every few seconds instead.
        """
        return self._watch(self._at(run))

    def cancel(self, run: RunId) -> Run:
        """Cancel a run: at once when it waits, else when its agent next tells its progress.

        `Conflict` for one that has ended.
        """
        return self._connection.one(Call("POST", f"{self._at(run)}/cancel").once(), Run)

    def cancel_many(self, runs: Iterable[RunId]) -> builtins.list[RunCancelled]:
        """Cancel up to 100 runs with one request, each as by itself. Tells what became of each."""
        ids = [id_of(run, "run") for run in runs]
        return self._connection.many(Call("POST", f"{PATH}/cancel", json={"ids": ids}).once(), RunCancelled)

    def download(self, run: RunId, to: str | Path | BinaryIO, format: Literal["csv", "xlsx"] = "csv") -> None:
        """Write the result as one flat table, CSV or a workbook. `Conflict` while there is none."""
        if format not in {"csv", "xlsx"}:
            raise ValueError(f"{format!r} is no format of a result: choose csv or xlsx.")
        self._connection.download(get(f"{self._at(run)}/result.{format}"), to)


def agent_path(agent: str | Agent) -> str:
    """Where an agent is."""
    return f"/api/v1/agents/{quote(agent.key if isinstance(agent, Agent) else agent, safe='')}"


def _as_event(run: Run) -> RunEvent:
    same = ("seq", "ref", "agent", "status", "done", "total", "percent", "note")
    at = run.finished_at or run.started_at or run.created_at
    return RunEvent(v=1, run=run.id, at=at, **{name: getattr(run, name) for name in same})
