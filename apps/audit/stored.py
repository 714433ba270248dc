"""The tree as it is stored: leaves, and the roots of full subtrees for every eighth level."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from django.db import connection

from apps.audit.tree import KEPT, Cover, Growing, Place, folded, node_hash

_HIGHEST: Final = 24
"""Of the levels that are kept. A tree of 2^32 entries has 256 nodes there."""
# The full subtrees from left to right, at most 255 of each level but the highest.
_PEAKS: Final = """
with size as (select coalesce(max(seq) + 1, 0) as n from audit_leaf where epoch = %(epoch)s)
select n, level, hash from (
    select 0 as level, seq as index, hash from audit_leaf, size where epoch = %(epoch)s and seq >= n >> 8 << 8
    union all
    select level, index, hash from audit_node, size where epoch = %(epoch)s and (
        level = 24 or level = 16 and index >= n >> 24 << 8 or level = 8 and index >= n >> 16 << 8
    )
) found, size order by level desc, index
"""
_RANGES: Final = """
select x.place, l.hash from unnest(%(levels)s::int[], %(firsts)s::bigint[], %(lasts)s::bigint[]) with ordinality
    as x (level, first, last, place)
cross join lateral (
    select seq, hash from audit_leaf where x.level = 0 and epoch = %(epoch)s and seq between x.first and x.last
    union all
    select index, hash from audit_node
    where x.level > 0 and epoch = %(epoch)s and level = x.level and index between x.first and x.last
) l (seq, hash) order by x.place, l.seq
"""


class NotInTree(LookupError):
    """A hash that the tree should have is not stored."""


def growing(epoch: int) -> Growing:
    """The tree of an epoch, ready to take leaves, in one statement."""
    with connection.cursor() as cursor:
        cursor.execute(_PEAKS, {"epoch": epoch})
        found = cursor.fetchall()
    if not found:
        return Growing()
    tree = Growing()
    for _, level, hash in found:
        tree.append(bytes(hash), level)
    if tree.size != found[0][0]:
        raise NotInTree(f"The tree of epoch {epoch} has {found[0][0]} leaves, and subtrees for {tree.size}.")
    return tree


def hashes_of(epoch: int, covers: Sequence[Cover]) -> list[bytes]:
    """The hash of each subtree, in one statement. Raises `NotInTree`."""
    wanted = [place for each in covers for place in each]
    known = dict(zip(wanted, _nodes(epoch, wanted), strict=True))
    return [folded([known[place] for place in each]) for each in covers]


def kept_below(epoch: int, level: int, block: int) -> list[bytes]:
    """The stored hashes of a level below one of the next that is kept: 256, fewer at the end, up to a gap."""
    table, at = ("audit_leaf", "seq") if level == 0 else ("audit_node", "index")
    where = "" if level == 0 else "and level = %(level)s "
    first = block << KEPT
    with connection.cursor() as cursor:
        cursor.execute(
            f"select {at}, hash from {table} where epoch = %(epoch)s {where}and {at} between %(first)s and %(last)s "  # noqa: S608
            f"order by {at}",
            {"epoch": epoch, "level": level, "first": first, "last": first + 255},
        )
        return [bytes(hash) for place, (index, hash) in enumerate(cursor.fetchall()) if index == first + place]


def _nodes(epoch: int, wanted: Sequence[Place]) -> Iterable[bytes]:
    """The hashes of full subtrees, each from the nearest stored level below it."""
    bases = [min(level // KEPT * KEPT, _HIGHEST) for level, _ in wanted]
    spans = [1 << level - base for (level, _), base in zip(wanted, bases, strict=True)]
    firsts = [index * span for (_, index), span in zip(wanted, spans, strict=True)]
    lasts = [first + span - 1 for first, span in zip(firsts, spans, strict=True)]
    found: list[list[bytes]] = [[] for _ in wanted]
    if wanted:
        with connection.cursor() as cursor:
            cursor.execute(_RANGES, {"epoch": epoch, "levels": bases, "firsts": firsts, "lasts": lasts})
            for place, hash in cursor.fetchall():
                found[place - 1].append(bytes(hash))
    for place, span, hashes in zip(wanted, spans, found, strict=True):
        if len(hashes) != span:
            raise NotInTree(f"The subtree {place} of epoch {epoch} is not stored whole.")
        yield _full(hashes)


def _full(hashes: list[bytes]) -> bytes:
    while len(hashes) > 1:
        hashes = [node_hash(left, right) for left, right in zip(hashes[::2], hashes[1::2], strict=True)]
    return hashes[0]
