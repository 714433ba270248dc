"""The Merkle tree of RFC 6962 and RFC 9162, section 2.1: roots, proofs, and their verification. It knows no database.

A full subtree is named by its level and its index there: (0, i) is the leaf i, (l, i) spans leaves i·2^l to (i+1)·2^l.
Every hash that a proof needs is one of a full subtree, or is folded from a few of them (`Cover`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from typing import Final

HASH_BYTES: Final = 32
EMPTY: Final = hashlib.sha256(b"").digest()
"""The root of a tree without leaves."""
KEPT: Final = 8
"""Roots of full subtrees are kept for every level that is a multiple of it."""

Place = tuple[int, int]
Cover = Sequence[Place]
"""Full subtrees from left to right, each smaller than the one before: together a subtree of the tree."""


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256 over 0x01 and both sides."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def folded(hashes: Sequence[bytes]) -> bytes:
    """The hash of a subtree from those of its cover."""
    hash = hashes[-1]
    for left in reversed(hashes[:-1]):
        hash = node_hash(left, hash)
    return hash


class Growing:
    """A tree of which only the roots of the largest full subtrees are held: it takes leaves, and tells its root."""

    def __init__(self) -> None:
        self.size = 0
        self._peaks: list[bytes] = []

    def append(self, hash: bytes, level: int = 0) -> list[tuple[Place, bytes]]:
        """Add a leaf, or a full subtree of this level where one may stand. Returns the full subtrees that it completed
        and that are to be kept."""
        made: list[tuple[Place, bytes]] = []
        index, added = self.size >> level, 1 << level
        while index & 1:
            hash = node_hash(self._peaks.pop(), hash)
            index >>= 1
            level += 1
            if level % KEPT == 0:
                made.append(((level, index), hash))
        self._peaks.append(hash)
        self.size += added
        return made

    @property
    def root(self) -> bytes:
        return folded(self._peaks) if self._peaks else EMPTY


def root_of(leaves: Iterable[bytes]) -> bytes:
    """The root over hashes of leaves."""
    tree = Growing()
    for leaf in leaves:
        tree.append(leaf)
    return tree.root


def cover(begin: int, end: int) -> Cover:
    """The full subtrees of the subtree over leaves `begin` to `end`, which begins where one of its size may."""
    found: list[Place] = []
    while begin < end:
        level = (end - begin).bit_length() - 1
        found.append((level, begin >> level))
        begin += 1 << level
    return found


def inclusion_covers(index: int, size: int) -> list[Cover]:
    """What the proof is made of that the leaf `index` is in the tree of `size`, from the leaf upwards."""
    if not 0 <= index < size:
        raise ValueError(f"There is no leaf {index} in a tree of {size}.")
    path: list[Cover] = []
    begin, end = 0, size
    while end - begin > 1:
        middle = begin + _split(end - begin)
        if index < middle:
            path.append(cover(middle, end))
            end = middle
        else:
            path.append(cover(begin, middle))
            begin = middle
    return path[::-1]


def consistency_covers(old: int, new: int) -> list[Cover]:
    """What the proof is made of that the tree of `old` leaves is the beginning of that of `new`."""
    if not 0 < old <= new:
        raise ValueError(f"A tree of {old} is no beginning of one of {new}.")
    path: list[Cover] = []
    begin, end, known = 0, new, True
    while old != end:
        middle = begin + _split(end - begin)
        if old <= middle:
            path.append(cover(middle, end))
            end = middle
        else:
            path.append(cover(begin, middle))
            begin, known = middle, False
    if not known:
        path.append(cover(begin, end))
    return path[::-1]


def proof_of(covers: Sequence[Cover], hash_of: Callable[[Place], bytes]) -> list[bytes]:
    """The hashes of a proof."""
    return [folded([hash_of(place) for place in each]) for each in covers]


def root_by_inclusion(*, leaf: bytes, index: int, size: int, proof: Sequence[bytes]) -> bytes | None:
    """The root that the proof leads to (RFC 9162, 2.1.3.2); None where it is no proof for this place."""
    if not 0 <= index < size:
        return None
    at, last, hash = index, size - 1, leaf
    for each in proof:
        if last == 0:
            return None
        if at & 1 or at == last:
            hash = node_hash(each, hash)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            hash = node_hash(hash, each)
        at, last = at >> 1, last >> 1
    return hash if last == 0 else None


def is_consistent(*, old: int, old_root: bytes, new: int, new_root: bytes, proof: Sequence[bytes]) -> bool:
    """Whether the proof shows that the tree `old` is the beginning of `new` (RFC 9162, 2.1.4.2)."""
    if not 0 < old <= new:
        return False
    if old == new:
        return not proof and old_root == new_root
    path = [old_root, *proof] if old & (old - 1) == 0 else list(proof)
    if not path:
        return False
    at, last = old - 1, new - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    first = second = path[0]
    for each in path[1:]:
        if last == 0:
            return False
        if at & 1 or at == last:
            first, second = node_hash(each, first), node_hash(each, second)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            second = node_hash(second, each)
        at, last = at >> 1, last >> 1
    return last == 0 and first == old_root and second == new_root


def _split(size: int) -> int:
    """The largest power of two below `size`."""
    return 1 << (size - 1).bit_length() - 1
