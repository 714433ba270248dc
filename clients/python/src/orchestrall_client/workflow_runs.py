"""Runs of workflows, and their calls of other systems."""

from __future__ import annotations

import builtins
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, TypedDict, TypeVar, Unpack, overload
from uuid import UUID

from orchestrall_client.connection import Call, Connection, get
from orchestrall_client.errors import RunFailed
from orchestrall_client.following import Followed
from orchestrall_client.pages import id_of, listed, moment
from orchestrall_client.payloads import plain
from orchestrall_client.workflow_models import (
    WorkflowAct,
    WorkflowCall,
    WorkflowRun,
    WorkflowRunDetail,
    WorkflowRunEvent,
    WorkflowRunMove,
    WorkflowRunMoved,
    WorkflowRunOutcome,
    WorkflowRunRetried,
    WorkflowStep,
)
from orchestrall_client.workflows import WorkflowName, at

Outcome = TypeVar("Outcome", bound=WorkflowRunOutcome)
WorkflowRunId = WorkflowRun | UUID | str
PATH = "/api/v1/workflow-runs"
CALLS = "/api/v1/workflow-calls"
ACTS = "/api/v1/workflow-acts"


class WorkflowRunsNarrowed(TypedDict, total=False):
    """How a list of runs is narrowed and ordered."""

    status: str
    workflow: str
    since: datetime | None
    before: datetime | None
    order: str
    page_size: int | None


