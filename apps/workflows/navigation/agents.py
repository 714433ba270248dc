"""What workflows do with an agent: offered on its page and on those of its runs."""

from __future__ import annotations

from urllib.parse import urlencode

from django.urls import reverse

from apps.agents.uses import USES, AgentUse
from apps.workflows.permissions import WORKFLOWS_EDIT


def _new(key: str) -> str:
    return f"{reverse('workflows:new')}?{urlencode({'agent': key})}"


def _schedule(key: str) -> str:
    return reverse("workflows:agent-schedule", args=[key])


USES.register("workflows.new", AgentUse("Use in a workflow", _new, "route", WORKFLOWS_EDIT, is_at_hand=True))
USES.register("workflows.schedule", AgentUse("On a schedule", _schedule, "calendar-time", WORKFLOWS_EDIT))
