"""Console pages of what workflows did outside: a list, its export, and what a person says of many unknown calls."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse

from apps.agents.downloads import sheet_download
from apps.agents.pulse import PERIODS
from apps.audit.services import Subject
from apps.common.errors import InvalidInput, NotFound, Problem
from apps.console.views import ConsoleView
from apps.workflows import calls, effects, reading, selectors
from apps.workflows.auditing import download_note
from apps.workflows.effects import KINDS, STATES, EffectFilter
from apps.workflows.permissions import WORKFLOWS_RUN, WORKFLOWS_VIEW
from apps.workflows.views.run_lists import run_filter

OUTCOMES = {"happened": "carried out", "fail": "not carried out"}


class EffectList(ConsoleView):
    """The effects as filtered, those first whose outcome nobody knows."""

    permission = WORKFLOWS_VIEW
    page_title = "Effects"

    def get(self, request: HttpRequest) -> HttpResponse:
        narrow, number = effect_filter(request.GET), request.GET.get("page", "")
        since = request.GET.get("since", "")
        page = effects.effects_page(
            who=self.who, narrow=narrow, page=int(number) if number.isdecimal() and len(number) < 7 else 1
        )
        context = {
            "page": page,
            "narrow": narrow,
            "states": [(key, word, page.counts[key]) for key, word in STATES.items()],
            "kinds": KINDS.items(),
            "workflows": reading.workflows_named(who=self.who),
            "periods": PERIODS.values(),
            "since": since,
            "since_day": narrow.since if since not in PERIODS else None,
            "can_settle": self.who.can(WORKFLOWS_RUN) and any(each.state == "unknown" for each in page.effects),
        }
        return self.page("workflows/effect_list.html", context)


class EffectExport(ConsoleView):
    """The effects as CSV, as filtered."""

    permission = WORKFLOWS_VIEW

    def get(self, request: HttpRequest) -> HttpResponse:
        sheet = effects.effects_export(who=self.who, narrow=effect_filter(request.GET))
        subject = Subject("workflows.workflowrun", "", "runs of workflows")
        download_note(who=self.who, subject=subject, what="a list of effects", rows=len(sheet.rows))
        return sheet_download(sheet, "csv", name="effects")


class EffectSettle(ConsoleView):
    """Say the same of each of the chosen calls whose outcome nobody knows."""

    permission = WORKFLOWS_RUN

    def post(self, request: HttpRequest) -> HttpResponse:
        outcome, note = request.POST.get("outcome", ""), request.POST.get("note", "")
        try:
            messages.success(request, self._settle(outcome, note, _uuids(request.POST)))
        except NotFound:
            raise
        except Problem as problem:
            said = " ".join([problem.detail, *(issue.message for issue in problem.issues)])
            messages.error(request, said)
        back = QueryDict(request.POST.get("back", "").removeprefix("?"))
        return redirect(f"{reverse('workflows:effects')}?{back.urlencode()}")

    def _settle(self, outcome: str, note: str, ids: list[UUID]) -> str:
        if outcome not in OUTCOMES or not ids:
            raise InvalidInput("Nothing was changed: tick calls, and say what became of them.")
        found = list(selectors.calls_query(who=self.who).filter(pk__in=ids))
        if len(found) < len(set(ids)):
            raise NotFound("Not all of these calls are here; nothing was changed.", remedy="Choose them anew.")
        told = calls.calls_settle(who=self.who, user=self.user, calls=found, happened=outcome == "happened", note=note)
        settled = sum(each == "settled" for each in told.values())
        known = len(told) - settled
        said = f"{settled} call{'' if settled == 1 else 's'} {'was' if settled == 1 else 'were'} {OUTCOMES[outcome]}"
        return f"{said}; of {known} that was known." if known else f"{said}. Their runs go on with that."


class CallList(ConsoleView):
    """Where calls were listed before they were effects among others."""

    permission = WORKFLOWS_VIEW

    def get(self, request: HttpRequest) -> HttpResponse:
        query = request.GET.copy()
        query["state"] = (query.pop("status", None) or [""])[-1]
        return redirect(f"{reverse('workflows:effects')}?{query.urlencode()}")


def effect_filter(query: QueryDict) -> EffectFilter:
    """The filter in a query string; values that make no sense do not narrow."""
    times = run_filter(query)
    state, kind = query.get("state", ""), query.get("kind", "")
    return EffectFilter(
        state=state if state in STATES else "",
        kind=kind if kind in KINDS else "",
        workflow=times.workflow,
        search=times.search,
        since=times.since,
        before=times.before,
    )


def _uuids(query: QueryDict) -> list[UUID]:
    found = []
    for text in query.getlist("call")[: effects.PAGE]:
        try:
            found.append(UUID(text))
        except ValueError:
            continue
    return found
