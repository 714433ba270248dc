"""Console pages of evaluations: those of an agent, one beside another, and the cases that a tenant keeps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.shortcuts import redirect

from apps.agents import configurations, selectors
from apps.agents.configuration_page import SettingsForm
from apps.agents.configurations import AnyAgent
from apps.agents.evaluations import keeping, live, services
from apps.agents.evaluations.cases import Case, cases_shipped
from apps.agents.evaluations.judging import CHANGES, passed, side_by_side
from apps.agents.evaluations.suggesting import facts_suggested
from apps.agents.models import AgentCase, AgentEvaluation, AgentRun
from apps.agents.permissions import AGENTS_CONFIGURE, AGENTS_RUN, RUNS_VIEW
from apps.common.errors import Conflict, InvalidInput, Issue, Problem
from apps.console.schemaforms import shape_of
from apps.console.schemaforms.secrets import masked
from apps.console.schemaforms.texts import json_text, json_value
from apps.console.views import ConsoleView

SHOWN = 20
"""Evaluations that an agent's page lists."""
WHICH = {"now": "What holds now", "own": "The agent's own", "draft": "A draft, as JSON"}


@dataclass(frozen=True)
class Listed:
    """An evaluation with what it was of, in words."""

    row: AgentEvaluation
    of: str

    @classmethod
    def of_row(cls, row: AgentEvaluation) -> Listed:
        outcome = services.outcome_of(row)
        words = "a draft" if outcome.is_draft else f"version {outcome.number}" if outcome.number else "the agent's own"
        return cls(row, words)

    @property
    def name(self) -> str:
        return f"{self.row.agent_version}, {self.of}"


class EvaluationList(ConsoleView):
    """The evaluations of an agent, its cases, and the form that starts another one."""

    permission = {"GET": RUNS_VIEW, "POST": AGENTS_RUN}

    def get(self, request: HttpRequest, key: str) -> HttpResponse:
        agent = selectors.agent_get(who=self.who, key=key)
        return self._show(agent, {"which": request.GET.get("which", "now"), "draft": "{}"})

    def post(self, request: HttpRequest, key: str) -> HttpResponse:
        agent = selectors.agent_get(who=self.who, key=key)
        entered = {"which": request.POST.get("which", "now"), "draft": request.POST.get("draft", "{}")}
        wanted: dict[str, Any]
        try:
            if entered["which"] == "form":  # from the page of settings, before they are saved
                current = configurations.configuration_current(who=self.who, agent=agent)
                draft = SettingsForm.posted(agent, request.POST, current).schema.data()
                # The form takes secrets from what holds: where it comes back, they are not to be seen.
                shown = masked(shape_of(agent.settings_type), draft)
                entered, wanted = {"which": "draft", "draft": json_text(shown)}, {"draft": draft}
            else:
                wanted = _which(entered)
            made = services.evaluation_start(who=self.who, user=self.user, agent=agent, **wanted)
        except Problem as problem:
            return self._show(agent, entered, problem)
        return redirect("agents:evaluation", key=key, evaluation=made.pk)

    def _show(self, agent: AnyAgent, entered: dict[str, str], problem: Problem | None = None) -> HttpResponse:
        self.page_title = f"Evaluations of {agent.title}"
        evaluations = services.evaluations_list(who=self.who, agent=agent, most=SHOWN)
        ended = [each for each in evaluations if each.status == AgentEvaluation.Status.ENDED]
        versions = list(configurations.configurations_query(who=self.who, agent=agent))
        shipped, kept = cases_shipped(agent), keeping.cases_kept(who=self.who, agent=agent)
        context = {
            "agent": agent,
            "entered": entered,
            "problem": problem,
            "evaluations": [Listed.of_row(each) for each in evaluations],
            "not_yet": not any(each.agent_version == agent.version for each in evaluations),
            "can_compare": len(ended) > 1,
            "versions": versions,
            "which": WHICH,
            "shipped": shipped,
            "kept": kept,
            "has_cases": bool(shipped or kept),
            "can_run": self.who.can(AGENTS_RUN),
            "can_configure": self.who.can(AGENTS_CONFIGURE),
        }
        return self.page("agents/evaluation_list.html", context, status=problem.status if problem else 200)


def _which(entered: dict[str, str]) -> dict[str, Any]:
    """Which settings are meant, as `evaluation_start` wants it. Raises `InvalidInput`."""
    which = entered["which"]
    if which == "draft":
        draft = json_value(entered["draft"] or "{}")
        if not isinstance(draft, dict):
            issues = [Issue(path="draft", message="Write a JSON object: a name and a value for each setting.")]
            raise InvalidInput("The draft cannot be used; nothing was started.", issues=issues)
        return {"draft": draft}
    if which == "own":
        return {"number": 0}
    return {"number": int(which) if which.isdecimal() and len(which) < 10 else None}


