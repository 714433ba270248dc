"""The statements on work rows. All of them go by the database's clock, name rows by key, and lock before they write.

The schema is always named, since the search path is a tenant's. `docs/guides/engine.md` says which rule each holds.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, Final
from uuid import UUID

from django.db import connection

from apps.common import tracing
from apps.common.work import KINDS, Claim
from apps.tenants.context import PUBLIC, current_schema

DEATHS: Final = 3
"""A row whose holders died so many times is not carried out any more, but buried."""
_KEY = "id = %(id)s and kind = %(kind)s and tenant = %(tenant)s"
_INSERT = """
insert into public.dispatch_work (id, kind, tenant, queue, due_at, priority, trace)
select id, %(kind)s, %(tenant)s, %(queue)s, coalesce(%(due_at)s, clock_timestamp()), %(priority)s, %(trace)s
from unnest(%(ids)s::uuid[]) as x (id) order by id
on conflict (id, kind, tenant) do update set
    signal = dispatch_work.signal + 1, due_at = least(dispatch_work.due_at, excluded.due_at)
"""
_CLAIM = "select id, kind, signal, deaths, more from public.dispatch_claim(%s, %s, %s, %s, %s, %s)"
# The function looks with eyes of its own, later than the statement's: what it hands out may be newer than what `begun`
# sees, which then has no row. What it does see it locks and looks at as it is by now (read committed).
_CLAIM_AND_BEGIN = """
with claim as materialized ({claim}),
claimed as (select id, kind, deaths from claim where kind = '{kind}' and deaths < {dead}),
{effects}
select claim.*, {columns} from claim left join begun on begun.id = claim.id and claim.kind = '{kind}'
"""
_SIGNAL = f"""
update public.dispatch_work set signal = signal + 1, due_at = least(due_at, clock_timestamp())
where {_KEY} returning lease_until is null
"""  # noqa: S608
_WITHDRAW = f"""
with free as (
    select id from public.dispatch_work where {_KEY} and lease_until is null for no key update
)
delete from public.dispatch_work where {_KEY} and exists (select from free) returning id
"""  # noqa: S608
_LOCK = f"""
select signal from public.dispatch_work where {_KEY} and fence = %(fence)s for no key update
"""  # noqa: S608
_FINISH = f"delete from public.dispatch_work where {_KEY} and fence = %(fence)s and signal = %(signal)s returning id"  # noqa: S608
_POSTPONE = f"""
update public.dispatch_work
set deaths = 0, lease_until = null, due_at = case when signal = %(signal)s then %(due_at)s else clock_timestamp() end
where {_KEY} and fence = %(fence)s
"""  # noqa: S608
_RELEASE = f"""
update public.dispatch_work set lease_until = null
where {_KEY} and fence = %(fence)s and lease_until is not null returning id
"""  # noqa: S608
_GIVE_BACK = """
with left_behind as (
    select w.id, w.kind, w.tenant
    from unnest(%(ids)s::uuid[], %(kinds)s::text[], %(tenants)s::text[], %(fences)s::bigint[])
        as x (id, kind, tenant, fence)
    join public.dispatch_work w on w.id = x.id and w.kind = x.kind and w.tenant = x.tenant and w.fence = x.fence
    where w.lease_until is not null
    order by w.kind, w.id
    for no key update of w skip locked
)
update public.dispatch_work w set lease_until = null
from left_behind x where w.id = x.id and w.kind = x.kind and w.tenant = x.tenant returning w.tenant, w.queue
"""
_RENEW = """
with held as (
    select w.id, w.kind, w.tenant, x.lease
    from unnest(%(ids)s::uuid[], %(kinds)s::text[], %(tenants)s::text[], %(fences)s::bigint[], %(leases)s::float8[])
        as x (id, kind, tenant, fence, lease)
    join public.dispatch_work w on w.id = x.id and w.kind = x.kind and w.tenant = x.tenant and w.fence = x.fence
    where w.lease_until < clock_timestamp() + x.lease / 2 * interval '1 second'
    order by w.kind, w.id
    for no key update of w skip locked
)
update public.dispatch_work w set lease_until = clock_timestamp() + held.lease * interval '1 second'
from held where w.id = held.id and w.kind = held.kind and w.tenant = held.tenant
"""
_LOOK = """
select w.id, w.kind, w.tenant, w.fence, w.signal, extract(epoch from w.lease_until - clock_timestamp())::float8
from unnest(%(ids)s::uuid[], %(kinds)s::text[], %(tenants)s::text[]) as x (id, kind, tenant)
join public.dispatch_work w on w.id = x.id and w.kind = x.kind and w.tenant = x.tenant
"""
# A skip scan over (tenant, queue): it costs by the number of tenants with work, whatever the number of rows.
_DUE = """
with recursive found as (
    (select tenant, queue from public.dispatch_work where due_at is not null order by tenant, queue limit 1)
    union all
    select next.tenant, next.queue from found, lateral (
        select tenant, queue from public.dispatch_work w
        where (w.tenant, w.queue) > (found.tenant, found.queue) and due_at is not null
        order by tenant, queue limit 1
    ) next
)
select tenant, queue from found where exists (
    select from (values (-1), (0), (1)) as p (priority)
    cross join lateral (
        select from public.dispatch_work w
        where w.tenant = found.tenant and w.queue = found.queue and w.priority = p.priority
          and w.due_at <= (select clock_timestamp())
          and w.due_at >= coalesce(
              (select m.due_at from public.dispatch_mark m where m.tenant = found.tenant and m.queue = found.queue),
              '-infinity')
          and (w.lease_until is null or w.lease_until < (select clock_timestamp()))
        limit 1
    ) due
)
"""
# The floor that claims start at, by tenant and queue (rule R12). Rows in hand were due as well, so they count. One that
# comes to be due before the mark, or whose transaction took longer than five seconds, is found after the next look.
_MARK = """
insert into public.dispatch_mark (tenant, queue, due_at)
select tenant, queue, min(due_at) - interval '5 seconds'
from public.dispatch_work where due_at <= (select clock_timestamp())
group by tenant, queue order by tenant, queue
on conflict (tenant, queue) do update set due_at = excluded.due_at where dispatch_mark.due_at <> excluded.due_at
"""
_BURY = """
insert into public.dispatch_dead_letter (id, kind, tenant, queue, priority, cause, died_at)
select id, kind, tenant, queue, priority, %(cause)s, clock_timestamp()
from public.dispatch_work where id = %(id)s and kind = %(kind)s and tenant = %(tenant)s
on conflict (id, kind, tenant) do update set cause = excluded.cause, died_at = excluded.died_at
"""
_REQUEUE = f"""
with letter as (delete from public.dispatch_dead_letter where {_KEY} returning *)
insert into public.dispatch_work (id, kind, tenant, queue, due_at, priority)
select id, kind, tenant, queue, clock_timestamp(), priority from letter
on conflict do nothing returning queue
"""  # noqa: S608


def fence_draw() -> int:
    """A token that nobody else draws: 62 random bits, never 0."""
    return secrets.randbits(62) + 1


def _key(kind: str, id: UUID, tenant: str) -> dict[str, Any]:
    return {"id": id, "kind": kind, "tenant": tenant}


def _held(claim: Claim) -> dict[str, Any]:
    return {**_key(claim.kind, claim.id, claim.tenant), "fence": claim.fence, "signal": claim.signal}


def _execute(statement: str, parameters: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return cursor.fetchall() if cursor.description else []


def insert(*, kind: str, ids: Sequence[UUID], tenant: str, queue: str, due_at: datetime | None, priority: int) -> None:
    """Add rows; where there is one, signal it and let it be due at the earlier time. The ids differ."""
    _execute(*inserting(kind=kind, ids=ids, tenant=tenant, queue=queue, due_at=due_at, priority=priority))


def inserting(
    *, kind: str, ids: Sequence[UUID], tenant: str, queue: str, due_at: datetime | None, priority: int
) -> tuple[str, dict[str, Any]]:
    """What `insert` carries out, and its parameters."""
    row = {"kind": kind, "ids": list(ids), "tenant": tenant, "queue": queue, "due_at": due_at, "priority": priority}
    return _INSERT, {**row, "trace": tracing.here()}


def traces(claims: Sequence[Claim]) -> dict[UUID, str]:
    """The `traceparent` that each of these rows of one kind and tenant keeps, where it keeps one."""
    found = _execute(
        "select id, trace from public.dispatch_work "
        "where id = any(%(ids)s) and kind = %(kind)s and tenant = %(tenant)s and trace <> ''",
        {"ids": [claim.id for claim in claims], "kind": claims[0].kind, "tenant": claims[0].tenant},
    )
    return dict(found)


def trace(traces: Mapping[UUID, str], *, tenant: str) -> None:
    """Have rows that were made in this transaction keep another `traceparent`, by their ids."""
    _execute(
        "update public.dispatch_work w set trace = x.trace from unnest(%(ids)s::uuid[], %(traces)s::text[]) "
        "as x (id, trace) where w.id = x.id and w.tenant = %(tenant)s",
        {"ids": list(traces), "traces": list(traces.values()), "tenant": tenant},
    )


def signal(*, kind: str, id: UUID, tenant: str) -> bool | None:
    """Count a signal and make the row due. True: nobody has it in hand; None: there is no row."""
    found = _execute(_SIGNAL, _key(kind, id, tenant))
    return found[0][0] if found else None


def withdraw(*, kind: str, id: UUID, tenant: str) -> bool:
    """Delete a row unless somebody has it in hand (rule R3)."""
    return bool(_execute(_WITHDRAW, _key(kind, id, tenant)))


@dataclass(frozen=True)
class Claimed:
    claims: list[Claim]
    more: bool
    """Whether other rows of the tenant and queue are due and free."""


def claim(*, tenant: str, queue: str, limit: int, slots: int) -> Claimed:
    """Take up to `limit` due rows of a tenant's queue while it has fewer than `slots` in hand (rules R1, R6, R10).

    A row whose holder died is taken alone. One that has had three deaths is handed out to be buried. The claim commits
    by itself and asynchronously: one that is lost in a crash was never acted on by anybody who survived it.
    """
    fence = fence_draw()
    with connection.cursor() as cursor:
        cursor.execute(_claiming(tenant, queue), [tenant, queue, limit, slots, fence, _leases()])
        found = cursor.fetchall()
    claims = [
        Claim(kind, id, tenant, fence, seen, deaths, begun=_begun(begun)) for id, kind, seen, deaths, _, *begun in found
    ]
    return Claimed(claims, any(row[4] for row in found))


@cache
def _leases() -> str:
    return json.dumps({kind.name: kind.lease for kind in KINDS})


def _claiming(tenant: str, queue: str) -> str:
    """The statement that claims rows of a queue; with what they begin where their tenant is entered."""
    return _beginning(queue) if tenant != PUBLIC and tenant == current_schema() else _CLAIM


def _begun(found: list[Any]) -> tuple[Any, ...] | None:
    return tuple(found) if any(value is not None for value in found) else None


@cache
def _beginning(queue: str) -> str:
    begin = [kind for kind in KINDS if kind.queue == queue and kind.beginning is not None]
    if not begin:
        return _CLAIM
    (kind,) = begin
    assert kind.beginning is not None  # noqa: S101  # by how it was chosen
    columns = ", ".join(f"begun.{name}" for name in kind.beginning.columns)
    effects = kind.beginning.effects
    return _CLAIM_AND_BEGIN.format(claim=_CLAIM, kind=kind.name, dead=DEATHS, effects=effects, columns=columns)


def lock(claim: Claim) -> int | None:
    """Lock the row for the rest of the transaction and return its signal; None when the fence is not ours (rule R2)."""
    found = _execute(_LOCK, _held(claim))
    return found[0][0] if found else None


def finish(claim: Claim) -> bool:
    """Delete a locked row. False: a signal came in since the claim, so it stays (rule R3)."""
    return bool(_execute(_FINISH, _held(claim)))


def postpone(claim: Claim, due_at: datetime | None) -> None:
    """Give a locked row back until `due_at`, or until a signal (None); at once when one came in since the claim."""
    _execute(_POSTPONE, {**_held(claim), "due_at": due_at})


def release(claim: Claim) -> bool:
    """Give a row back that is still ours, due as it was. False: it was given back or is somebody else's."""
    return bool(_execute(_RELEASE, _held(claim)))