class WorkflowRuns(Followed[WorkflowRunDetail, WorkflowRunEvent]):
    """`client.workflow_runs`"""

    path = PATH

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection, WorkflowRunDetail, WorkflowRunEvent, _as_event)

    def start(
        self, workflow: WorkflowName, inputs: Mapping[str, Any] | None = None, *, idempotency_key: str | None = None
    ) -> WorkflowRun:
        """Start a run of the published version. Once it is accepted it ends, whatever process dies.

        It is started once, whatever happens to the connection; give an `idempotency_key` of your own to start it once
        over several runs of your program too.
        """
        call = Call("POST", f"{at(workflow)}/runs", json={"inputs": plain(inputs or {})})
        return self._connection.one(call.once(idempotency_key), WorkflowRun)

    def start_many(
        self, workflow: WorkflowName, inputs: Iterable[Mapping[str, Any]], *, idempotency_key: str | None = None
    ) -> builtins.list[WorkflowRun]:
        """Start a run for each of up to 1,000 inputs with one request, in their order: all of them, or none.

        Where inputs cannot be used, `InvalidRequest` has an issue for each place, by the number of its input.
        """
        call = Call("POST", f"{at(workflow)}/runs/bulk", json={"inputs": [plain(each) for each in inputs]})
        return self._connection.many(call.once(idempotency_key), WorkflowRun)

    @overload
    def list(self, *, fields: None = None, **narrow: Unpack[WorkflowRunsNarrowed]) -> Iterator[WorkflowRun]: ...

    @overload
    def list(self, *, fields: Sequence[str], **narrow: Unpack[WorkflowRunsNarrowed]) -> Iterator[dict[str, Any]]: ...

    def list(
        self,
        *,
        status: str = "",
        workflow: str = "",
        since: datetime | None = None,
        before: datetime | None = None,
        order: str = "",
        fields: Sequence[str] | None = None,
        page_size: int | None = None,
    ) -> Iterator[Any]:
        """The runs, without what they were given and gave: newest first, or in an `order` (`created_at`).

        The status `open` is all that has not ended. A page is asked for as it is reached. With `fields` each is a dict
        of these alone.
        """
        spans = {"since": moment(since, "since"), "before": moment(before, "before")}
        narrow = {"status": status, "workflow": workflow, **spans}
        return listed(self._connection, PATH, WorkflowRun, fields=fields, order=order, limit=page_size, **narrow)

    def get(self, run: WorkflowRunId) -> WorkflowRunDetail:
        """One run as it is now, with what it was given, what it gave, and why it failed."""
        return self._connection.one(get(self._at(run)), WorkflowRunDetail)

    @overload
    def steps(
        self, run: WorkflowRunId, *, fields: None = None, page_size: int | None = None
    ) -> Iterator[WorkflowStep]: ...

    @overload
    def steps(
        self, run: WorkflowRunId, *, fields: Sequence[str], page_size: int | None = None
    ) -> Iterator[dict[str, Any]]: ...

    def steps(
        self, run: WorkflowRunId, *, fields: Sequence[str] | None = None, page_size: int | None = None
    ) -> Iterator[Any]:
        """What happened to its steps, in order: that one was opened, and how each try of it ended."""
        return listed(self._connection, f"{self._at(run)}/steps", WorkflowStep, fields=fields, limit=page_size)

    def wait(
        self,
        run: WorkflowRunId,
        *,
        timeout: float | None = None,
        on_progress: Callable[[WorkflowRunDetail], object] | None = None,
    ) -> WorkflowRunDetail:
        """Wait until a run has ended, however it ended: look at its `status`.

        `on_progress` is called with the run whenever it has changed: one that is `waiting` may wait for a person. After
        `timeout` seconds (None: never) this raises `WaitExpired`; the run goes on.
        """
        return self._wait(self._at(run), timeout, on_progress)

    def outputs(self, run: WorkflowRunId, *, timeout: float | None = None) -> dict[str, Any]:
        """What a run gave, once it has ended.

        Raises `RunFailed` where it ended without, and `WaitExpired` after `timeout` seconds.
        """
        ended = self.wait(run, timeout=timeout)
        if ended.status != "succeeded":
            raise RunFailed(ended)
        return ended.outputs or {}

    def watch(self, run: WorkflowRunId) -> Iterator[WorkflowRunEvent]:
        """How the state of a run changes, as it does: first how it is now, last that it has ended.

        A connection that is lost is taken up again where it was. Where the server, or something before it, has no
        stream of events or does not keep it open, the run is asked for every few seconds instead.
        """
        return self._watch(self._at(run))

    def pause(self, run: WorkflowRunId) -> WorkflowRun:
        """Let no further step begin; what it has asked of others goes on. `Conflict` for one that has ended."""
        return self._connection.one(Call("POST", f"{self._at(run)}/pause").once(), WorkflowRun)

    def undo_stop(self, run: WorkflowRunId) -> WorkflowRun:
        """Stop the undoing of a run: what is not undone then remains to be undone by hand. `Conflict` where none is."""
        return self._connection.one(Call("POST", f"{self._at(run)}/undo/stop").once(), WorkflowRun)

    def resume(self, run: WorkflowRunId) -> WorkflowRun:
        """Let a paused run go on. `Conflict` for one that has ended."""
        return self._connection.one(Call("POST", f"{self._at(run)}/resume").once(), WorkflowRun)

    def retry(
        self, run: WorkflowRunId, step: str, *, given: Any = None, idempotency_key: str | None = None
    ) -> WorkflowRun:
        """Start a run that takes up an ended one from a step. What other steps gave is kept, and not done again.

        `given` is what the step is given instead of what it works out itself: then what it does outside counts as
        another effect.
        """
        body: dict[str, Any] = {"step": step}
        if given is not None:
            body["given"] = plain({"given": given})["given"]
        call = Call("POST", f"{self._at(run)}/retry", json=body)
        return self._connection.one(call.once(idempotency_key), WorkflowRun)

    def move_preview(self, run: WorkflowRunId) -> WorkflowRunMove:
        """What would become of a run that is moved to the newest version now. Nothing is changed."""
        return self._connection.one(get(f"{self._at(run)}/move"), WorkflowRunMove)

    def move(self, run: WorkflowRunId, *, idempotency_key: str | None = None) -> WorkflowRun:
        """End an open run where it stands, and let a new one on the newest version take it up.

        What steps gave that are the same in both is kept. `Conflict` with the reason where that is not possible.
        """
        return self._connection.one(Call("POST", f"{self._at(run)}/move").once(idempotency_key), WorkflowRun)

    def retry_many(self, runs: Iterable[WorkflowRunId]) -> builtins.list[WorkflowRunRetried]:
        """Take up runs that failed where they stopped, each as by itself. Tells what became of each."""
        return self._many(runs, "retry", WorkflowRunRetried)

    def move_many(self, runs: Iterable[WorkflowRunId]) -> builtins.list[WorkflowRunMoved]:
        """Move up to 100 open runs to the newest version of their workflows, each as by itself. Tells what became of
        each."""
        return self._many(runs, "move", WorkflowRunMoved)

    def requeue_many(self, runs: Iterable[WorkflowRunId]) -> builtins.list[WorkflowRunOutcome]:
        """Let runs go on that were given up after their workers died. Tells what became of each."""
        return self._many(runs, "requeue", WorkflowRunOutcome)

    def cancel(self, run: WorkflowRunId) -> WorkflowRun:
        """Cancel a run, and what it has asked of others. `Conflict` for one that has ended."""
        return self._connection.one(Call("POST", f"{self._at(run)}/cancel").once(), WorkflowRun)

    def cancel_many(self, runs: Iterable[WorkflowRunId]) -> builtins.list[WorkflowRunOutcome]:
        """Cancel up to 100 runs with one request, each as by itself. Tells what became of each."""
        return self._many(runs, "cancel", WorkflowRunOutcome)

    def _many(self, runs: Iterable[WorkflowRunId], what: str, model: type[Outcome]) -> builtins.list[Outcome]:
        ids = [id_of(run, "run") for run in runs]
        return self._connection.many(Call("POST", f"{PATH}/{what}", json={"ids": ids}).once(), model)


