"""The inbox of questions, and the panel on which one is decided."""

from __future__ import annotations

from typing import Any, cast, get_args
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone

from apps.common.errors import Conflict, InvalidInput, Problem
from apps.common.permissions import ROLES
from apps.console.views import ConsoleView
from apps.workflows import inbox, selectors
from apps.workflows.deciding import approval_decide
from apps.workflows.models import Approval
from apps.workflows.permissions import APPROVALS_DECIDE, WORKFLOWS_VIEW
from apps.workflows.shapes import shape_of


class ApprovalList(ConsoleView):
    """What waits for this person, for the others, and what was answered: a tab each."""

    permission = WORKFLOWS_VIEW
    page_title = "Approvals"

    def get(self, request: HttpRequest) -> HttpResponse:
        decides = self.who.can(APPROVALS_DECIDE)
        tab = request.GET.get("tab", "")
        if tab not in get_args(inbox.Tab):
            tab = "mine" if decides else "team"
        search, page = request.GET.get("q", "")[:100], request.GET.get("page", "")
        found = inbox.inbox_page(
            who=self.who,
            user=self.user,
            tab=cast(inbox.Tab, tab),
            search=search,
            page=int(page) if page.isdecimal() and len(page) < 7 else 1,
        )
        now = timezone.now()
        context = {
            "rows": [{"approval": each, "late": inbox.is_late(each, now)} for each in found.approvals],
            "found": found,
            "tab": tab,
            "search": search,
            "waiting": inbox.waiting(who=self.who, user=self.user),
            "decides": decides,
        }
        return self.page("workflows/approval_list.html", context)


class ApprovalPage(ConsoleView):
    """One question: what is asked, what one should know, and the answer as a plain form."""

    permission = {"GET": WORKFLOWS_VIEW, "POST": APPROVALS_DECIDE}

    def get(self, request: HttpRequest, id: UUID) -> HttpResponse:
        return self._show(selectors.approval_get(who=self.who, id=id))

    def post(self, request: HttpRequest, id: UUID) -> HttpResponse:
        approval = selectors.approval_get(who=self.who, id=id)
        answer, comment = request.POST.get("answer", ""), request.POST.get("comment", "")
        try:
            if answer not in {"yes", "no"}:
                raise InvalidInput("Press Yes or No; nothing was decided.")
            approval_decide(who=self.who, user=self.user, approval=approval, approved=answer == "yes", comment=comment)
        except Conflict as problem:
            approval = selectors.approval_get(who=self.who, id=id)
            if not self._is_mine(approval, answer):  # else the button was pressed twice, and it was heard
                return self._show(approval, problem=problem)
        except Problem as problem:
            return self._show(approval, problem=problem, comment=comment)
        return redirect("workflows:approval", id=id)

    def _is_mine(self, approval: Approval, answer: str) -> bool:
        return approval.decided_by == self.user and approval.approved is (answer == "yes")

    def _show(self, approval: Approval, problem: Problem | None = None, comment: str = "") -> HttpResponse:
        asked = self.user.role in approval.roles or self.user.role == "owner"
        self.page_title = "Decision"
        context: dict[str, Any] = {
            "approval": approval,
            "run": approval.run,
            "details": shape_of(approval.details),
            "evidence": inbox.evidence_of(who=self.who, approval=approval),
            "roles": [ROLES[role].title if role in ROLES else role for role in approval.roles],
            "late": inbox.is_late(approval),
            "may": approval.is_open and asked and self.who.can(APPROVALS_DECIDE),
            "problem": problem,
            "errors": {issue.path: issue.message for issue in problem.issues} if problem else {},
            "comment": comment,
        }
        if not approval.is_open and self.who.can(APPROVALS_DECIDE):
            context["left"] = inbox.mine_count(who=self.who, user=self.user)
        return self.page("workflows/approval.html", context, status=problem.status if problem else 200)
