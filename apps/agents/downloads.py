"""Results as files, for the console and the API alike."""

from __future__ import annotations

from typing import Any, Literal

from django.db import transaction
from django.http import HttpResponse
from django.utils.http import content_disposition_header

from apps.agents import auditing, selectors
from apps.agents.models import AgentRun
from apps.audit.services import Subject, record
from apps.common import spreadsheets
from apps.common.permissions import Principal
from apps.common.widgets import Sheet

CSV = "text/csv; charset=utf-8"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def result_download(*, who: Principal, run: AgentRun, form: Literal["csv", "xlsx"]) -> HttpResponse:
    """The result of a run as one flat table. Raises as `run_report` does, and `AuditNotWritten`."""
    agent, report = selectors.run_report(run)
    sheet = agent.export(report)
    download_note(who=who, subject=auditing.run_subject(run), what=f"the result of {run.ref}", form=form)
    return sheet_download(sheet, form, name=f"{run.ref}-{sheet.name}")


def download_note(*, who: Principal, subject: Subject, what: str, form: str, **facts: Any) -> None:
    """Record that somebody takes data with them, before they get it. Raises `AuditNotWritten`: then they do not."""
    with transaction.atomic():
        record(auditing.DOWNLOADED, who=who, subject=subject, what=what, form=form, **facts)


def sheet_download(sheet: Sheet, form: Literal["csv", "xlsx"], *, name: str) -> HttpResponse:
    """A sheet as a file to keep. It is in memory as a whole already, so nothing is won by streaming it."""
    if form == "csv":
        response = HttpResponse("".join(spreadsheets.csv_lines(sheet)), content_type=CSV)
    else:
        response = HttpResponse(spreadsheets.xlsx_bytes(sheet), content_type=XLSX)
    response["Content-Disposition"] = content_disposition_header(True, f"{name}.{form}") or "attachment"
    return response
