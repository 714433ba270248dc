"""The console page on which an agent is set up: its settings, who runs it, and how both came about."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect

from apps.agents import configurations, selectors
from apps.agents.configurations import AnyAgent
from apps.agents.fields import Field, fields_of, fill, json_text, json_value
from apps.agents.models import AgentConfiguration
from apps.agents.permissions import AGENTS_CONFIGURE, AGENTS_VIEW
from apps.common.errors import InvalidInput, Issue, Problem
from apps.common.permissions import ROLES
from apps.console.views import ConsoleView

PLACE = "settings."


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
        form = SettingsForm.posted(agent, request.POST)
        try:
            made = configurations.configuration_save(
                who=self.who, user=self.user, agent=agent, settings=form.settings(), roles=form.roles,
                note=form.note, seen=form.seen,
            )  # fmt: skip
        except Problem as problem:
            form.problem = problem
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
    """Settings while they are entered: scalars by fields, everything else as JSON, and the roles that run the agent."""

    def __init__(
        self, agent: AnyAgent, values: dict[str, str], *, seen: int, roles: list[str] | None, note: str
    ) -> None:
        self.agent, self.values, self.seen, self.roles, self.note = agent, values, seen, roles, note
        self.problem: Problem | None = None

    @classmethod
    def of(cls, agent: AnyAgent, current: AgentConfiguration | None) -> SettingsForm:
        """The form on what holds now."""
        held = configurations.settings_whole(agent, current)
        scalars = {each.name for each in fields_of(agent.settings_type)}
        values = {
            name: ("" if value is None else str(value)) if name in scalars else json_text(value)
            for name, value in held.items()
        }
        return cls(
            agent, values, seen=current.number if current else 0, roles=current.roles if current else None, note=""
        )

    @classmethod
    def posted(cls, agent: AnyAgent, data: QueryDict) -> SettingsForm:
        """The form as a person sent it."""
        values = {name.removeprefix(PLACE): value for name, value in data.dict().items() if name.startswith(PLACE)}
        chosen = data.getlist("roles") if data.get("runners") == "some" else None
        seen = data.get("seen", "")
        number = int(seen) if seen.isdecimal() and len(seen) < 10 else 0
        return cls(agent, {k: str(v) for k, v in values.items()}, seen=number, roles=chosen, note=data.get("note", ""))

    @property
    def fields(self) -> list[Field]:
        """The scalar settings, as form fields with what was entered."""
        every = fill(fields_of(self.agent.settings_type), self.values, self._issues_by_name())
        for each in every:
            each.name = f"{PLACE}{each.name}"
        return every

    @property
    def others(self) -> list[Field]:
        """The settings that are lists or objects: text areas with JSON."""
        scalars = {each.name for each in fields_of(self.agent.settings_type)}
        errors = {issue.path.partition(".")[0]: issue.message for issue in reversed(self._issues_by_name())}
        return [
            Field(
                name=f"{PLACE}{name}",
                label=(field.title or name.replace("_", " ")).capitalize(),
                kind="text",
                help=field.description or "",
                value=self.values.get(name, ""),
                error=errors.get(name, ""),
            )
            for name, field in self.agent.settings_type.model_fields.items()
            if name not in scalars
        ]

    @property
    def other_issues(self) -> list[Issue]:
        """Issues that belong to no field on the page."""
        shown = {each.name for each in [*self.fields, *self.others]}
        return [issue for issue in (self.problem.issues if self.problem else []) if issue.path not in shown]

    def settings(self) -> dict[str, Any]:
        """What was entered, as the agent's model wants it. Raises `InvalidInput` for text that is not JSON."""
        others = {each.name.removeprefix(PLACE) for each in self.others}
        found: dict[str, Any] = {
            name: value for name, value in self.values.items() if value != "" and name not in others
        }
        for name in others:
            if text := self.values.get(name, "").strip():
                found[name] = _json(text, f"{PLACE}{name}")
        return found

    def _issues_by_name(self) -> list[Issue]:
        found = self.problem.issues if self.problem else []
        return [each.model_copy(update={"path": each.path.removeprefix(PLACE)}) for each in found]


def _json(text: str, place: str) -> Any:
    try:
        return json_value(text)
    except InvalidInput as problem:
        issues = [Issue(path=place, message=problem.detail)]
        raise InvalidInput("The settings cannot be used; nothing was stored.", issues=issues) from problem
