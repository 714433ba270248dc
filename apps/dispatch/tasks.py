"""The one Celery task. It carries a hint and no data."""

from __future__ import annotations

from celery import shared_task

from apps.dispatch import wakeups
from apps.dispatch.turns import turn
from apps.dispatch.worker import BOARD


@shared_task(name=wakeups.TASK, ignore_result=True)  # type: ignore[untyped-decorator]
def dispatch_turn(schema: str, queue: str) -> None:
    """A tenant has work. Without a tenant's name the task does not run: Celery refuses the call."""
    turn(schema=schema, queue=queue, board=BOARD)
