"""Console pages where agents are made: the list of them, the builder, trying a draft, and files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby, zip_longest
from typing import Any, Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.utils.http import content_disposition_header

from apps.agents.custom import selectors, services, store
from apps.agents.custom.contents import EXAMPLE, LARGEST, Content, content_of
from apps.agents.custom.differences import content_differences
from apps.agents.custom.problems import NotUsable
from apps.agents.models import CustomAgent, CustomAgentVersion
from apps.agents.permissions import AGENTS_CONFIGURE, AGENTS_RUN, AGENTS_VIEW
from apps.ai.tools import TOOL_SOURCES, Tool, tools_of
from apps.common.actions import ACTIONS
from apps.common.errors import Conflict, InvalidInput, Issue, Problem
from apps.console import stepup
from apps.console.schemaforms import EDIT, FILE, Field, SchemaForm
from apps.console.views import ConsoleView
from apps.datasets import selectors as datasets
from apps.datasets.sheets import cells_read

ROOT: Final = "agent"
SAMPLE: Final = "sample"
SKIPPED: Final = ("tools", "actions")
SECTIONS: Final = (
    ("What it is called", ("title", "summary", "icon")),
    ("Prompt", ("instructions", "request")),
    ("What goes in", ("inputs",)),
    ("What comes out", ("outputs", "verdict")),
    ("Guardrails", ("guardrails",)),
    ("Limits of a run", ("limits", "fall_back", "fresh_minutes")),
    ("What others should know", ("intended_use", "known_limits", "examples")),
)


@dataclass(frozen=True)
class Section:
    title: str
    fields: list[Field]
    is_prompt: bool


class BuilderForm:
    """What an agent says while it is entered."""

    def __init__(self, schema: SchemaForm, *, tools: list[str], actions: list[str], alone: list[str]) -> None:
        self.schema, self.tools, self.actions, self.alone = schema, tools, actions, alone
        self.problem: Problem | None = None

    @classmethod
    def of(cls, content: Content) -> BuilderForm:
        base = content.model_dump(mode="json", exclude=set(SKIPPED))
        schema = SchemaForm(Content, {}, root=ROOT, base=base, skip=SKIPPED)
        kinds = [each.kind for each in content.actions]
        return cls(schema, tools=list(content.tools), actions=kinds, alone=list(content.alone))

    @classmethod
    def posted(cls, data: QueryDict) -> BuilderForm:
        values = {name: str(value) for name, value in data.dict().items() if name.startswith(f"{ROOT}.")}
        schema = SchemaForm(Content, values, root=ROOT, skip=SKIPPED)
        names = {name: data.getlist(name)[:100] for name in ("tools", "actions", "alone")}
        return cls(schema, **names)

    def content(self) -> Content:
        """What was entered. Raises `InvalidInput`."""
        actions = [{"kind": kind, "without_a_person": kind in self.alone} for kind in self.actions]
        return services.content_parse({**self.schema.data(), "tools": self.tools, "actions": actions})

    def refused(self, problem: Problem) -> None:
        """Show what is wrong beside what was entered."""
        self.problem = problem
        self.schema.refused(
            each if each.path.startswith(f"{ROOT}.") else each.model_copy(update={"path": f"{ROOT}.{each.path}"})
            for each in problem.issues
        )

    @property
    def sections(self) -> list[Section]:
        by_name = {field.name.partition(".")[2]: field for field in self.schema.fields}
        return [
            Section(title, [by_name[name] for name in names if name in by_name], "instructions" in names)
            for title, names in SECTIONS
        ]

    @property
    def variables(self) -> list[str]:
        """The names of what goes in, as far as they are entered."""
        given: Any = self.schema.data(partly=True).get("inputs") or []
        return [each["name"] for each in given if isinstance(each, Mapping) and each.get("name")]

    @property
    def other_issues(self) -> list[Issue]:
        return self.schema.other_issues


@dataclass(frozen=True)
class Version:
    row: CustomAgentVersion
    changes: list[str]
    is_published: bool


class _Builder(ConsoleView):
    """What the pages of the builder share."""

    def tools(self, chosen: list[str]) -> list[tuple[str, list[tuple[Tool, bool]]]]:
        """The tools that read, by their sources, each with whether it was chosen."""
        found = [tool for tool in tools_of(self.who, self.user) if tool.is_read]
        titles = {source.key: source.title for source in TOOL_SOURCES}
        return [
            (titles.get(source, source), [(tool, tool.key in chosen) for tool in tools])
            for source, tools in groupby(found, key=lambda tool: tool.key.partition(":")[0])
        ]

    def builder(
        self, form: BuilderForm, agent: CustomAgent | None = None, sample: SchemaForm | None = None, status: int = 200
    ) -> HttpResponse:
        self.page_title = agent.title if agent else "Make an agent"
        offered = self.tools(form.tools)
        known = {tool.key for _, tools in offered for tool, _ in tools}
        context: dict[str, Any] = {
            "form": form,
            "custom": agent,
            "tools": offered,
            "gone": [key for key in form.tools if key not in known],
            "kinds": [(kind, kind.kind in form.actions, kind.kind in form.alone) for kind in ACTIONS],
            "can_configure": self.who.can(AGENTS_CONFIGURE),
            "can_run": self.who.can(AGENTS_RUN),
        }
        if agent is not None:
            context |= self._state(agent, sample)
        return self.page("agents/custom/builder.html", context, status=status)

    def _state(self, agent: CustomAgent, sample: SchemaForm | None) -> dict[str, Any]:
        draft = selectors.draft_get(agent)
        rows = list(selectors.versions_query(who=self.who, agent=agent)[:30])
        versions = [
            Version(row, _changes(before, row), row.pk == agent.published_id)
            for row, before in zip_longest(rows, rows[1:])
        ]
        return {
            "draft": draft,
            "changes": _changes(agent.published, draft) if draft and agent.published else [],
            "versions": versions,
            "sample": sample or self.sample(agent, draft, {}),
        }

    def sample(
        self, agent: CustomAgent, draft: CustomAgentVersion | None, values: Mapping[str, str]
    ) -> SchemaForm | None:
        """The input of what the agent says now; None where that cannot be used yet."""
        row = draft or agent.published
        if row is None:
            return None
        row.agent = agent
        made = store.draft_of(row) if row.number is None else store.made_of(row)
        if made is None:
            return None
        offered = {}
        if made.table_field:
            recent = [(str(each.pk), each.name) for each in datasets.datasets_recent(who=self.who)]
            offered = {f"{SAMPLE}.{made.table_field}.dataset": recent}
        base = made.examples[0].input if made.examples and not values else None
        return SchemaForm(made.input_type, values, root=SAMPLE, base=base, offered=offered)


class CustomList(ConsoleView):
    """Every agent that was made here, drafts and archived ones among them."""

    permission = AGENTS_VIEW
    page_title = "Agents made here"

    def get(self, request: HttpRequest) -> HttpResponse:
        archived = request.GET.get("archived") == "1"
        context = {
            "customs": list(selectors.customs_query(who=self.who, archived=archived)[:500]),
            "archived": archived,
            "can_configure": self.who.can(AGENTS_CONFIGURE),
        }
        return self.page("agents/custom/list.html", context)


class CustomNew(_Builder):
    """The builder on an example, or on a file that is sent."""

    permission = AGENTS_CONFIGURE

    def get(self, request: HttpRequest) -> HttpResponse:
        return self.builder(BuilderForm.of(services.content_parse(EXAMPLE)))

    def post(self, request: HttpRequest) -> HttpResponse:
        form = BuilderForm.posted(request.POST)
        try:
            if EDIT in request.POST:
                form.schema.edit(request.POST[EDIT], file=request.FILES.get(FILE), read_file=cells_read)
                return self.builder(form)
            agent = services.custom_create(who=self.who, user=self.user, content=form.content())
        except Problem as problem:
            form.refused(problem)
            return self.builder(form, status=problem.status)
        messages.success(request, f"{agent.title} is kept as a draft. Try it, then publish it.")
        return redirect("agents:custom", custom=agent.key)


class CustomImport(ConsoleView):
    """An agent from a file, as a draft."""

    permission = AGENTS_CONFIGURE

    def post(self, request: HttpRequest) -> HttpResponse:
        file = request.FILES.get("file")
        if file is None:
            raise InvalidInput("No file was chosen; nothing was stored.", remedy="Choose an agent as YAML.")
        try:
            text = file.read(LARGEST + 1).decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise InvalidInput("The file is no text in UTF-8; nothing was stored.") from error
        agent = services.custom_create(who=self.who, user=self.user, content=services.content_load(text))
        messages.success(
            request, f"{agent.title} is kept as a draft. Look at its tools and its model, then publish it."
        )
        return redirect("agents:custom", custom=agent.key)


class CustomPage(_Builder):
    """The builder of one agent: what is entered is kept as its draft."""

    permission = {"GET": AGENTS_VIEW, "POST": AGENTS_CONFIGURE}

    def get(self, request: HttpRequest, custom: str) -> HttpResponse:
        agent = selectors.custom_get(who=self.who, key=custom)
        return self.builder(BuilderForm.of(selectors.content_now(agent)), agent)

    def post(self, request: HttpRequest, custom: str) -> HttpResponse:
        if request.POST.get("do") == "publish" and (asked := stepup.ask(request)) is not None:
            return asked
        agent, form = selectors.custom_get(who=self.who, key=custom), BuilderForm.posted(request.POST)
        try:
            if EDIT in request.POST:
                form.schema.edit(request.POST[EDIT], file=request.FILES.get(FILE), read_file=cells_read)
                return self.builder(form, agent)
            saved = services.draft_save(
                who=self.who, user=self.user, agent=agent, content=form.content(), seen=_seen(request)
            )
        except Problem as problem:
            form.refused(problem)
            return self.builder(form, agent, status=problem.status)
        if request.POST.get("do") == "publish":
            try:
                row = services.custom_publish(
                    who=self.who,
                    user=self.user,
                    agent=saved,
                    note=request.POST.get("note", ""),
                    seen=saved.seq,  # what was entered here, and not what somebody else has just kept
                )
            except Problem as problem:
                form.refused(problem)
                return self.builder(form, saved, status=problem.status)
            messages.success(
                request, f"{saved.title} is published as version {row.number}: runs follow it from now on."
            )
        else:
            messages.success(request, "The draft is kept. What is published goes on as it was.")
        return redirect("agents:custom", custom=agent.key)


class CustomTry(_Builder):
    """Run what the agent says now on a sample; the run has a page of its own."""

    permission = AGENTS_CONFIGURE

    def post(self, request: HttpRequest, custom: str) -> HttpResponse:
        agent = selectors.custom_get(who=self.who, key=custom)
        values = {name: str(value) for name, value in request.POST.dict().items() if name.startswith(f"{SAMPLE}.")}
        form = BuilderForm.of(selectors.content_now(agent))
        sample = self.sample(agent, selectors.draft_get(agent), values)
        try:
            if sample is not None and EDIT in request.POST:
                sample.edit(request.POST[EDIT], file=request.FILES.get(FILE), read_file=cells_read)
                return self.builder(form, agent, sample)
            run = services.custom_try(
                who=self.who, user=self.user, agent=agent, data=sample.data() if sample else {}, origin="console"
            )
        except Problem as problem:
            form.refused(problem)
            if sample is not None:
                sample.refused(
                    each.model_copy(update={"path": f"{SAMPLE}.{each.path}"}) for each in problem.issues if each.path
                )
            return self.builder(form, agent, sample, status=problem.status)
        return redirect("agents:run", number=run.number)


class CustomAct(ConsoleView):
    """What is done with an agent as a whole: discard, roll back, duplicate, archive, restore."""

    permission = AGENTS_CONFIGURE

    def post(self, request: HttpRequest, custom: str) -> HttpResponse:
        agent = selectors.custom_get(who=self.who, key=custom)
        try:
            agent = self._done(request, agent)
        except Problem as problem:
            messages.error(request, f"{problem.detail} {problem.remedy}".strip())
        return redirect("agents:custom", custom=agent.key)

    def _done(self, request: HttpRequest, agent: CustomAgent) -> CustomAgent:
        do, seen = request.POST.get("do", ""), _seen(request)
        about: dict[str, Any] = {"who": self.who, "agent": agent}
        if do == "discard":
            made, told = services.draft_discard(**about, seen=seen), "The draft is gone."
        elif do == "duplicate":
            made = services.custom_duplicate(**about, user=self.user)
            told = f"{made.title} says the same, as a draft."
        elif do == "archive":
            made = services.custom_archive(**about, seen=seen)
            told = "It is archived: it starts no new runs, and its runs and results are kept."
        elif do == "restore":
            made, told = services.custom_restore(**about, seen=seen), "It is in use again."
        elif do == "rollback":
            text = request.POST.get("version", "")
            number = int(text) if text.isdecimal() and len(text) < 10 else 0
            row = services.custom_rollback(**about, user=self.user, number=number, seen=seen)
            made, told = agent, f"Version {row.number} says what version {number} said."
        else:
            raise Conflict("There is nothing of that name to be done; nothing was changed.")
        messages.success(request, told)
        return made


class CustomFile(ConsoleView):
    """What an agent says as a file."""

    permission = AGENTS_VIEW

    def get(self, request: HttpRequest, custom: str) -> HttpResponse:
        agent = selectors.custom_get(who=self.who, key=custom)
        response = HttpResponse(
            services.content_yaml(selectors.content_now(agent)), content_type="application/yaml; charset=utf-8"
        )
        response["Content-Disposition"] = content_disposition_header(True, f"{agent.key}.yaml") or "attachment"
        return response


def _changes(old: CustomAgentVersion | None, new: CustomAgentVersion | None) -> list[str]:
    if new is None:
        return []
    try:
        return content_differences(content_of(old.content) if old else None, content_of(new.content))
    except NotUsable:
        return ["It was written for another release."]


def _seen(request: HttpRequest) -> int | None:
    seen = request.POST.get("seen", "")
    return int(seen) if seen.isdecimal() and len(seen) < 10 else None