class EvaluationOne(ConsoleView):
    """One evaluation, case by case, beside another one where there is one."""

    permission = RUNS_VIEW

    def get(self, request: HttpRequest, key: str, evaluation: UUID) -> HttpResponse:
        agent = selectors.agent_get(who=self.who, key=key)
        row = services.evaluation_get(who=self.who, agent=agent, id=evaluation)
        others = services.evaluations_list(who=self.who, agent=agent, most=SHOWN)
        others = [each for each in others if each.pk != row.pk and each.done]
        against = self._against(row, others)
        before, results = services.outcome_of(against).results if against else [], services.outcome_of(row).results
        pairs = side_by_side(before if against else results, results)
        if row.is_open:  # what it has not come to is not gone
            pairs = [pair for pair in pairs if pair.after]
        changed = [pair for pair in pairs if pair.change != "same"] if against else []
        self.page_title = f"Evaluation of {agent.title}"
        context = {
            "agent": agent,
            "this": Listed.of_row(row),
            "settings": configurations.settings_differences(agent, {}, services.outcome_of(row).settings),
            "differences": _differences(agent, against, row),
            "against": Listed.of_row(against) if against else None,
            "others": [Listed.of_row(each) for each in others],
            "pairs": pairs,
            "changed": changed,
            "words": CHANGES,
            "before_passed": passed(before),
            "can_run": self.who.can(AGENTS_RUN),
        }
        return self.page("agents/evaluation.html", context)

    def _against(self, row: AgentEvaluation, others: list[AgentEvaluation]) -> AgentEvaluation | None:
        """The one that is asked for; the one before, where none is; none for ``none``."""
        asked = self.request.GET.get("against", "")
        earlier = [each for each in others if each.pk < row.pk and each.status == AgentEvaluation.Status.ENDED]
        if not asked:
            return earlier[0] if earlier else None
        return next((each for each in others if str(each.pk) == asked), None)


def _differences(agent: AnyAgent, before: AgentEvaluation | None, after: AgentEvaluation) -> list[str]:
    """What the two were of that differs, in sentences."""
    if before is None:
        return []
    was, now = services.outcome_of(before).settings, services.outcome_of(after).settings
    told = configurations.settings_differences(agent, was, now)
    if before.agent_version != after.agent_version:
        told.insert(0, f"The agent's version was {before.agent_version}, and is {after.agent_version}.")
    return told


class EvaluationSnapshot(ConsoleView):
    """The evaluation's state as the socket tells it."""

    permission = RUNS_VIEW

    def get(self, request: HttpRequest, key: str, evaluation: UUID) -> HttpResponse:
        agent = selectors.agent_get(who=self.who, key=key)
        return JsonResponse(live.event(services.evaluation_get(who=self.who, agent=agent, id=evaluation)))


class EvaluationStop(ConsoleView):
    permission = {"POST": AGENTS_RUN}

    def post(self, request: HttpRequest, key: str, evaluation: UUID) -> HttpResponse:
        agent = selectors.agent_get(who=self.who, key=key)
        try:
            row = services.evaluation_get(who=self.who, agent=agent, id=evaluation)
            services.evaluation_stop(who=self.who, evaluation=row)
            messages.success(
                request, "The evaluation is being stopped." if row.is_open else "The evaluation is stopped."
            )
        except Conflict as problem:
            messages.info(request, problem.detail)
        return redirect("agents:evaluation", key=key, evaluation=evaluation)


@dataclass
class CaseForm:
    """A case while it is entered."""

    name: str = ""
    note: str = ""
    input: str = "{}"
    facts: str = "[]"
    scores: str = "{}"
    chosen: tuple[str, ...] = ()
    """Facts that were ticked, as JSON."""
    run: str = ""
    """Number of the run that it comes from."""
    problem: Problem | None = None

    @classmethod
    def posted(cls, data: QueryDict) -> CaseForm:
        told: dict[str, Any]
        told = {name: data.get(name, "").strip() for name in ("name", "note", "input", "facts", "scores", "run")}
        return cls(**told, chosen=tuple(data.getlist("fact")))

    @classmethod
    def of(cls, case: Case, run: AgentRun | None) -> CaseForm:
        facts = [fact.model_dump(mode="json", exclude_defaults=True) for fact in case.expect]
        number = str(run.number) if run else ""
        return cls(case.name, case.note, json_text(case.input), json_text(facts), json_text(case.scores), run=number)

    def data(self) -> dict[str, Any]:
        """What `case_save` takes. Raises `InvalidInput` for what is no JSON of its kind."""
        facts = [*(json_value(each) for each in self.chosen), *_json(self.facts or "[]", "facts", list)]
        expected = {"expect": facts, "scores": _json(self.scores or "{}", "scores", dict), "note": self.note}
        return {"name": self.name, "data": _json(self.input or "{}", "input", dict), "expected": expected}

    def error(self, name: str) -> str:
        """What is wrong with a field: the first issue of it or of something in it."""
        issues = self.problem.issues if self.problem else []
        of = {"facts": "expect"}.get(name, name)
        found = [each for each in issues if each.path.partition(".")[0] in {name, of}]
        return " ".join(f"{each.path}: {each.message}" if "." in each.path else each.message for each in found[:3])


