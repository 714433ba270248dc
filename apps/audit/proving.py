"""Many proofs of one tree: each hash is read and made once."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from apps.audit.selectors import InclusionProof
from apps.audit.stored import NotInTree, kept_below
from apps.audit.tree import KEPT, Place, inclusion_covers, node_hash, proof_of

_REMEMBERED: Final = 4096
"""Subtrees of 256 below one that is kept. Proofs in order of the leaves need a few at a time."""


class Prover:
    """Proofs for leaves of the tree of the first `size` entries of an epoch. In order, each leaf is read once."""

    def __init__(self, epoch: int, size: int) -> None:
        self.epoch, self.size = epoch, size
        self._below = lru_cache(maxsize=16)(self._read)
        self._hash = lru_cache(maxsize=_REMEMBERED)(self._made)

    def inclusion(self, index: int) -> InclusionProof:
        """The proof that the leaf is in the tree. Raises `NotInTree`, `ValueError` beyond the tree."""
        return InclusionProof(self.epoch, index, self.size, proof_of(inclusion_covers(index, self.size), self._hash))

    def _made(self, place: Place) -> bytes:
        level, index = place
        if level % KEPT == 0 and level <= 24:
            base = self._below(level, index >> KEPT)
            if (index & 255) >= len(base):
                raise NotInTree(f"The subtree {place} of epoch {self.epoch} is not stored.")
            return base[index & 255]
        return node_hash(self._hash((level - 1, index * 2)), self._hash((level - 1, index * 2 + 1)))

    def _read(self, level: int, block: int) -> list[bytes]:
        return kept_below(self.epoch, level, block)
