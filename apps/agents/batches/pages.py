"""Console pages of batches: the file and what its columns mean, the list of batches, one of them."""

from __future__ import annotations

from typing import Any, Literal

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse

from apps.agents import auditing, selectors
from apps.agents.batches import selectors as batches
from apps.agents.batches import services
from apps.agents.batches.forms import BatchForm
from apps.agents.batches.sheets import batch_sheet
from apps.agents.downloads import download_note, sheet_download
from apps.agents.finding import agent_shown
from apps.agents.models import AgentBatch, AgentRun
from apps.agents.permissions import AGENTS_RUN, RUNS_CANCEL, RUNS_VIEW
from apps.common.errors import Conflict, InvalidInput, Issue, Problem
from apps.console.views import ConsoleView
from apps.datasets import selectors as datasets
from apps.datasets.permissions import DATASETS_UPLOAD
from apps.datasets.services import dataset_upload
from apps.tenants.context import current_tenant

STATES = [("open", "Queued or running"), *AgentRun.Status.choices]


class BatchForming(ConsoleView):
    """What the page of a new batch and the upload of its file have in common: they show the same page."""

    def show(self, form: BatchForm, status: int = 200) -> HttpResponse:
        self.page_title = f"{form.agent.title}, many runs"
        context = {
            "agent": form.agent,
            "form": form,
            "datasets": datasets.datasets_recent(who=self.who) if form.source is None else [],
            "can_upload": self.who.can(DATASETS_UPLOAD),
            "quota": current_tenant().max_upload_mb,
        }
        return self.page("agents/batch_new.html", context, status=status)


class BatchNew(BatchForming):
    """A file for an agent: chosen, its columns matched, every row looked at; then its runs are started."""

    permission = {"GET": AGENTS_RUN, "POST": AGENTS_RUN}

    def get(self, request: HttpRequest, key: str) -> HttpResponse:
        form = BatchForm(selectors.agent_get(who=self.who, key=key), request.GET.dict(), who=self.who)
        form.look()
        return self.show(form)

    def post(self, request: HttpRequest, key: str) -> HttpResponse:
        form = BatchForm(selectors.agent_get(who=self.who, key=key), request.POST.dict(), who=self.who)
        others = request.POST.get("others") == "1"
        try:
            batch = services.batch_start(
                agent=form.agent, plan=form.plan(), user=self.user, who=self.who, origin="console", others=others
            )
        except Problem as problem:
            form.look()
            form.problem = form.problem or problem
            return self.show(form, status=problem.status)
        return redirect("agents:batch", number=batch.number)


class BatchUpload(BatchForming):
    """Takes the file of a batch, keeps it as a dataset, and goes on with what its columns mean."""

    permission = {"POST": DATASETS_UPLOAD}

    def post(self, request: HttpRequest, key: str) -> HttpResponse:
        agent, file = selectors.agent_get(who=self.who, key=key), request.FILES.get("file")
        try:
            if file is None:
                issue = Issue(path="file", message="There is no file of this name in the form.")
                raise InvalidInput("No file was chosen; nothing was stored.", remedy="Choose one.", issues=[issue])
            dataset = dataset_upload(file=file, name=file.name or "", user=self.user)
        except Problem as problem:
            form = BatchForm(agent, {}, who=self.who)
            form.problem = problem
            return self.show(form, status=problem.status)
        return redirect(f"{reverse('agents:batch-new', args=[key])}?dataset={dataset.pk}")


class BatchList(ConsoleView):
    permission = RUNS_VIEW
    page_title = "Batches"

    def get(self, request: HttpRequest) -> HttpResponse:
        agent = request.GET.get("agent", "")[:100].replace("\0", "")
        number = _page(request)
        start = (number - 1) * batches.PAGE
        found = list(batches.batches_query(who=self.who, agent=agent)[start : start + batches.PAGE + 1])
        context = {
            "batches": [{"batch": each, "standing": batches.Standing.of(each)} for each in found[: batches.PAGE]],
            "agent": agent,
            "agents": selectors.agents_list(who=self.who),
            "number": number,
            "older": len(found) > batches.PAGE,
        }
        return self.page("agents/batch_list.html", context)


