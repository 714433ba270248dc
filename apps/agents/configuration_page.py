"""The console page on which an agent is set up: its settings, who runs it, and how both came about."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import zip_longest

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect

from apps.agents import configurations, selectors
from apps.agents.configurations import AnyAgent
from apps.agents.models import AgentConfiguration
from apps.agents.permissions import AGENTS_CONFIGURE, AGENTS_RUN, AGENTS_VIEW, RUNS_VIEW
from apps.common.errors import Problem
from apps.common.permissions import ROLES
from apps.console.schemaforms import EDIT, FILE, SchemaForm
from apps.console.views import ConsoleView
from apps.datasets.sheets import cells_read

ROOT = "settings"


@dataclass(frozen=True)
class Version:
    """A version with what it changed, in words."""

    row: AgentConfiguration
    changes: list[str]
    is_current: bool


class AgentConfigurationPage(ConsoleView):
    permission = {"GET": AGENTS_VIEW, "POST": AGENTS_CONFIGURE}

    def get(self, request: HttpRequest, key: str) -> HttpResponse:
        agent = selectors.agent_get(who=self.who, key=key)
        return self._show(
            agent, SettingsForm.of(agent, configurations.configuration_current(who=self.who, agent=agent))
        )

    def post(self, request: HttpRequest, key: str) -> HttpResponse:
        agent = selectors.agent_get(who=self.who, key=key)
        current = configurations.configuration_current(who=self.who, agent=agent)
        form = SettingsForm.posted(agent, request.POST, current)
        try:
            if EDIT in request.POST:
                form.schema.edit(request.POST[EDIT], file=request.FILES.get(FILE), read_file=cells_read)
                return self._show(agent, form)
            made = configurations.configuration_save(
                who=self.who, user=self.user, agent=agent, settings=form.schema.data(), roles=form.roles,
                note=form.note, seen=form.seen,
            )  # fmt: skip
        except Problem as problem:
            form.refused(problem)
            return self._show(agent, form, status=problem.status)
        told = "Nothing differed, so nothing was changed." if made.number == form.seen else (
            f"{agent.title} is set up as version {made.number}. Runs that are under way stay on theirs."
        )  # fmt: skip
        messages.success(request, told)
        return redirect("agents:configuration", key=agent.key)

    def _show(self, agent: AnyAgent, form: SettingsForm, status: int = 200) -> HttpResponse:
        self.page_title = f"Settings of {agent.title}"
        rows = list(configurations.configurations_query(who=self.who, agent=agent))
        versions = [
            Version(row, configurations.configuration_differences(agent, before, row), is_current=row is rows[0])
            for row, before in zip_longest(rows, rows[1:])
        ]
        context = {
            "agent": agent,
            "form": form,
            "versions": versions,
            "can_configure": self.who.can(AGENTS_CONFIGURE),
            "can_evaluate": self.who.can(AGENTS_RUN) and self.who.can(RUNS_VIEW),
            "runners": [ROLES[role] for role in configurations.runners()],
        }
        return self.page("agents/configuration.html", context, status=status)


class AgentConfigurationRestore(ConsoleView):
    permission = AGENTS_CONFIGURE

    def post(self, request: HttpRequest, key: str, version: int) -> HttpResponse:
        agent = selectors.agent_get(who=self.who, key=key)
        try:
            made = configurations.configuration_restore(who=self.who, user=self.user, agent=agent, number=version)
            messages.success(
                request, f"{agent.title} is set up as version {made.number}, which is what version {version} was."
            )
        except Problem as problem:
            messages.error(request, f"{problem.detail} {problem.remedy}".strip())
        return redirect("agents:configuration", key=agent.key)


class SettingsForm:
    """Settings while they are entered, and the roles that run the agent."""

    def __init__(self, agent: AnyAgent, schema: SchemaForm, *, seen: int, roles: list[str] | None, note: str) -> None:
        self.agent, self.schema, self.seen, self.roles, self.note = agent, schema, seen, roles, note
        self.problem: Problem | None = None

    @classmethod
    def of(cls, agent: AnyAgent, current: AgentConfiguration | None) -> SettingsForm:
        """The form on what holds now."""
        held = configurations.settings_whole(agent, current)
        schema = SchemaForm(
            agent.settings_type, {}, root=ROOT, base=configurations.settings_shown(agent, current), held=held
        )
        number, roles = (current.number, current.roles) if current else (0, None)
        return cls(agent, schema, seen=number, roles=roles, note="")

    @classmethod
    def posted(cls, agent: AnyAgent, data: QueryDict, current: AgentConfiguration | None) -> SettingsForm:
        """The form as a person sent it. What they could not see, a secret, is taken from what holds."""
        held = configurations.settings_whole(agent, current)
        values = {name: str(value) for name, value in data.dict().items() if name.startswith(f"{ROOT}.")}
        schema = SchemaForm(agent.settings_type, values, root=ROOT, held=held)
        chosen = data.getlist("roles") if data.get("runners") == "some" else None
        seen = data.get("seen", "")
        number = int(seen) if seen.isdecimal() and len(seen) < 10 else 0
        return cls(agent, schema, seen=number, roles=chosen, note=data.get("note", ""))

    def refused(self, problem: Problem) -> None:
        """Show what is wrong beside what was entered."""
        self.problem = problem
        self.schema.refused(problem.issues)
