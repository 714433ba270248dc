"""The tree against the recursive definitions of RFC 6962, section 2.1, written down as they stand there."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.audit import tree
from apps.audit.tree import Growing, Place


def leaves(count: int) -> list[bytes]:
    return [hashlib.sha256(b"\x00" + str(n).encode()).digest() for n in range(count)]


def split(n: int) -> int:
    k = 1
    while k * 2 < n:
        k *= 2
    return k


def mth(d: list[bytes]) -> bytes:
    if not d:
        return hashlib.sha256(b"").digest()
    if len(d) == 1:
        return d[0]
    k = split(len(d))
    return hashlib.sha256(b"\x01" + mth(d[:k]) + mth(d[k:])).digest()


def path(m: int, d: list[bytes]) -> list[bytes]:
    if len(d) == 1:
        return []
    k = split(len(d))
    return [*path(m, d[:k]), mth(d[k:])] if m < k else [*path(m - k, d[k:]), mth(d[:k])]


def subproof(m: int, d: list[bytes], whole: bool) -> list[bytes]:
    if m == len(d):
        return [] if whole else [mth(d)]
    k = split(len(d))
    if m <= k:
        return [*subproof(m, d[:k], whole), mth(d[k:])]
    return [*subproof(m - k, d[k:], False), mth(d[:k])]


SIZES = st.integers(1, 300)


def hash_in(d: list[bytes]) -> Callable[[Place], bytes]:
    def hash_of(place: Place) -> bytes:
        level, index = place
        return mth(d[index << level : (index + 1) << level])

    return hash_of


@given(st.integers(0, 300))
@settings(max_examples=60)
def test_the_root_is_that_of_the_definition(size: int) -> None:
    assert tree.root_of(leaves(size)) == mth(leaves(size))


@given(SIZES, st.data())
@settings(max_examples=60)
def test_a_proof_of_inclusion_is_that_of_the_definition_and_verifies(size: int, data: st.DataObject) -> None:
    index, d = data.draw(st.integers(0, size - 1)), leaves(size)
    proof = tree.proof_of(tree.inclusion_covers(index, size), hash_in(d))
    assert proof == path(index, d)
    assert tree.root_by_inclusion(leaf=d[index], index=index, size=size, proof=proof) == mth(d)


@given(SIZES, st.data())
@settings(max_examples=60)
def test_a_proof_of_consistency_is_that_of_the_definition_and_verifies(new: int, data: st.DataObject) -> None:
    old, d = data.draw(st.integers(1, new)), leaves(new)
    proof = tree.proof_of(tree.consistency_covers(old, new), hash_in(d))
    assert proof == subproof(old, d, True)
    assert tree.is_consistent(old=old, old_root=mth(d[:old]), new=new, new_root=mth(d), proof=proof)


@given(st.integers(2, 200), st.data())
@settings(max_examples=60)
def test_a_proof_for_another_place_or_with_another_hash_leads_to_another_root(size: int, data: st.DataObject) -> None:
    index, other = data.draw(st.integers(0, size - 1)), data.draw(st.integers(0, size - 1))
    d = leaves(size)
    proof, at = path(index, d), data.draw(st.integers(0, len(path(index, d)) - 1))
    bent = [*proof[:at], bytes(32), *proof[at + 1 :]]
    shorter, longer = proof[:-1], [*proof, bytes(32)]
    for wrong in (bent, shorter, longer):
        assert tree.root_by_inclusion(leaf=d[index], index=index, size=size, proof=wrong) != mth(d)
    if other != index:
        assert tree.root_by_inclusion(leaf=d[index], index=other, size=size, proof=proof) != mth(d)


@given(st.integers(2, 200), st.data())
@settings(max_examples=60)
def test_a_tree_with_another_beginning_is_not_consistent(new: int, data: st.DataObject) -> None:
    old = data.draw(st.integers(1, new - 1))
    d, changed = leaves(new), data.draw(st.integers(0, old - 1))
    forged = [*d[:changed], bytes(32), *d[changed + 1 :]]
    for proof in (subproof(old, d, True), subproof(old, forged, True), []):
        assert not tree.is_consistent(old=old, old_root=mth(d[:old]), new=new, new_root=mth(forged), proof=proof)
    longer = [*subproof(old, d, True), bytes(32)]
    assert not tree.is_consistent(old=old, old_root=mth(d[:old]), new=new, new_root=mth(d), proof=longer)


def test_the_full_subtrees_of_every_eighth_level_are_told_as_they_fill() -> None:
    d, growing = leaves(600), Growing()
    made = [each for leaf in d for each in growing.append(leaf)]
    assert made == [((8, 0), mth(d[:256])), ((8, 1), mth(d[256:512]))]


@pytest.mark.parametrize(("index", "size"), [(5, 5), (-1, 5), (0, 0)])
def test_there_is_no_proof_for_what_is_not_in_the_tree(index: int, size: int) -> None:
    with pytest.raises(ValueError, match="There is no leaf"):
        tree.inclusion_covers(index, size)
    assert tree.root_by_inclusion(leaf=bytes(32), index=index, size=size, proof=[]) is None


@pytest.mark.parametrize(("old", "new"), [(0, 5), (6, 5)])
def test_there_is_no_consistency_of_what_is_no_beginning(old: int, new: int) -> None:
    with pytest.raises(ValueError, match="no beginning"):
        tree.consistency_covers(old, new)
    assert not tree.is_consistent(old=old, old_root=bytes(32), new=new, new_root=bytes(32), proof=[])
