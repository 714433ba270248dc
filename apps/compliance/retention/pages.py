"""Console pages of how long what is kept."""

from __future__ import annotations

from itertools import groupby

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.utils.http import content_disposition_header

from apps.agents.downloads import sheet_download
from apps.common.errors import InvalidInput, Issue, Problem
from apps.common.privacy import RETAINED, Retained
from apps.compliance.permissions import RETENTION_MANAGE, RETENTION_VIEW
from apps.compliance.retention import selectors, services
from apps.compliance.retention.periods import GRACE, YEAR
from apps.compliance.retention.selectors import Looked
from apps.console.views import ConsoleView

RECENT = 20
UNITS = {"days": 1, "months": YEAR / 12, "years": YEAR}


class RetentionPage(ConsoleView):
    permission = RETENTION_VIEW
    page_title = "Retention"

    def get(self, request: HttpRequest) -> HttpResponse:
        looked = selectors.periods_looked(who=self.who)
        records = list(selectors.records_query(who=self.who)[:RECENT])
        context = {
            "groups": [(group, list(items)) for group, items in groupby(sorted(looked, key=_group), key=_group)],
            "coming": [each for each in looked if each.period.comes_at is not None],
            "due": sum(each.due for each in looked),
            "next_look": selectors.next_look([each.period for each in looked]),
            "holds": selectors.holds_standing(who=self.who),
            "records": [(each, _titles().get(each.kind, each.kind)) for each in records],
            "can_manage": self.who.can(RETENTION_MANAGE),
        }
        return self.page("compliance/retention.html", context)


class RetentionKind(ConsoleView):
    """The period of one kind of data."""

    permission = {"GET": RETENTION_VIEW, "POST": RETENTION_MANAGE}

    def get(self, request: HttpRequest, retained: str) -> HttpResponse:
        return self._form(services.kind_get(retained))

    def post(self, request: HttpRequest, retained: str) -> HttpResponse:
        kind, how = services.kind_get(retained), request.POST.get("how", "")
        entered = {"how": how, "number": request.POST.get("number", ""), "unit": request.POST.get("unit", "days")}
        try:
            days = _days(entered) if how == "period" else None
            if how not in {"period", "keep", "default"}:
                raise InvalidInput("The period stays as it was.", issues=[Issue(path="how", message="Choose one.")])
            set_ = services.period_set(who=self.who, user=self.user, kind=kind, days=days, to_default=how == "default")
        except Problem as problem:
            return self._form(kind, entered, problem)
        when = "from tomorrow at this time on" if set_.comes_at else "from now on"
        messages.success(request, f"{kind.title}: this holds {when}.")
        return redirect("compliance:retention")

    def _form(
        self, kind: Retained, entered: dict[str, str] | None = None, problem: Problem | None = None
    ) -> HttpResponse:
        period = next(each for each in selectors.periods_list(who=self.who) if each.kind is kind)
        self.page_title = kind.title
        how = "default" if not period.row.is_set else "keep" if period.wanted is None else "period"
        context = {
            "looked": selectors.look(period),
            "period": period,
            "kind": kind,
            "entered": entered or {"how": how, "number": str(period.wanted or ""), "unit": "days"},
            "units": UNITS,
            "grace_hours": int(GRACE.total_seconds() // 3600),
            "problem": problem,
            "errors": {issue.path: issue.message for issue in problem.issues} if problem else {},
            "can_manage": self.who.can(RETENTION_MANAGE),
        }
        return self.page("compliance/retention_kind.html", context, status=problem.status if problem else 200)


class RetentionRecords(ConsoleView):
    permission = RETENTION_VIEW

    def get(self, request: HttpRequest, form: str) -> HttpResponse:
        if form == "csv":
            return sheet_download(selectors.records_sheet(who=self.who), "csv", name="retention-records")
        response = JsonResponse({"records": selectors.records_documents(who=self.who)})
        response["Content-Disposition"] = content_disposition_header(True, "retention-records.json") or "attachment"
        return response


def _days(entered: dict[str, str]) -> int:
    """The days that a form means. Raises `InvalidInput`."""
    number, unit = entered["number"].strip(), UNITS.get(entered["unit"])
    if unit is None or not number.isascii() or not number.isdigit() or len(number) > 6:
        issue = Issue(path="days", message="Give a whole number of days, months or years.")
        raise InvalidInput("The period stays as it was.", issues=[issue])
    return round(int(number) * unit)


def _group(looked: Looked) -> str:
    return looked.period.kind.group


def _titles() -> dict[str, str]:
    return {kind.key: kind.title for kind in RETAINED}
