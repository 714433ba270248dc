"""Live events of messages: ``{v, seq, message, run, number, kind, status, start, text, at}``.

`text` is what was written since the last event and `start` the character at which it begins; the state has the whole of
a text that is being written, and none of one that has ended: its numbers are checked by then, so it is read anew. Who
sees a gap in the `seq` of a message reads the state again.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.utils import timezone

from apps.agents.models import AgentMessage
from apps.tenants.live import publish_to


def topic(run: UUID) -> str:
    """All messages about a run."""
    return f"talk.{run}"


def end_topic(message: UUID) -> str:
    """Says one thing only: that the message has ended."""
    return f"message.{message}.end"


def event(message: AgentMessage, text: str = "", start: int = 0) -> dict[str, Any]:
    return {
        "v": 1,
        "seq": message.seq,
        "message": str(message.id),
        "run": str(message.run_id),
        "number": message.number,
        "kind": message.kind,
        "status": message.status,
        "start": start,
        "text": text,
        "at": timezone.now().isoformat(),
    }


def state(message: AgentMessage) -> dict[str, Any]:
    """The event that stands for all events so far."""
    written = (message.said or {}).get("text", "") if message.is_open else ""
    return event(message, written)


def tell(message: AgentMessage, text: str = "", start: int = 0) -> None:
    """Send what has changed, when the transaction commits, to those who watch the messages of the run."""
    ended = [] if message.is_open else [end_topic(message.id)]
    publish_to([topic(message.run_id), *ended], event(message, text, start))
