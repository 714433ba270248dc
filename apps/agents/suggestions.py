"""Help while a person types a text of an agent's input: what the agent knows by words like these."""

from __future__ import annotations

from typing import Final

from django.http import HttpRequest, HttpResponse, JsonResponse

from apps.agents import selectors
from apps.agents.permissions import AGENTS_RUN
from apps.console.schemaforms.shapes import shape_of, suggested
from apps.console.views import ConsoleView
from apps.gateway import limits
from apps.gateway.principals import Caller

MOST: Final = 10
"""Suggestions for one text."""
LONGEST: Final = 200
"""Characters of a text, and of a suggestion: a longer one is no name of anything."""


class AgentSuggest(ConsoleView):
    """What the agent suggests for `text` at `path`, the path of a field without the numbers of its rows."""

    permission = AGENTS_RUN

    def get(self, request: HttpRequest, key: str) -> HttpResponse:
        agent = selectors.agent_get(who=self.who, key=key)
        path, text = request.GET.get("path", ""), request.GET.get("text", "").strip()
        if path not in set(suggested(shape_of(agent.input_type))):
            return JsonResponse({"suggestions": []})
        allowance = limits.take(limits.buckets_of(caller=Caller(self.user), request=request))
        if allowance:
            allowance.demand()
        found = agent.suggest(path, text) if text and len(text) <= LONGEST else []
        return JsonResponse({"suggestions": [each for each in found if len(each) <= LONGEST][:MOST]})
