"""Transactions that undo what was done outside the database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest
from django.db import transaction

from apps.common.transactions import on_failure, whole

pytestmark = pytest.mark.django_db


@contextmanager
def failing() -> Iterator[None]:
    with suppress(ZeroDivisionError):
        yield


def test_a_block_that_fails_undoes_the_latest_first() -> None:
    undone: list[str] = []
    with failing(), whole():
        on_failure(lambda: undone.append("first"))
        on_failure(lambda: undone.append("second"))
        raise ZeroDivisionError
    assert undone == ["second", "first"]


def test_a_block_that_succeeds_undoes_nothing() -> None:
    undone: list[str] = []
    with whole():
        on_failure(lambda: undone.append("it"))
    assert undone == []


def test_what_an_inner_block_did_is_undone_once_with_the_outer_one() -> None:
    undone: list[str] = []
    with failing(), whole():
        with whole():
            on_failure(lambda: undone.append("inner"))
        assert undone == []
        raise ZeroDivisionError
    assert undone == ["inner"]


def test_an_inner_block_that_fails_alone_takes_only_its_own_back() -> None:
    undone: list[str] = []
    with whole():
        on_failure(lambda: undone.append("outer"))
        with failing(), whole():
            on_failure(lambda: undone.append("inner"))
            raise ZeroDivisionError
    assert undone == ["inner"]


def test_a_block_that_is_rolled_back_without_an_error_is_undone_too() -> None:
    undone: list[str] = []
    with whole():
        on_failure(lambda: undone.append("it"))
        transaction.set_rollback(True)
    assert undone == ["it"]


def test_outside_of_a_block_there_is_nothing_to_undo_with() -> None:
    with pytest.raises(RuntimeError, match="whole"):
        on_failure(lambda: None)
    with whole():
        pass
    with pytest.raises(RuntimeError, match="whole"):
        on_failure(lambda: None)
