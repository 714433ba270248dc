"""Backfills: runs for times that a schedule would have had."""

from __future__ import annotations

import builtins
from datetime import datetime
from uuid import UUID

from orchestrall_client.connection import Call, Connection, get
from orchestrall_client.models import Model
from orchestrall_client.pages import id_of
from orchestrall_client.payloads import plain
from orchestrall_client.workflows import TriggerId, trigger_at


class Backfill(Model):
    """Runs of a schedule between two moments, and how far they have come."""

    id: UUID
    trigger: UUID
    workflow: str
    begins_at: datetime
    ends_at: datetime
    again: bool
    """Whether it takes times, too, for which a run was started before."""
    status: str
    """running, succeeded, failed or cancelled."""
    total: int
    done: int
    at: datetime | None
    """The latest time that a run was started for."""
    problem: str
    created_by: str | None
    created_at: datetime
    ended_at: datetime | None


class BackfillPreview(Model):
    """What a backfill would start."""

    count: int
    first: datetime
    last: datetime
    ran: int
    """Times for which a schedule of the workflow has started a run."""
    again: int
    """Others for which an earlier backfill has started one."""


BackfillId = Backfill | UUID | str
PATH = "/api/v1/backfills"


class Backfills:
    """`client.backfills`"""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def preview(
        self, trigger: TriggerId, begins_at: datetime, ends_at: datetime, *, again: bool = False
    ) -> BackfillPreview:
        """How many runs it would start, and for which times. Nothing is started."""
        body = plain({"begins_at": begins_at, "ends_at": ends_at, "again": again})
        call = Call("POST", f"{trigger_at(trigger)}/backfills/preview", json=body)
        return self._connection.one(call.once(), BackfillPreview)

    def start(
        self,
        trigger: TriggerId,
        begins_at: datetime,
        ends_at: datetime,
        *,
        again: bool = False,
        idempotency_key: str | None = None,
    ) -> Backfill:
        """Start a run for each time of a schedule from `begins_at` to before `ends_at`, in their order, each once;
        `again`: also for those for which a run was started before.

        `Conflict` while another one of the trigger is under way.
        """
        body = plain({"begins_at": begins_at, "ends_at": ends_at, "again": again})
        call = Call("POST", f"{trigger_at(trigger)}/backfills", json=body)
        return self._connection.one(call.once(idempotency_key), Backfill)

    def list(self, trigger: TriggerId) -> builtins.list[Backfill]:
        """Those of a trigger, newest first, fifty at most."""
        return self._connection.many(get(f"{trigger_at(trigger)}/backfills"), Backfill)

    def get(self, backfill: BackfillId) -> Backfill:
        """One of them, and how far it has come."""
        return self._connection.one(get(f"{PATH}/{id_of(backfill, 'backfill')}"), Backfill)

    def cancel(self, backfill: BackfillId) -> Backfill:
        """Let it start nothing more. Runs that it started go on; `Conflict` where it has ended."""
        return self._connection.one(Call("POST", f"{PATH}/{id_of(backfill, 'backfill')}/cancel").once(), Backfill)
