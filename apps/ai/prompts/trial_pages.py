"""Console pages of trials: two wordings or models side by side on the same cases."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.shortcuts import redirect

from apps.ai.budgets.words import money
from apps.ai.models import PromptAnswer, PromptTrial
from apps.ai.permissions import MODELS_USE, MODELS_VIEW, PROMPTS_EDIT
from apps.ai.prompts import selectors, services, trials
from apps.ai.prompts.pages import choices_of
from apps.ai.prompts.selectors import Standing
from apps.ai.setup.selectors import models_query
from apps.common.errors import InvalidInput, Issue, NotFound, Problem
from apps.console.views import ConsoleView

SHOWN = 20
"""Trials that a prompt's page lists."""


class TrialList(ConsoleView):
    """The trials of a prompt, its cases, and the form that starts another one."""

    permission = {"GET": MODELS_VIEW, "POST": PROMPTS_EDIT}

    def get(self, request: HttpRequest, prompt: str) -> HttpResponse:
        return self._show(selectors.prompt_get(who=self.who, key=prompt), request.GET)

    def post(self, request: HttpRequest, prompt: str) -> HttpResponse:
        standing = selectors.prompt_get(who=self.who, key=prompt)
        try:
            sides = [_side(request.POST, number) for number in (1, 2)]
            made = trials.trial_start(
                who=self.who, user=self.user, standing=standing, sides=sides, cases=request.POST.getlist("case")
            )
        except Problem as problem:
            return self._show(standing, request.POST, problem)
        return redirect("ai:trial", prompt=prompt, trial=made.pk)

    def _show(self, standing: Standing, entered: QueryDict, problem: Problem | None = None) -> HttpResponse:
        spec = standing.spec
        self.page_title = f"Trials of {spec.title}"
        choices = choices_of(standing, list(selectors.versions_query(who=self.who, spec=spec)))
        kept = selectors.cases_of(who=self.who, spec=spec)
        keys = list(choices)
        chosen = {
            "words_1": entered.get("words_1", keys[-1]),
            "words_2": entered.get("words_2", keys[0]),
            "model_1": entered.get("model_1", ""),
            "model_2": entered.get("model_2", ""),
            "cases": entered.getlist("case") or [each.key for each in kept],
        }
        context = {
            "spec": spec,
            "choices": choices,
            "models": [model for model in models_query(who=self.who) if model.is_enabled],
            "kept": kept,
            "chosen": chosen,
            "trials": [Shown.of(row) for row in trials.trials_query(who=self.who, spec=spec)[:SHOWN]],
            "problem": problem,
            "can_edit": self.who.can(PROMPTS_EDIT),
            "can_start": self.who.can(PROMPTS_EDIT) and self.who.can(MODELS_USE),
        }
        return self.page("ai/prompts/trial_list.html", context, status=problem.status if problem else 200)


class CaseKeep(ConsoleView):
    """Keep values of the variables as a case."""

    permission = {"POST": PROMPTS_EDIT}

    def post(self, request: HttpRequest, prompt: str) -> HttpResponse:
        spec = selectors.prompt_get(who=self.who, key=prompt).spec
        values = {each.name: request.POST.get(f"value.{each.name}", "") for each in spec.variables}
        try:
            case = services.case_save(
                who=self.who, user=self.user, spec=spec, title=request.POST.get("title", ""), values=values
            )
            messages.success(request, f"The case {case.title} is kept.")
        except Problem as problem:
            told = " ".join(issue.message for issue in problem.issues)
            messages.error(request, f"{problem.detail} {told}".strip())
        return redirect("ai:trials", prompt=prompt)


class CaseDelete(ConsoleView):
    permission = {"POST": PROMPTS_EDIT}

    def post(self, request: HttpRequest, prompt: str, case: UUID) -> HttpResponse:
        spec = selectors.prompt_get(who=self.who, key=prompt).spec
        services.case_delete(who=self.who, spec=spec, id=case)
        messages.success(request, "The case is deleted. Trials that had it keep it.")
        return redirect("ai:trials", prompt=prompt)


@dataclass
class Cell:
    """An answer as it is shown."""

    text: str
    problem: str
    row: PromptAnswer

    @property
    def cost(self) -> str:
        return money(self.row.money, self.row.currency)


@dataclass
class Pair:
    """A case with what both sides answered so far."""

    position: int
    case: trials.Asked
    cells: list[Cell | None]
    mark: str