class Calls:
    """`client.calls`: requests of steps to other systems."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @overload
    def list(
        self,
        *,
        status: str = "",
        workflow: str = "",
        run: UUID | str = "",
        fields: None = None,
        page_size: int | None = None,
    ) -> Iterator[WorkflowCall]: ...

    @overload
    def list(
        self,
        *,
        fields: Sequence[str],
        status: str = "",
        workflow: str = "",
        run: UUID | str = "",
        page_size: int | None = None,
    ) -> Iterator[dict[str, Any]]: ...

    def list(
        self,
        *,
        status: str = "",
        workflow: str = "",
        run: UUID | str = "",
        fields: Sequence[str] | None = None,
        page_size: int | None = None,
    ) -> Iterator[Any]:
        """The calls, newest first; those that are `unknown` wait for a person to say what became of them."""
        narrow = {"status": status, "workflow": workflow, "run": str(run)}
        return listed(self._connection, CALLS, WorkflowCall, fields=fields, limit=page_size, **narrow)

    def get(self, call: WorkflowCall | UUID | str) -> WorkflowCall:
        """One call."""
        return self._connection.one(get(_call(call)), WorkflowCall)

    def settle(self, call: WorkflowCall | UUID | str, happened: bool, *, note: str, body: Any = None) -> WorkflowCall:
        """Say what became of an unknown call: it happened, and `body` is what it gave; or it did not, and is sent now.

        `note` says how that was found out; it goes into the audit log. `Conflict` where its outcome is known.
        """
        told = {
            "happened": happened,
            "note": note,
            **({"body": plain({"body": body})["body"]} if body is not None else {}),
        }
        return self._connection.one(Call("POST", f"{_call(call)}/settle", json=told).once(), WorkflowCall)

    def settle_many(
        self, calls: Iterable[WorkflowCall | UUID | str], happened: bool, *, note: str
    ) -> builtins.list[WorkflowRunOutcome]:
        """Say the same of up to 100 unknown calls: they were carried out, or were not and their steps fail. Tells what
        became of each."""
        told = {"ids": [id_of(call, "call") for call in calls], "happened": happened, "note": note}
        return self._connection.many(Call("POST", f"{CALLS}/settle", json=told).once(), WorkflowRunOutcome)


class ActsNarrowed(TypedDict, total=False):
    """How a list of acts is narrowed."""

    status: str
    workflow: str
    run: UUID | str
    since: datetime | None
    before: datetime | None
    page_size: int | None


class Acts:
    """`client.acts`: what steps have done of what agents proposed."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @overload
    def list(self, *, fields: None = None, **narrow: Unpack[ActsNarrowed]) -> Iterator[WorkflowAct]: ...

    @overload
    def list(self, *, fields: Sequence[str], **narrow: Unpack[ActsNarrowed]) -> Iterator[dict[str, Any]]: ...

    def list(
        self,
        *,
        status: str = "",
        workflow: str = "",
        run: UUID | str = "",
        since: datetime | None = None,
        before: datetime | None = None,
        fields: Sequence[str] | None = None,
        page_size: int | None = None,
    ) -> Iterator[Any]:
        """The acts, newest first. With the calls they are the effects of runs."""
        spans = {"since": moment(since, "since"), "before": moment(before, "before")}
        narrow = {"status": status, "workflow": workflow, "run": str(run), **spans}
        return listed(self._connection, ACTS, WorkflowAct, fields=fields, limit=page_size, **narrow)


def _call(call: WorkflowCall | UUID | str) -> str:
    return f"{CALLS}/{id_of(call, 'call')}"


def _as_event(run: WorkflowRunDetail) -> WorkflowRunEvent:
    same = ("seq", "ref", "workflow", "title", "status")
    moment_of_it = run.finished_at or run.started_at or run.created_at
    return WorkflowRunEvent(v=1, run=run.id, at=moment_of_it, **{name: getattr(run, name) for name in same})