def _json(text: str, place: str, kind: type[Any]) -> Any:
    try:
        found = json_value(text)
    except InvalidInput as problem:
        issues = [Issue(path=place, message=problem.detail)]
        raise InvalidInput("The case cannot be kept; nothing was stored.", issues=issues) from problem
    if not isinstance(found, kind):
        told = "Write a JSON list." if kind is list else "Write a JSON object."
        raise InvalidInput("The case cannot be kept; nothing was stored.", issues=[Issue(path=place, message=told)])
    return found


class CaseNew(ConsoleView):
    """A case of the tenant's own: by hand, or kept from a run with facts to choose from."""

    permission = AGENTS_CONFIGURE

    def get(self, request: HttpRequest, key: str) -> HttpResponse:
        agent = selectors.agent_get(who=self.who, key=key)
        form = CaseForm(run=request.GET.get("run", ""), input=request.GET.get("input", "{}"))
        run = self._run(agent, form.run)
        if run is not None:
            form.input = json_text(run.input)
            form.name = f"{run.ref}: {run.headline or run.source}"[:100]
        return self._show(agent, form, run)

    def post(self, request: HttpRequest, key: str) -> HttpResponse:
        agent = selectors.agent_get(who=self.who, key=key)
        form = CaseForm.posted(request.POST)
        run = self._run(agent, form.run)
        try:
            row = keeping.case_save(who=self.who, user=self.user, agent=agent, run=run, **form.data())
        except Problem as problem:
            form.problem = problem
            return self._show(agent, form, run)
        messages.success(request, f"The case “{row.name}” is kept. The next evaluation judges it too.")
        return redirect("agents:evaluations", key=key)

    def _run(self, agent: AnyAgent, number: str) -> AgentRun | None:
        """The run that a case comes from; None where there is none of this agent and number."""
        if not number.isdecimal() or len(number) > 17:
            return None
        run = selectors.run_get(who=self.who, number=int(number), with_result=True)
        return run if run.agent_key == agent.key else None

    def _show(self, agent: AnyAgent, form: CaseForm, run: AgentRun | None) -> HttpResponse:
        self.page_title = f"New case of {agent.title}"
        context = {"agent": agent, "form": form, "run": run, "offered": facts_suggested(agent, run) if run else []}
        return self.page("agents/case.html", context, status=form.problem.status if form.problem else 200)


class CaseOne(ConsoleView):
    """A case that the tenant keeps, to be changed."""

    permission = {"GET": RUNS_VIEW, "POST": AGENTS_CONFIGURE}

    def get(self, request: HttpRequest, key: str, case: UUID) -> HttpResponse:
        agent = selectors.agent_get(who=self.who, key=key)
        row = keeping.case_get(who=self.who, agent=agent, id=case)
        return self._show(agent, row, CaseForm.of(keeping.case_of(row), row.run))

    def post(self, request: HttpRequest, key: str, case: UUID) -> HttpResponse:
        agent = selectors.agent_get(who=self.who, key=key)
        row, form = keeping.case_get(who=self.who, agent=agent, id=case), CaseForm.posted(request.POST)
        try:
            keeping.case_save(who=self.who, user=self.user, agent=agent, row=row, **form.data())
        except Problem as problem:
            form.problem = problem
            return self._show(agent, row, form)
        messages.success(request, f"The case “{row.name}” is changed.")
        return redirect("agents:evaluations", key=key)

    def _show(self, agent: AnyAgent, row: AgentCase, form: CaseForm) -> HttpResponse:
        self.page_title = f"Case of {agent.title}"
        context = {
            "agent": agent,
            "row": row,
            "form": form,
            "run": row.run,
            "can_configure": self.who.can(AGENTS_CONFIGURE),
        }
        return self.page("agents/case.html", context, status=form.problem.status if form.problem else 200)


class CaseDelete(ConsoleView):
    """Delete a case, and show what it said, with a button that brings it back."""

    permission = {"POST": AGENTS_CONFIGURE}

    def post(self, request: HttpRequest, key: str, case: UUID) -> HttpResponse:
        agent = selectors.agent_get(who=self.who, key=key)
        gone = keeping.case_delete(who=self.who, agent=agent, id=case)
        self.page_title = f"Case of {agent.title} deleted"
        form = CaseForm.of(keeping.case_of(gone), gone.run)
        return self.page("agents/case_deleted.html", {"agent": agent, "form": form})
