"""The page of the catalogue."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse

from apps.agents.catalogue import STATES, catalogue
from apps.agents.permissions import AGENTS_CONFIGURE, AGENTS_RUN, AGENTS_VIEW, RUNS_VIEW
from apps.console.views import ConsoleView


class AgentList(ConsoleView):
    """The agents by industry, as filtered; values that make no sense do not narrow."""

    permission = AGENTS_VIEW
    page_title = "Agents"

    def get(self, request: HttpRequest) -> HttpResponse:
        search, industry, state = (request.GET.get(name, "")[:100] for name in ("q", "industry", "health"))
        sees_runs = self.who.can(RUNS_VIEW)
        narrow = {"search": search.strip(), "state": state if sees_runs and state in STATES else ""}
        found = catalogue(who=self.who, user=self.user, industry=industry, **narrow)
        known = {each.label for each in found.industries}
        if industry and industry not in known:
            industry = ""
            found = catalogue(who=self.who, user=self.user, **narrow)
        context = {
            "catalogue": found,
            "narrow": {**narrow, "industry": industry},
            "narrowed": bool(industry or any(narrow.values())),
            "states": STATES.items() if sees_runs else [],
            "can_run": self.who.can(AGENTS_RUN),
            "can_configure": self.who.can(AGENTS_CONFIGURE),
        }
        return self.page("agents/agent_list.html", context)
