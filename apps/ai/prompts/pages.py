"""Console pages of prompts: the list, the editor with its versions, and what differs between two of them."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from apps.ai.models import PromptVersion
from apps.ai.permissions import MODELS_VIEW, PROMPTS_EDIT
from apps.ai.prompts import selectors, services
from apps.ai.prompts.comparing import differences, side_by_side
from apps.ai.prompts.schemas import Words
from apps.ai.prompts.selectors import BUILT_IN, DRAFT, Standing
from apps.ai.prompts.wording import LONGEST, Wording
from apps.common.errors import Problem
from apps.console.views import ConsoleView


class PromptList(ConsoleView):
    permission = MODELS_VIEW
    page_title = "Prompts"

    def get(self, request: HttpRequest) -> HttpResponse:
        return self.page("ai/prompts/list.html", {"prompts": selectors.prompts_list(who=self.who)})


@dataclass(frozen=True)
class Listed:
    """A version with what it changed, in words."""

    row: PromptVersion
    changes: list[str]
    is_current: bool


class PromptPage(ConsoleView):
    """A prompt's words: what holds, the draft in an editor, and how it came about."""

    permission = {"GET": MODELS_VIEW, "POST": PROMPTS_EDIT}

    def get(self, request: HttpRequest, prompt: str) -> HttpResponse:
        standing = selectors.prompt_get(who=self.who, key=prompt)
        return self._show(standing, _editable(standing))

    def post(self, request: HttpRequest, prompt: str) -> HttpResponse:
        entered = Words.model_construct(
            system=_lines(request.POST.get("system", "")), user=_lines(request.POST.get("user", ""))
        )
        seen = request.POST.get("seen", "")
        try:
            number = int(seen) if seen.isdecimal() and len(seen) < 10 else None
            saved = services.draft_save(who=self.who, user=self.user, key=prompt, words=entered, seen=number)
            if request.POST.get("do") == "publish":
                made = services.draft_publish(
                    who=self.who,
                    user=self.user,
                    key=prompt,
                    note=request.POST.get("note", ""),
                    seen=saved.seq,  # what was entered here, and not what somebody else has just kept
                )
                messages.success(request, f"Version {made.number} is published: it holds from the next call on.")
            else:
                messages.success(request, "The draft is kept. It holds for nobody until it is published.")
        except Problem as problem:
            standing = selectors.prompt_get(who=self.who, key=prompt)
            return self._show(standing, entered, problem, note=request.POST.get("note", ""))
        return redirect("ai:prompt", prompt=prompt)

    def _show(self, standing: Standing, entered: Words, problem: Problem | None = None, note: str = "") -> HttpResponse:
        spec = standing.spec
        self.page_title = spec.title
        rows = list(selectors.versions_query(who=self.who, spec=spec))
        context = {
            "standing": standing,
            "spec": spec,
            "wording": standing.wording,
            "entered": entered,
            "used": Wording(spec.key, DRAFT, entered.system, entered.user).fields,
            "versions": _listed(standing, rows),
            "problem": problem,
            "issues": {issue.path: issue.message for issue in reversed(problem.issues)} if problem else {},
            "note": note,
            "longest": LONGEST,
            "can_edit": self.who.can(PROMPTS_EDIT),
        }
        return self.page("ai/prompts/prompt.html", context, status=problem.status if problem else 200)


class PromptDiscard(ConsoleView):
    permission = {"POST": PROMPTS_EDIT}

    def post(self, request: HttpRequest, prompt: str) -> HttpResponse:
        return _done(self, prompt, lambda: services.draft_discard(who=self.who, key=prompt), "The draft is given up.")


class PromptRestore(ConsoleView):
    """Go back to an earlier version, or with ``built-in`` to the program's own words."""

    permission = {"POST": PROMPTS_EDIT}

    def post(self, request: HttpRequest, prompt: str) -> HttpResponse:
        which = request.POST.get("version", "")
        number = None if which == BUILT_IN else int(which) if which.isdecimal() and len(which) < 10 else 0
        told = "The program's own words hold again." if number is None else f"What version {which} said holds again."
        return _done(
            self,
            prompt,
            lambda: services.prompt_restore(who=self.who, user=self.user, key=prompt, number=number),
            told,
        )


class PromptCompare(ConsoleView):
    """Two wordings of a prompt: what differs in words, and line beside line."""

    permission = MODELS_VIEW

    def get(self, request: HttpRequest, prompt: str) -> HttpResponse:
        standing = selectors.prompt_get(who=self.who, key=prompt)
        spec = standing.spec
        choices = choices_of(standing, list(selectors.versions_query(who=self.who, spec=spec)))
        newest = [key for key in choices if key != BUILT_IN]
        which = {
            "before": request.GET.get("before", BUILT_IN),
            "after": request.GET.get("after", newest[0] if newest else BUILT_IN),
        }
        before, after = (
            selectors.wording_get(who=self.who, standing=standing, which=which[side]) for side in ("before", "after")
        )
        self.page_title = f"Compare {spec.title}"
        context = {
            "spec": spec,
            "choices": choices,
            "which": which,
            "titles": {side: choices.get(key, key) for side, key in which.items()},
            "told": differences(before, after),
            "parts": side_by_side(before, after),
        }
        return self.page("ai/prompts/compare.html", context)


def choices_of(standing: Standing, rows: list[PromptVersion]) -> dict[str, str]:
    """The wordings of a prompt by what they are called, with titles: the draft, versions newest first, built in."""
    held = standing.published.number if standing.published else None
    found: dict[str, str] = {DRAFT: "Draft"} if standing.draft else {}
    for row in rows:
        found[str(row.number)] = f"Version {row.number}{' (holds now)' if row.number == held else ''}"
    return {**found, BUILT_IN: f"Built in{'' if held else ' (holds now)'}"}


def _editable(standing: Standing) -> Words:
    """What the editor begins with: the draft, else what was published, else the program's own words."""
    row = standing.draft or standing.published
    if row is not None:
        return selectors.words_of(row)
    return Words.model_construct(system=standing.spec.built_in.system, user=standing.spec.built_in.user)


def _listed(standing: Standing, rows: list[PromptVersion]) -> list[Listed]:
    spec, found = standing.spec, []
    for row, before in zip_longest(rows, rows[1:]):
        held = standing.published is not None and row.pk == standing.published.pk
        found.append(
            Listed(row, differences(_plain(spec, before) if before else spec.built_in, _plain(spec, row)), held)
        )
    return found


def _plain(spec: Any, row: PromptVersion) -> Wording:
    words = selectors.words_of(row)
    return Wording(spec.key, str(row.number), words.system, words.user, spec.variables)


def _lines(text: str) -> str:
    """Text of a browser, whose lines end as HTTP has it."""
    return text.replace("\r\n", "\n").replace("\r", "\n").strip()


def _done(view: ConsoleView, prompt: str, act: Any, told: str) -> HttpResponse:
    try:
        act()
        messages.success(view.request, told)
    except Problem as problem:
        messages.error(view.request, f"{problem.detail} {problem.remedy}".strip())
    return redirect("ai:prompt", prompt=prompt)