class BatchPage(ConsoleView):
    """One batch: how far it is, what cannot be used, and every row with what came of it."""

    permission = RUNS_VIEW

    def get(self, request: HttpRequest, number: int) -> HttpResponse:
        batch = batches.batch_get(who=self.who, number=number)
        self.page_title = f"Batch {batch.ref}"
        narrow, page = row_filter(request), _page(request)
        start = (page - 1) * batches.PAGE
        found = list(batches.rows_query(who=self.who, batch=batch, narrow=narrow)[start : start + batches.PAGE + 1])
        labels, agent = batches.labels_of(batch), agent_shown(batch.agent_key)
        context = {
            "batch": batch,
            "agent": agent,
            "standing": batches.standing_of(batch),
            "plan": batches.plan_of(batch),
            "rows": [{"run": run, "label": labels.get(run.batch_row or 0, "")} for run in found[: batches.PAGE]],
            "refused": batches.refused_of(batch),
            "narrow": narrow,
            "statuses": STATES,
            "verdicts": agent.verdicts if agent else {},
            "page": page,
            "more": len(found) > batches.PAGE,
            "can_cancel": self.who.can(RUNS_CANCEL),
            "can_run": self.who.can(AGENTS_RUN),
        }
        return self.page("agents/batch.html", context)


def row_filter(request: HttpRequest) -> batches.RowFilter:
    """The filter in a query string; values that make no sense do not narrow."""
    status = request.GET.get("status", "")
    return batches.RowFilter(
        status=status if status in dict(STATES) else "",
        verdict=request.GET.get("verdict", "")[:40].replace("\0", ""),
        search=request.GET.get("q", "")[:100].replace("\0", ""),
    )


class BatchSnapshot(ConsoleView):
    """How far a batch is: what its page asks for again and again while it is open. Two statements."""

    permission = RUNS_VIEW

    def get(self, request: HttpRequest, number: int) -> HttpResponse:
        batch = batches.batch_get(who=self.who, number=number)
        standing = batches.standing_of(batch)
        told = {"ref": batch.ref, "status": batch.status, "source": batch.source, "total": standing.total}
        counts = {name: getattr(standing, name) for name in ("ended", "percent", "failed", "open", "refused")}
        return JsonResponse(told | counts)


class BatchCancel(ConsoleView):
    permission = RUNS_CANCEL

    def post(self, request: HttpRequest, number: int) -> HttpResponse:
        batch = batches.batch_get(who=self.who, number=number)
        try:
            services.batch_cancel(batch=batch)
            messages.success(request, f"{batch.ref} is being cancelled: no further row is started, and open runs end.")
        except Conflict as problem:
            messages.info(request, problem.detail)
        return redirect("agents:batch", number=number)


class BatchRetry(ConsoleView):
    permission = AGENTS_RUN

    def post(self, request: HttpRequest, number: int) -> HttpResponse:
        batch = batches.batch_get(who=self.who, number=number)
        try:
            again = services.batch_retry(batch=batch, user=self.user, who=self.who)
            messages.success(request, f"{again:,} row{'' if again == 1 else 's'} of {batch.ref} are run again.")
        except Problem as problem:
            messages.info(request, f"{problem.detail} {problem.remedy}".strip())
        return redirect("agents:batch", number=number)


class BatchDownload(ConsoleView):
    """The file with what came of each row beside it, CSV or XLSX."""

    permission = RUNS_VIEW

    def get(self, request: HttpRequest, number: int, form: Literal["csv", "xlsx"]) -> HttpResponse:
        batch: AgentBatch = batches.batch_get(who=self.who, number=number)
        sheet: Any = batch_sheet(who=self.who, batch=batch)
        subject = auditing.batch_subject(batch)
        download_note(who=self.who, subject=subject, what=f"the rows of {batch.ref}", form=form)
        return sheet_download(sheet, form, name=f"{batch.ref}-{sheet.name}")


def _page(request: HttpRequest) -> int:
    asked = request.GET.get("page", "")
    return max(1, int(asked)) if asked.isdecimal() and len(asked) < 6 else 1