def give_back(claims: Sequence[Claim]) -> set[tuple[str, str]]:
    """Give rows back that another process had in hand and can no longer. Returns their tenants and queues.

    A row that a statement of the dead still has locked is left out: its lease runs out. Who gives back does not wait.
    """
    columns = {
        "ids": [claim.id for claim in claims],
        "kinds": [claim.kind for claim in claims],
        "tenants": [claim.tenant for claim in claims],
        "fences": [claim.fence for claim in claims],
    }
    return {(tenant, queue) for tenant, queue in _execute(_GIVE_BACK, columns)}


@dataclass(frozen=True)
class State:
    """How a row in hand stands: `left` is the rest of its lease in seconds."""

    fence: int
    signal: int
    left: float


def renew(claims: Sequence[Claim]) -> dict[tuple[UUID, str, str], State]:
    """Renew the leases of which less than half is left (rule R11), and tell how every row stands, by its key.

    A row that another transaction has locked is left for the next beat; one that is gone is missing from the answer.
    """
    if not claims:
        return {}
    columns = {
        "ids": [claim.id for claim in claims],
        "kinds": [claim.kind for claim in claims],
        "tenants": [claim.tenant for claim in claims],
    }
    fences = {"fences": [claim.fence for claim in claims], "leases": [KINDS[claim.kind].lease for claim in claims]}
    _execute(_RENEW, {**columns, **fences})
    return {
        (id, kind, tenant): State(fence, seen, left or 0.0)
        for id, kind, tenant, fence, seen, left in _execute(_LOOK, columns)
    }


