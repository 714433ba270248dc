"""Writing for one row in hand in one statement, for work that is shorter than a transaction (rules R2, R9)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db import connection

from apps.common.work import Claim
from apps.dispatch.rows import fence_draw

# The rows are locked by kind and id before anything else of the statement runs, as `fenced` counts the locked set.
_LOCK = """
with locked as (
    select w.id, w.kind, w.fence, w.signal, w.lease_until, w.deaths
    from public.dispatch_work w
    where w.tenant = %(w_tenant)s
      and (w.id = %(w_id)s and w.kind = %(w_kind)s and w.fence = %(w_fence)s
           or w.id = %(w_caller)s and w.kind = %(w_caller_kind)s)
    order by w.kind, w.id
    for no key update
),
fenced as (
    select signal = %(w_signal)s as quiet from locked
    where id = %(w_id)s and kind = %(w_kind)s and (select count(*) from locked) > 0
),
"""
_FINISH = """
finished as (
    delete from public.dispatch_work w using fenced f
    where w.id = %(w_id)s and w.kind = %(w_kind)s and w.tenant = %(w_tenant)s and f.quiet
),
told as (
    update public.dispatch_work w
    set signal = w.signal + 1, due_at = least(w.due_at, clock_timestamp()),
        fence = case when l.free and %(w_lease)s > 0 then %(w_new)s else w.fence end,
        lease_until = case when l.free and %(w_lease)s > 0
            then clock_timestamp() + %(w_lease)s * interval '1 second' else w.lease_until end
    from (select id, fence, lease_until is null and deaths = 0 as free, lease_until is null as idle
          from locked where id = %(w_caller)s and kind = %(w_caller_kind)s) l, fenced
    where w.id = l.id and w.kind = %(w_caller_kind)s and w.tenant = %(w_tenant)s
    returning w.signal, w.fence, l.idle, l.fence as former
)
select fenced.quiet, told.signal, told.fence, told.idle, told.former,
    case when told.fence = %(w_new)s and %(w_alone)s then set_config('synchronous_commit', 'off', true) end, answer.*
from fenced left join told on true left join answer on true
"""


def fencing(
    claim: Claim, statement: str, parameters: Mapping[str, Any], caller: tuple[str, UUID] | None = None
) -> tuple[str, dict[str, Any]]:
    """The statement behind the lock of the claim's row, and of its caller's, with all its parameters."""
    kind, id = caller or ("", None)
    row = {"w_tenant": claim.tenant, "w_id": claim.id, "w_kind": claim.kind, "w_fence": claim.fence}
    return _LOCK + statement, {**parameters, **row, "w_signal": claim.signal, "w_caller_kind": kind, "w_caller": id}


class Ended:
    """What became of an end that was recorded."""

    def __init__(self, answer: dict[str, Any], caller: Claim | None, *, is_finished: bool, is_idle: bool) -> None:
        self.answer = answer
        self.is_finished = is_finished
        """Whether the row is gone; else a signal came in, and it has to be given back."""
        self.caller = caller
        """The caller's row, in our hands now."""
        self.is_idle = is_idle
        """Whether the caller's row is in nobody's hands, and somebody should be woken."""


def end(
    claim: Claim, *, caller: tuple[str, UUID] | None, lease: float, effects: str, parameters: Mapping[str, Any]
) -> Ended | None:
    """Write the end of what a row in hand stands for, delete the row, and signal the caller's, which is taken when it
    is free and `lease` is more than 0. None: the fence is not ours, and nothing was written.

    A row that was signalled since its claim stays, as `rows.finish` leaves it. Where the caller's row is taken,
    PostgreSQL does not wait for the disk: the caller's next round does, for itself and for all that was committed
    before it. What a crash loses in between is lost with all that followed from it, and is done again.
    """
    new = fence_draw()
    # Within a transaction it would be the whole of it that does not wait.
    given = {**parameters, "w_lease": lease, "w_new": new, "w_alone": not connection.in_atomic_block}
    statement, given = fencing(claim, f"{effects}{_FINISH}", given, caller)
    with connection.cursor() as cursor:
        cursor.execute(statement, given)  # constants of this program
        found = cursor.fetchone()
        names = [column.name for column in cursor.description][6:]
    if found is None:
        return None
    quiet, signal, fence, idle, former, _, *values = found
    kind, id = caller or ("", None)
    taken = Claim(kind, id, claim.tenant, new, signal, 0, former) if id is not None and fence == new else None
    answer = dict(zip(names, values, strict=True))
    return Ended(answer, taken, is_finished=quiet, is_idle=bool(idle) and taken is None)
