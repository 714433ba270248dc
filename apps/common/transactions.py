"""Transactions that take back what was done outside the database as well."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from django.db import transaction

_undoing: ContextVar[list[Callable[[], object]] | None] = ContextVar("undoing", default=None)


@contextmanager
def whole() -> Iterator[None]:
    """`transaction.atomic()` that, where it is rolled back, also undoes what the block did outside the database.

    What is to be undone was handed to `on_failure`. One inside another is undone with the outer one too, also where
    that fails long after the inner one was left, or cannot be committed. A process that is killed undoes nothing.
    """
    outer, mine, kept = _undoing.get(), list[Callable[[], object]](), False
    token = _undoing.set(mine)
    try:
        with transaction.atomic():
            yield
            stays = not transaction.get_rollback()
        kept = stays
    finally:
        _undoing.reset(token)
        if not kept:
            for undo in reversed(mine):
                undo()
        elif outer is not None:
            outer.extend(mine)


def on_failure(undo: Callable[[], object]) -> None:
    """Have `undo` called where the block of `whole` that we are in is rolled back.

    It must not raise, nor use the database. Raises `RuntimeError` outside of such a block.
    """
    mine = _undoing.get()
    if mine is None:
        raise RuntimeError("Nothing is being done as a whole here: open a block with `whole()`.")
    mine.append(undo)
