"""Results as files, for the console and the API alike."""

from __future__ import annotations

from typing import Literal

from django.http import HttpResponse
from django.utils.http import content_disposition_header

from apps.agents import selectors
from apps.agents.models import AgentRun
from apps.common import spreadsheets
from apps.common.widgets import Sheet

CSV = "text/csv; charset=utf-8"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def result_download(run: AgentRun, form: Literal["csv", "xlsx"]) -> HttpResponse:
    """The result of a run as one flat table. Raises as `run_report` does."""
    agent, report = selectors.run_report(run)
    sheet = agent.export(report)
    return sheet_download(sheet, form, name=f"{run.ref}-{sheet.name}")


def sheet_download(sheet: Sheet, form: Literal["csv", "xlsx"], *, name: str) -> HttpResponse:
    """A sheet as a file to keep. It is in memory as a whole already, so nothing is won by streaming it."""
    if form == "csv":
        response = HttpResponse("".join(spreadsheets.csv_lines(sheet)), content_type=CSV)
    else:
        response = HttpResponse(spreadsheets.xlsx_bytes(sheet), content_type=XLSX)
    response["Content-Disposition"] = content_disposition_header(True, f"{name}.{form}") or "attachment"
    return response
