"""Live events of trainings: ``{v, seq, trained, kind, number, status, done, total, percent, note, at}``."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.utils import timezone

from apps.ai.models import TrainedModel
from apps.tenants.live import publish


def topic(trained: UUID) -> str:
    return f"trained.{trained}"


def event(row: TrainedModel) -> dict[str, Any]:
    """The training as an event. An open one never has the count of an ended one, so that its end comes last."""
    return {
        "v": 1,
        "seq": row.done + 1 if row.is_open else row.total + 2,
        "trained": str(row.id),
        "kind": row.kind,
        "number": row.number,
        "status": row.status,
        "done": row.done,
        "total": row.total,
        "percent": min(100, 100 * row.done // row.total) if row.total else 0,
        "note": row.note,
        "at": timezone.now().isoformat(),
    }


def tell(row: TrainedModel) -> None:
    """Send the state to those who watch it, when the transaction commits."""
    publish(topic(row.id), event(row))