def due() -> list[tuple[str, str]]:
    """The tenants and queues that have a free row which is due."""
    return [(tenant, queue) for tenant, queue in _execute(_DUE, {})]


def look() -> None:
    """Move the marks that claims start at to the earliest row of each tenant and queue that is due, less five seconds.

    A tenant and queue with nothing due keep theirs: all that comes later is above it.
    """
    _execute(_MARK, {})


def bury(claim: Claim, cause: str) -> None:
    """Write the dead letter of a locked row and delete the row."""
    _execute(_BURY, {**_held(claim), "cause": cause})
    _execute(f"delete from public.dispatch_work where {_KEY}", _held(claim))  # noqa: S608


def requeue(*, kind: str, id: UUID, tenant: str) -> str | None:
    """Give a dead letter a row again. Returns its queue; None when there is no such letter."""
    found = _execute(_REQUEUE, _key(kind, id, tenant))
    return found[0][0] if found else None


def missing(*, kind: str, ids: list[UUID], tenant: str) -> list[UUID]:
    """Those of `ids` that have neither a row nor a dead letter."""
    found = _execute(
        "select x.id from unnest(%(ids)s::uuid[]) as x (id) where not exists (select from public.dispatch_work w "
        "where w.id = x.id and w.kind = %(kind)s and w.tenant = %(tenant)s) and not exists (select from "
        "public.dispatch_dead_letter d where d.id = x.id and d.kind = %(kind)s and d.tenant = %(tenant)s)",
        {"ids": ids, "kind": kind, "tenant": tenant},
    )
    return [id for (id,) in found]


