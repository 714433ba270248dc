"""An action that writes something and then cannot go on: nothing of it may be left."""

from __future__ import annotations

from apps.accounts.models import User
from apps.agents.models import AgentConfiguration
from apps.agents.permissions import AGENTS_RUN
from apps.common.actions import ActionKind, Outcome
from apps.common.errors import Conflict
from apps.common.permissions import Principal
from apps.common.schemas import StrictModel


class Reason(StrictModel):
    why: str = "The shelf is full."


class Fail(ActionKind[Reason]):
    """Set an agent up, and fail."""

    kind, title, permission = "dummy.fail", "Fail half-way", AGENTS_RUN

    def perform(self, *, who: Principal, user: User | None, arguments: Reason) -> Outcome:
        AgentConfiguration.objects.create(agent_key="dummy.counter", number=99, settings={}, created_by=user)
        raise Conflict(arguments.why, remedy="Make room.")