@dataclass
class Shown:
    """A trial as it is listed."""

    row: PromptTrial
    sides: list[trials.Side]
    tally: dict[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, row: PromptTrial) -> Shown:
        marks = list(row.marks.values())
        return cls(row, trials.sides_of(row), {key: marks.count(key) for key in trials.MARKS if key in marks})

    @property
    def told(self) -> str:
        """The marks, in words."""
        return ", ".join(f"{trials.MARKS[key].lower()} {number}×" for key, number in self.tally.items())


class TrialPage(ConsoleView):
    """One trial: the answers of both sides next to each other, with what they cost and took."""

    permission = MODELS_VIEW

    def get(self, request: HttpRequest, prompt: str, trial: UUID) -> HttpResponse:
        spec = selectors.prompt_get(who=self.who, key=prompt).spec
        row = trials.trial_get(who=self.who, spec=spec, id=trial)
        self.page_title = f"Trial of {spec.title}"
        answers = list(row.answers.all())
        context = {
            "spec": spec,
            "shown": Shown.of(row),
            "row": row,
            "pairs": _pairs(row, answers),
            "totals": [_total([each for each in answers if each.side == side]) for side in (0, 1)],
            "marks": trials.MARKS,
            "can_edit": self.who.can(PROMPTS_EDIT),
        }
        return self.page("ai/prompts/trial.html", context)


class TrialSnapshot(ConsoleView):
    """How far a trial is, for its page."""

    permission = MODELS_VIEW

    def get(self, request: HttpRequest, prompt: str, trial: UUID) -> HttpResponse:
        spec = selectors.prompt_get(who=self.who, key=prompt).spec
        row = trials.trial_get(who=self.who, spec=spec, id=trial)
        told = {"status": row.status, "done": row.done, "total": row.total, "percent": row.percent}
        return JsonResponse({"trial": str(row.pk), **told, "is_open": row.is_open})


class TrialStop(ConsoleView):
    permission = {"POST": PROMPTS_EDIT}

    def post(self, request: HttpRequest, prompt: str, trial: UUID) -> HttpResponse:
        spec = selectors.prompt_get(who=self.who, key=prompt).spec
        row = trials.trial_get(who=self.who, spec=spec, id=trial)
        try:
            trials.trial_stop(who=self.who, trial=row)
            messages.success(request, "The trial is being stopped.")
        except Problem as problem:
            messages.info(request, problem.detail)
        return redirect("ai:trial", prompt=prompt, trial=trial)


class TrialMark(ConsoleView):
    """Say which side is better in a case."""

    permission = {"POST": PROMPTS_EDIT}

    def post(self, request: HttpRequest, prompt: str, trial: UUID) -> HttpResponse:
        spec = selectors.prompt_get(who=self.who, key=prompt).spec
        row = trials.trial_get(who=self.who, spec=spec, id=trial)
        position, _, mark = request.POST.get("mark", "").partition(" ")
        if not position.isdecimal() or len(position) > 4 or mark not in {*trials.MARKS, ""}:
            raise InvalidInput("Nothing was marked.", issues=[Issue(path="mark", message="Use the buttons.")])
        trials.trial_mark(who=self.who, trial=row, position=int(position), mark=mark)  # type: ignore[arg-type]
        response = redirect("ai:trial", prompt=prompt, trial=trial)
        response["Location"] += f"#case-{position}"
        return response


def _pairs(row: PromptTrial, answers: list[PromptAnswer]) -> list[Pair]:
    cells: dict[tuple[int, int], Cell] = {}
    for answer in answers:
        told = trials.Answered.model_validate(answer.answered)
        cells[answer.position, answer.side] = Cell(told.text, told.problem, answer)
    return [
        Pair(at, case, [cells.get((at, side)) for side in (0, 1)], row.marks.get(str(at), ""))
        for at, case in enumerate(trials.asked_of(row))
    ]


def _total(answers: list[PromptAnswer]) -> dict[str, Any] | None:
    """What one side used up in all."""
    if not answers:
        return None
    return {
        "tokens_input": sum(each.tokens_input for each in answers),
        "tokens_output": sum(each.tokens_output for each in answers),
        "money": money(sum((each.money for each in answers), answers[0].money * 0), answers[0].currency),
        "seconds": sum(each.ms for each in answers) / 1000 / len(answers),
    }


def _side(data: QueryDict, number: int) -> tuple[str, UUID]:
    try:
        return data.get(f"words_{number}", ""), UUID(data.get(f"model_{number}", ""))
    except ValueError:
        raise NotFound("There is no such model here.", remedy="Choose one of the list.") from None