def forget_tenant(tenant: str) -> None:
    """Delete what is left of a deleted tenant."""
    for table in ("dispatch_work", "dispatch_dead_letter", "dispatch_mark"):
        _execute(f"delete from public.{table} where tenant = %(tenant)s", {"tenant": tenant})  # noqa: S608


def depth(tenant: str) -> tuple[int, int]:
    """(waiting, in hand) of a tenant, by the index of what is due."""
    found = _execute(
        "select count(*) filter (where lease_until is null or lease_until < clock_timestamp()), "
        "count(*) filter (where lease_until >= clock_timestamp()) from public.dispatch_work "
        "where tenant = %(tenant)s and due_at <= clock_timestamp()",
        {"tenant": tenant},
    )
    return found[0][0], found[0][1]


def counts() -> list[tuple[str, str, int]]:
    """(queue, state, rows) over all tenants, for metrics: state is due, later, held or dead."""
    return [
        (queue, state, number)
        for queue, state, number in _execute(
            "select queue, case when lease_until > clock_timestamp() then 'held' "
            "when due_at <= clock_timestamp() then 'due' else 'later' end as state, count(*) "
            "from public.dispatch_work group by 1, 2 "
            "union all select queue, 'dead', count(*) from public.dispatch_dead_letter group by 1",
            {},
        )
    ]
