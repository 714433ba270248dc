"""Transactions that undo what was done outside the database."""

from __future__ import annotations

from functools import partial

import pytest
from django.db import transaction

from apps.common.transactions import on_failure, whole

pytestmark = pytest.mark.django_db


def fail(undone: list[str], *names: str) -> None:
    """A block that does what is undone under these names, and then fails."""
    with whole():
        do(undone, *names)
        raise ZeroDivisionError


def do(undone: list[str], *names: str) -> None:
    for name in names:
        on_failure(partial(undone.append, name))


def test_a_block_that_fails_undoes_the_latest_first() -> None:
    undone: list[str] = []
    with pytest.raises(ZeroDivisionError):
        fail(undone, "first", "second")
    assert undone == ["second", "first"]


def test_a_block_that_succeeds_undoes_nothing() -> None:
    undone: list[str] = []
    with whole():
        do(undone, "it")
    assert undone == []


def test_what_an_inner_block_did_is_undone_once_with_the_outer_one() -> None:
    undone: list[str] = []

    def outer() -> None:
        with whole():
            with whole():
                do(undone, "inner")
            assert undone == []
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        outer()
    assert undone == ["inner"]


def test_an_inner_block_that_fails_alone_takes_only_its_own_back() -> None:
    undone: list[str] = []
    with whole():
        do(undone, "outer")
        with pytest.raises(ZeroDivisionError):
            fail(undone, "inner")
    assert undone == ["inner"]


def test_a_block_that_is_rolled_back_without_an_error_is_undone_too() -> None:
    undone: list[str] = []
    with whole():
        do(undone, "it")
        transaction.set_rollback(True)
    assert undone == ["it"]


def test_outside_of_a_block_there_is_nothing_to_undo_with() -> None:
    with pytest.raises(RuntimeError, match="whole"):
        on_failure(lambda: None)
    with whole():
        pass
    with pytest.raises(RuntimeError, match="whole"):
        on_failure(lambda: None)
