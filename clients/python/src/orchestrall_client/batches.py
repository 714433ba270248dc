"""Batches: an agent on each row of a file, or on each group of its rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO
from uuid import UUID

from orchestrall_client.connection import Call, Connection, get
from orchestrall_client.datasets import DatasetId
from orchestrall_client.errors import WaitExpired
from orchestrall_client.models import Agent, Batch, BatchDetail, BatchRetried, BatchRun
from orchestrall_client.pages import id_of, listed, moment
from orchestrall_client.payloads import plain
from orchestrall_client.runs import agent_path

BatchId = Batch | UUID | str
PATH = "/api/v1/batches"
LOOK_EVERY = 2.0
"""Seconds between two looks at a batch that is waited for."""


class Batches:
    """`client.batches`"""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def start(
        self,
        agent: str | Agent,
        dataset: DatasetId,
        *,
        by: str = "rows",
        group: str = "",
        columns: Mapping[str, str] | None = None,
        common: Mapping[str, Any] | None = None,
        leave_out: bool = False,
        idempotency_key: str | None = None,
    ) -> Batch:
        """Start a run on each row of a dataset, or `by="groups"` on each group of rows that share the column `group`.

        `columns` names the column of each field (dotted path); without it, columns feed the fields that have their
        names. `common` is the part of the input that all rows share. Where rows cannot be used, `InvalidRequest` has an
        issue for each place, with row and column, and nothing is started; `leave_out` starts the others.

            dataset = client.datasets.upload("patients.csv")
            batch = client.batches.start("healthcare.drug_checker", dataset)
            client.batches.wait(batch)
            client.batches.download(batch, "checked.csv")
        """
        body: dict[str, Any] = {"dataset": id_of(dataset, "dataset"), "by": by, "group": group, "leave_out": leave_out}
        body |= {"columns": dict(columns) if columns is not None else None, "common": plain(common or {})}
        call = Call("POST", f"{agent_path(agent)}/batches", json=body)
        return self._connection.one(call.once(idempotency_key), Batch)

    def list(
        self,
        *,
        agent: str = "",
        since: datetime | None = None,
        before: datetime | None = None,
        order: str = "",
        fields: Sequence[str] | None = None,
        page_size: int | None = None,
    ) -> Iterator[Any]:
        """The batches: newest first, or in an `order`. With `fields` each is a dict of these alone."""
        narrow = {"agent": agent, "since": moment(since, "since"), "before": moment(before, "before")}
        return listed(self._connection, PATH, Batch, fields=fields, order=order, limit=page_size, **narrow)

    def get(self, batch: BatchId) -> BatchDetail:
        """One batch as it is now, with the rows that were left out."""
        return self._connection.one(get(self._at(batch)), BatchDetail)

    def wait(
        self,
        batch: BatchId,
        *,
        timeout: float | None = None,
        on_progress: Callable[[BatchDetail], object] | None = None,
    ) -> BatchDetail:
        """Wait until all its runs have ended, however they ended. `on_progress` is called with every look at it.

        After `timeout` seconds (None: never) this raises `WaitExpired`; the batch goes on.
        """
        retries = self._connection.retries
        until = None if timeout is None else retries.clock() + timeout
        while True:
            now = self.get(batch)
            if on_progress is not None:
                on_progress(now)
            if not now.is_open:
                return now
            if until is not None and timeout is not None and retries.clock() >= until:
                raise WaitExpired(now, timeout)
            retries.sleep(LOOK_EVERY)

    def runs(
        self,
        batch: BatchId,
        *,
        status: str = "",
        verdict: str = "",
        fields: Sequence[str] | None = None,
        page_size: int | None = None,
    ) -> Iterator[Any]:
        """Its runs in the order of the file, each with its row, verdict and score. With `fields` dicts of these."""
        narrow = {"status": status, "verdict": verdict}
        path = f"{self._at(batch)}/runs"
        return listed(self._connection, path, BatchRun, fields=fields, order="", limit=page_size, **narrow)

    def cancel(self, batch: BatchId) -> Batch:
        """Start no further rows, and cancel its open runs. `Conflict` for one that has ended."""
        return self._connection.one(Call("POST", f"{self._at(batch)}/cancel").once(), Batch)

    def retry(self, batch: BatchId) -> int:
        """Run the rows again that failed, as the agent is set up now. Returns how many. `Conflict` while it is open."""
        return self._connection.one(Call("POST", f"{self._at(batch)}/retry").once(), BatchRetried).rows

    def download(self, batch: BatchId, to: str | Path | BinaryIO) -> None:
        """Write the file with what came of each row beside its own columns, as CSV."""
        self._connection.download(get(f"{self._at(batch)}/rows.csv"), to)

    def _at(self, batch: BatchId) -> str:
        return f"{PATH}/{id_of(batch, 'batch')}"
