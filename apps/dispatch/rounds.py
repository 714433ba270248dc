"""Writing for many rows in hand at once: one statement that fences, lets its caller write, and gives rows back.

For kinds of work whose steps are so short that a transaction for each would cost more than the step (rule R2).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db import connection

from apps.common.work import KINDS, Claim, Move, Opening, Standing

# The rows are locked before anything else of the statement runs: `fenced` counts the locked set as a whole, and all
# that writes reads from `fenced`. A row that somebody has locked is left out, and so is one whose fence has changed.
_FENCE = """
with asked as (
    select * from unnest(
        %(ids)s::uuid[], %(fences)s::bigint[], %(seen)s::bigint[], %(moves)s::text[], %(untils)s::timestamptz[]
    ) as x (id, fence, seen, move, until)
),
locked as (
    select w.id, w.signal, w.lease_until, w.deaths, w.trace, a.seen, a.move, a.until
    from public.dispatch_work w join asked a on a.id = w.id
    where w.kind = %(kind)s and w.tenant = %(tenant)s and w.id = any(%(ids)s::uuid[]) and w.fence = a.fence
    order by w.id
    for no key update of w skip locked
),
fenced as (
    select id, move, until, signal, lease_until, deaths, trace, signal = seen as quiet
    from locked where (select count(*) from locked) > 0
),
"""
# What a row opens is a part of its trace, below the span that will be told of it (`tracing.below`).
_SETTLE = """
opened as (
    insert into public.dispatch_work (id, kind, tenant, queue, due_at, trace)
    select x.id, x.kind, %(tenant)s, x.queue, clock_timestamp(),
        case when f.trace <> ''
            then left(f.trace, 36) || right(replace(x.id::text, '-', ''), 16) || right(f.trace, 3) else '' end
    from unnest(%(o_ids)s::uuid[], %(o_kinds)s::text[], %(o_queues)s::text[], %(o_owners)s::uuid[])
        as x (id, kind, queue, owner)
    join fenced f on f.id = x.owner
    order by x.kind, x.id
    on conflict do nothing
),
finished as (
    delete from public.dispatch_work w using fenced f
    where w.tenant = %(tenant)s and w.kind = %(kind)s and w.id = f.id and f.move = 'done' and f.quiet
),
moved as (
    update public.dispatch_work w
    set deaths = 0,
        lease_until = case when f.move = 'go' then clock_timestamp() + %(lease)s * interval '1 second' end,
        due_at = case when f.move = 'wait' then f.until else w.due_at end
    from fenced f
    where w.tenant = %(tenant)s and w.kind = %(kind)s and w.id = f.id
      and (f.move = 'yield' or f.move = 'wait' and f.quiet or f.move = 'go' and (
           w.deaths > 0 or f.lease_until < clock_timestamp() + %(lease)s / 2 * interval '1 second'))
)
select id, signal, quiet from fenced
"""


def commit(
    moves: Sequence[Move], effects: str, parameters: Mapping[str, Any], opens: Sequence[Opening]
) -> dict[UUID, Standing]:
    """Carry out one round of rows of one kind and tenant: see `apps.common.work.commit_round`."""
    claims = [move.claim for move in moves]
    kind, tenant = claims[0].kind, claims[0].tenant
    given = {
        **parameters,
        "ids": [claim.id for claim in claims],
        "fences": [claim.fence for claim in claims],
        "seen": [claim.signal for claim in claims],
        "moves": [move.move for move in moves],
        "untils": [move.until for move in moves],
        "kind": kind,
        "tenant": tenant,
        "lease": KINDS[kind].lease,
        "o_ids": [id for each in opens for id in each.ids],
        "o_kinds": [each.kind for each in opens for _ in each.ids],
        "o_queues": [KINDS[each.kind].queue for each in opens for _ in each.ids],
        "o_owners": [owner for each in opens for owner in each.owners],
    }
    with connection.cursor() as cursor:
        cursor.execute(f"{_FENCE}{effects}{_SETTLE}", given)  # constants of this program
        found = {id: (signal, quiet) for id, signal, quiet in cursor.fetchall()}
    return {move.claim.id: _standing(move, *found[move.claim.id]) for move in moves if move.claim.id in found}


def still_ours(claims: Sequence[Claim]) -> list[Claim]:
    """Those of `claims` whose fence is still the row's, with the signal that it has now. Looked at without a lock."""
    if not claims:
        return []
    by_id = {claim.id: claim for claim in claims}
    with connection.cursor() as cursor:
        cursor.execute(
            "select w.id, w.signal from unnest(%s::uuid[], %s::bigint[]) as x (id, fence) join public.dispatch_work w "
            "on w.id = x.id and w.kind = %s and w.tenant = %s and w.fence = x.fence",
            [list(by_id), [claim.fence for claim in claims], claims[0].kind, claims[0].tenant],
        )
        return [by_id[id].seen(signal) for id, signal in cursor.fetchall()]


def _standing(move: Move, signal: int, quiet: bool) -> Standing:
    held = move.move == "go" or (move.move != "yield" and not quiet)
    return Standing(move.claim.seen(signal), held=held, news=not quiet)
