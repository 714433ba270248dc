"""Console pages of replays: what would have been different, in sum and run by run."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect

from apps.agents.downloads import sheet_download
from apps.ai.budgets.selectors import currency_now
from apps.common.errors import Conflict, Problem
from apps.common.permissions import Principal
from apps.common.widgets import Sheet
from apps.console.views import ConsoleView
from apps.workflows import auditing, selectors
from apps.workflows.models import Replay, Workflow
from apps.workflows.permissions import WORKFLOWS_EDIT, WORKFLOWS_VIEW
from apps.workflows.replaying import selectors as replays
from apps.workflows.replaying.forms import ENDS, ORIGINS, ReplayForm
from apps.workflows.replaying.services import MOST, asked_of, replay_cancel, replay_start, summary_of
from apps.workflows.replaying.showing import VERDICTS, figures_of, shown_of

PAGE: Final = 30
LATEST: Final = 10
"""Replays that are listed below the form."""


class ReplayNew(ConsoleView):
    """Which runs, and through which definition; and the replays that there are."""

    permission = {"GET": WORKFLOWS_VIEW, "POST": WORKFLOWS_EDIT}

    def get(self, request: HttpRequest, name: str) -> HttpResponse:
        return self._show(selectors.workflow_get(who=self.who, name=name), request.GET.dict())

    def post(self, request: HttpRequest, name: str) -> HttpResponse:
        workflow, values = selectors.workflow_get(who=self.who, name=name), request.POST.dict()
        form = ReplayForm(replays.choices_of(who=self.who, user=self.user, workflow=workflow), values)
        try:
            asked = form.asked()
            definition, words = replays.choice_definition(
                who=self.who, user=self.user, workflow=workflow, key=form.against
            )
            asked.against = words
            made = replay_start(who=self.who, user=self.user, workflow=workflow, definition=definition, asked=asked)
        except Problem as problem:
            return self._show(workflow, values, problem)
        return redirect("workflows:replay", id=made.pk)

    def _show(self, workflow: Workflow, values: dict[str, str], problem: Problem | None = None) -> HttpResponse:
        self.page_title = f"What if: {workflow.title}"
        can_edit = self.who.can(WORKFLOWS_EDIT)
        choices = replays.choices_of(who=self.who, user=self.user, workflow=workflow) if can_edit else []
        former = replays.replays_query(who=self.who, workflow=workflow)[:LATEST]
        context = {
            "workflow": workflow,
            "form": ReplayForm(choices, values, problem),
            "ends": ENDS,
            "origins": ORIGINS,
            "most": MOST,
            "currency": currency_now(),
            "former": [{"replay": each, "asked": asked_of(each), "summary": summary_of(each)} for each in former],
            "can_edit": can_edit,
        }
        return self.page("workflows/replays/new.html", context, status=problem.status if problem else 200)


class ReplayPage(ConsoleView):
    """The sums of a replay, and its runs by what became of them."""

    permission = WORKFLOWS_VIEW

    def get(self, request: HttpRequest, id: UUID) -> HttpResponse:
        replay = replays.replay_get(who=self.who, id=id)
        self.page_title = f"What if: {replay.workflow.title}"
        verdict = request.GET.get("verdict", "")
        verdict = verdict if verdict in dict(VERDICTS) else ""
        number = request.GET.get("page", "")
        page = max(1, int(number)) if number.isdecimal() and len(number) < 6 else 1
        rows = replays.replay_runs_query(who=self.who, replay=replay, verdict=verdict)
        found = list(rows[(page - 1) * PAGE : page * PAGE + 1])
        context = {
            "replay": replay,
            "workflow": replay.workflow,
            "is_open": replay.status == Replay.Status.RUNNING,
            "rows": shown_of(found[:PAGE]),
            "page": page,
            "more": len(found) > PAGE,
            "verdict": verdict,
            "verdicts": VERDICTS,
            "currency": currency_now(),
            "can_edit": self.who.can(WORKFLOWS_EDIT),
            **figures_of(replay),
        }
        return self.page("workflows/replays/replay.html", context)


class ReplaySnapshot(ConsoleView):
    """How far a replay is: what its page asks for again and again while it is open. One statement."""

    permission = WORKFLOWS_VIEW

    def get(self, request: HttpRequest, id: UUID) -> HttpResponse:
        replay = replays.replay_get(who=self.who, id=id)
        percent = round(100 * replay.done / replay.total) if replay.total else 100
        return JsonResponse({"status": replay.status, "done": replay.done, "percent": percent})


class ReplayCancel(ConsoleView):
    permission = {"POST": WORKFLOWS_EDIT}

    def post(self, request: HttpRequest, id: UUID) -> HttpResponse:
        replay = replays.replay_get(who=self.who, id=id)
        try:
            replay_cancel(who=self.who, replay=replay)
            messages.success(request, "Cancelled. What it had come to is kept.")
        except Conflict as problem:
            messages.info(request, problem.detail)
        return redirect("workflows:replay", id=id)


class ReplayExport(ConsoleView):
    """Every run of a replay with what is told of it, as CSV."""

    permission = WORKFLOWS_VIEW

    def get(self, request: HttpRequest, id: UUID) -> HttpResponse:
        replay = replays.replay_get(who=self.who, id=id)
        sheet = replay_sheet(who=self.who, replay=replay)
        subject = auditing.workflow_subject(replay.workflow)
        auditing.download_note(who=self.who, subject=subject, what="the runs of a replay", replay=replay.pk)
        return sheet_download(sheet, "csv", name=f"{replay.workflow.name}-{sheet.name}")


COLUMNS: Final = (
    *("run", "verdict", "ended", "would end", "approvals", "would ask", "calls", "would call"),
    *("seconds", "would take", "cost", "would cost", "what changes", "what cannot be told"),
)


def replay_sheet(*, who: Principal, replay: Replay) -> Sheet:
    """The runs of a replay as a table."""
    rows = []
    for shown in shown_of(list(replays.replay_runs_query(who=who, replay=replay))):
        before, after = shown.told.before, shown.told.after
        pairs = [
            (shown.before, shown.after),
            (before.approvals, after.approvals),
            (before.calls, after.calls),
            (before.took, after.took),
            (_cell(before.cost), _cell(after.cost)),
        ]
        words = (" ".join(shown.told.sentences), " ".join(shown.told.why))
        rows.append([shown.row.run.ref, shown.row.verdict, *(each for pair in pairs for each in pair), *words])
    return Sheet(name="replay", columns=list(COLUMNS), rows=rows)


def _cell(cost: object) -> str | None:
    return None if cost is None else str(cost)
