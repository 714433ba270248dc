"""Reads of messages about runs. Each takes who asks and demands the permission in the same call that fetches."""

from __future__ import annotations

from uuid import UUID

from django.db.models import QuerySet

from apps.agents.models import AgentMessage, AgentRun
from apps.agents.permissions import RUNS_VIEW
from apps.common.errors import NotFound
from apps.common.permissions import Principal, demand


def messages_query(*, who: Principal, run: AgentRun) -> QuerySet[AgentMessage]:
    """The messages about a run, in their order. Evaluate it before leaving the tenant."""
    demand(who, RUNS_VIEW)
    return AgentMessage.objects.filter(run=run).select_related("by").order_by("number")


def message_get(*, who: Principal, run: AgentRun, number: int, lock: bool = False) -> AgentMessage:
    """One message about a run, locked for the rest of the transaction where it is to be changed. Raises `NotFound`."""
    found = messages_query(who=who, run=run)
    message = (found.select_for_update(of=("self",)) if lock else found).filter(number=number).first()
    if message is None:
        raise NotFound(f"There is no message {number} about {run.ref}.", remedy="See the messages about the run.")
    message.run = run
    return message


def message_is_open(id: UUID) -> bool:
    """Whether a message that was fetched before has not ended yet."""
    return AgentMessage.objects.filter(pk=id, status__in=AgentMessage.OPEN).exists()
