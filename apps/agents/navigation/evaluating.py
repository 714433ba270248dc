"""To keep a run as a case of the evaluations of its agent, from its page."""

from __future__ import annotations

from django.urls import reverse

from apps.agents.permissions import AGENTS_CONFIGURE
from apps.agents.uses import USES, AgentUse


def _case(key: str) -> str:
    return reverse("agents:case-new", args=[key])


USES.register("agents.case", AgentUse("Keep as a case", _case, "list-check", AGENTS_CONFIGURE))
