"""Console pages of the list of workflow runs."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_date

from apps.agents.downloads import sheet_download
from apps.agents.pulse import PERIODS
from apps.audit.services import Subject
from apps.common.errors import InvalidInput, NotFound
from apps.console.views import ConsoleView
from apps.workflows import bulk, live, moving, reading, selectors, services
from apps.workflows.auditing import download_note
from apps.workflows.causes import cause_line
from apps.workflows.models import WorkflowRun
from apps.workflows.permissions import WORKFLOWS_RUN, WORKFLOWS_VIEW

STATES = [("open", "Not ended yet"), *WorkflowRun.Status.choices]
ACTIONS = {
    "cancel": "cancelled",
    "retry": "taken up again",
    "requeue": "requeued",
    "move": "moved to the newest version",
}


class WorkflowRunList(ConsoleView):
    """The runs as filtered, a page at a time; with `run=<id>`, repeated, just those, for a page that shows them."""

    permission = WORKFLOWS_VIEW
    page_title = "Workflow runs"

    def get(self, request: HttpRequest) -> HttpResponse:
        narrow, ids = run_filter(request.GET), uuids(request.GET)
        page = reading.runs_page(
            who=self.who, narrow=narrow, before=_uuid(request.GET.get("before", "")), ids=ids or None
        )
        since = request.GET.get("since", "")
        context: dict[str, Any] = {
            "rows": [{"run": run, "cause": cause_line(run)} for run in page.runs],
            "older": page.older,
            "narrow": narrow,
            "first_url": self._first_url(),
            "newest": reading.newest_run(who=self.who),
            "statuses": STATES,
            "workflows": reading.workflows_named(who=self.who),
            "periods": PERIODS.values(),
            "since": since,
            "since_day": narrow.since if since not in PERIODS else None,
            "can_run": self.who.can(WORKFLOWS_RUN),
        }
        return self.page("workflows/run_list.html", context)

    def _first_url(self) -> str:
        """The first page of what is listed: where runs that are new show up."""
        query = self.request.GET.copy()
        query.pop("before", None)
        return f"?{query.urlencode()}"


class WorkflowRunListExport(ConsoleView):
    """The list of runs as CSV, as filtered; at most 10,000 rows."""

    permission = WORKFLOWS_VIEW

    def get(self, request: HttpRequest) -> HttpResponse:
        runs = reading.runs_page(who=self.who, narrow=run_filter(request.GET), size=10_000).runs
        subject = Subject("workflows.workflowrun", "", "runs of workflows")
        download_note(who=self.who, subject=subject, what="a list of runs", rows=len(runs))
        return sheet_download(reading.runs_sheet(runs), "csv", name="workflow-runs")


class WorkflowRunListSnapshot(ConsoleView):
    """What a list of runs reads after a gap, or when it polls: the runs that it shows (`run=<id>`, repeated) as they
    are now, those that are open, and the newest."""

    permission = WORKFLOWS_VIEW

    def get(self, request: HttpRequest) -> HttpResponse:
        runs = reading.runs_now(who=self.who, ids=uuids(request.GET))
        return JsonResponse({"events": [live.event(run) for run in runs]})


class WorkflowRunBulk(ConsoleView):
    """Do the same with each of the chosen runs, as by itself, and tell how many it was done with."""

    permission = WORKFLOWS_RUN

    def post(self, request: HttpRequest) -> HttpResponse:
        action, ids = request.POST.get("action", ""), uuids(request.POST)
        if action not in ACTIONS:
            raise InvalidInput("Nothing was done: choose what is to be done with the runs.")
        if not ids:
            messages.info(request, "No run was chosen; nothing was changed.")
        else:
            runs = list(selectors.runs_by_id(who=self.who, ids=ids).values())
            if len(runs) < len(set(ids)):
                raise NotFound("Not all of these runs are here; nothing was changed.", remedy="Choose them anew.")
            messages.success(request, self._done(action, runs))
        back = QueryDict(request.POST.get("back", "").removeprefix("?"))
        return redirect(f"{reverse('workflows:runs')}?{back.urlencode()}")

    def _done(self, action: str, runs: list[WorkflowRun]) -> str:
        if action == "cancel":
            became = services.runs_cancel(who=self.who, runs=runs).values()
            done = [told == "cancelling" for told in became]
            why = "had ended, or are being undone already" if "undoing" in became else "had ended before"
        elif action == "requeue":
            done = [told == "requeued" for told in bulk.runs_requeue(who=self.who, runs=runs).values()]
            why = "had not been given up"
        elif action == "move":
            done = [isinstance(told, WorkflowRun) for told in moving.runs_move(who=self.who, runs=runs).values()]
            why = "could not be moved: their pages say why"
        else:
            outcomes = bulk.runs_retry(who=self.who, user=self.user, runs=runs)
            done = [isinstance(told, WorkflowRun) for told in outcomes.values()]
            why = "had not failed, or go on as others" if "moved" in outcomes.values() else "had not failed"
        count, rest = sum(done), len(done) - sum(done)
        said = f"{count} run{'' if count == 1 else 's'} {'is' if count == 1 else 'are'} {ACTIONS[action]}"
        return f"{said}; {rest} {why}." if rest else f"{said}."


def run_filter(query: QueryDict) -> selectors.RunFilter:
    """The filter in a query string; values that make no sense do not narrow."""
    status, text = query.get("status", ""), query.get("since", "")
    return selectors.RunFilter(
        status=status if status in dict(STATES) else "",
        workflow=query.get("workflow", "")[:60].replace("\0", ""),
        search=query.get("q", "")[:100].replace("\0", ""),
        since=PERIODS[text].since() if text in PERIODS else _midnight(text),
        before=_midnight(query.get("until", "")),
    )


def uuids(query: QueryDict) -> list[UUID]:
    """The ids of runs in a form or a query string; what is none is left out."""
    return [id for id in map(_uuid_or_none, query.getlist("run")[: reading.PAGE]) if id]


def _midnight(text: str) -> datetime | None:
    try:
        day = parse_date(text)
    except ValueError:  # well formed, as 2026-02-31 is, and no day
        day = None
    return timezone.make_aware(datetime.combine(day, datetime.min.time())) if day and day.year > 1 else None


def _uuid_or_none(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _uuid(text: str) -> UUID | None:
    if not text:
        return None
    found = _uuid_or_none(text)
    if found is None:
        raise Http404("no such page of runs")
    return found
