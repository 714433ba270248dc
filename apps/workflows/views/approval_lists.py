"""The inbox of questions: what waits for whom, what was answered, and the same answer to several of little risk."""

from __future__ import annotations

from typing import Any, cast, get_args
from uuid import UUID

from django.http import HttpRequest, HttpResponse, QueryDict

from apps.agents.downloads import sheet_download
from apps.audit.services import Subject
from apps.common.errors import InvalidInput, NotFound
from apps.console.views import ConsoleView
from apps.workflows import inbox, reading
from apps.workflows.approvals.deciding import MOST_AT_ONCE, approvals_decide_many
from apps.workflows.auditing import download_note
from apps.workflows.inbox import SORTS, InboxFilter
from apps.workflows.models import Approval
from apps.workflows.permissions import APPROVALS_DECIDE, WORKFLOWS_VIEW

RISKS = Approval.Risk.choices


class ApprovalList(ConsoleView):
    """What waits for this person, for everybody, and what was answered: a tab each, narrowed and sorted by the query
    string."""

    permission = WORKFLOWS_VIEW
    page_title = "Approvals"

    def get(self, request: HttpRequest) -> HttpResponse:
        decides = self.who.can(APPROVALS_DECIDE)
        tab = request.GET.get("tab", "")
        if tab not in get_args(inbox.Tab):
            tab = "mine" if decides else "team"
        narrow, page = inbox_filter(request.GET), request.GET.get("page", "")
        found = inbox.inbox_page(
            who=self.who,
            user=self.user,
            tab=cast(inbox.Tab, tab),
            narrow=narrow,
            page=int(page) if page.isdecimal() and len(page) < 7 else 1,
        )
        context: dict[str, Any] = {
            "rows": found.rows,
            "found": found,
            "tab": tab,
            "narrow": narrow,
            "sorts": SORTS.items(),
            "risks": RISKS,
            "workflows": reading.workflows_named(who=self.who),
            "waiting": inbox.waiting(who=self.who, user=self.user),
            "decides": decides,
            "picks": any(not row.unpicked for row in found.rows),
        }
        return self.page("workflows/approval_list.html", context)


class ApprovalListExport(ConsoleView):
    """What was answered as CSV, as filtered; at most 10,000 rows."""

    permission = WORKFLOWS_VIEW

    def get(self, request: HttpRequest) -> HttpResponse:
        rows = inbox.inbox_rows(who=self.who, user=self.user, tab="done", narrow=inbox_filter(request.GET))
        subject = Subject("workflows.approval", "", "approvals")
        download_note(who=self.who, subject=subject, what="a list of what was answered", rows=len(rows))
        return sheet_download(inbox.done_sheet(rows), "csv", name="approvals")


class ApprovalBulk(ConsoleView):
    """The same answer to several questions of low risk, each for itself; what became of each is told."""

    permission = {"POST": APPROVALS_DECIDE}
    page_title = "Approvals"

    def post(self, request: HttpRequest) -> HttpResponse:
        answer, back = request.POST.get("answer", ""), QueryDict(request.POST.get("back", "").removeprefix("?"))
        comment, ids = request.POST.get("comment", ""), _uuids(request.POST)
        chosen = inbox.chosen(who=self.who, user=self.user, ids=ids)
        context: dict[str, Any] = {"back": back.urlencode(), "answer": answer, "comment": comment, "chosen": chosen}
        try:
            if answer not in {"yes", "no"}:
                raise InvalidInput("Press Yes or No; nothing was decided.")
            if not ids:
                raise InvalidInput(
                    "No question was ticked; nothing was decided.", remedy="Tick some, and answer again."
                )
            if len(chosen) < len(set(ids)):
                raise NotFound("Not all of these questions are here; nothing was decided.", remedy="Tick them anew.")
            found = approvals_decide_many(
                who=self.who, user=self.user, approvals=chosen, approved=answer == "yes", comment=comment
            )
        except (InvalidInput, NotFound) as problem:
            context["problem"] = problem
            return self.page("workflows/approvals/bulk.html", context, status=problem.status)
        by_id = {each.pk: each for each in chosen}
        context["outcomes"] = [(by_id[each.id], each) for each in found]
        context["recorded"] = sum(each.problem is None for each in found)
        return self.page("workflows/approvals/bulk.html", context)


def inbox_filter(query: QueryDict) -> InboxFilter:
    """The filter in a query string; values that make no sense do not narrow."""
    risk, sort = query.get("risk", ""), query.get("sort", "")
    return InboxFilter(
        search=query.get("q", "")[:100].replace("\0", ""),
        workflow=query.get("workflow", "")[:60].replace("\0", ""),
        risk=risk if risk in Approval.Risk.values else "",
        sort=cast(inbox.Sort, sort if sort in SORTS else "due"),
    )


def _uuids(data: QueryDict) -> list[UUID]:
    """The ids of questions in a form; what is none is left out."""
    found = []
    for text in data.getlist("approval")[: MOST_AT_ONCE + 1]:
        try:
            found.append(UUID(text))
        except ValueError:
            continue
    return found
