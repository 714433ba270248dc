"""The page on which a question is decided, and the one behind a link that was sent to one person."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse

from apps.common.errors import Conflict, InvalidInput, NotFound, PermissionDenied, Problem
from apps.console.schemaforms import EDIT, FILE
from apps.console.views import SIGNED_IN, ConsoleView
from apps.datasets.sheets import cells_read
from apps.workflows import inbox, live, selectors
from apps.workflows.approvals.deciding import Via, approval_decide
from apps.workflows.approvals.links import link_holds, link_open
from apps.workflows.evidence import evidence_of
from apps.workflows.models import Approval, ApprovalDecision
from apps.workflows.permissions import APPROVALS_DECIDE, WORKFLOWS_VIEW
from apps.workflows.views.decision_parts import DecisionPanel

ANSWERS: Final = {"yes": True, "no": False}


class ApprovalPage(ConsoleView):
    """One question: what is asked, what one should know, and the answer as a plain form."""

    permission = {"GET": WORKFLOWS_VIEW, "POST": APPROVALS_DECIDE}

    def get(self, request: HttpRequest, id: UUID) -> HttpResponse:
        return self._show(self._panel(selectors.approval_get(who=self.who, id=id)))

    def post(self, request: HttpRequest, id: UUID) -> HttpResponse:
        approval = selectors.approval_get(who=self.who, id=id)
        values = {name: value.replace("\r\n", "\n") for name, value in request.POST.dict().items()}
        panel = self._panel(approval, values)
        try:
            if EDIT in request.POST and panel.form is not None:
                panel.form.edit(request.POST[EDIT], file=request.FILES.get(FILE), read_file=cells_read)
                return self._show(panel)
            answered = self._decide(panel, request.POST.get("answer", ""))
        except Problem as problem:
            approval = selectors.approval_get(who=self.who, id=id)
            if self._is_heard(approval, request.POST.get("answer", ""), problem):
                return self._done(panel)
            return self._show(self._panel(approval, values, problem))
        messages.success(request, _heard(answered, panel))
        return self._done(panel)

    def _decide(self, panel: DecisionPanel, answer: str) -> Approval:
        if answer not in ANSWERS:
            raise InvalidInput("Press Yes or No; nothing was decided.")
        via: Via = "console"
        if panel.token and link_holds(token=panel.token, approval=panel.approval, user=self.user):
            via = "link"
        return approval_decide(
            who=self.who,
            user=self.user,
            approval=panel.approval,
            approved=ANSWERS[answer],
            comment=panel.comment,
            answers=panel.form.data() if panel.form is not None else None,
            via=via,
            on_behalf_of=_chosen(panel),
        )

    def _is_heard(self, approval: Approval, answer: str, problem: Problem) -> bool:
        """Whether the button was pressed twice, and the first time counted."""
        if not isinstance(problem, Conflict | PermissionDenied) or answer not in ANSWERS:
            return False
        given = ApprovalDecision.objects.filter(approval=approval, user=self.user, approved=ANSWERS[answer])
        return given.exists()

    def _panel(
        self, approval: Approval, values: dict[str, str] | None = None, problem: Problem | None = None
    ) -> DecisionPanel:
        given = values or {}
        told = {"token": given.get("token", "")[:500], "back": given.get("back", "")}
        return DecisionPanel(self.who, self.user, approval, given, problem, **told)

    def _done(self, panel: DecisionPanel) -> HttpResponse:
        if panel.back == "run":
            return redirect(f"{reverse('workflows:run', args=[panel.run.number])}?step={panel.approval.step}")
        return redirect("workflows:approval", id=panel.approval.pk)

    def _show(self, panel: DecisionPanel) -> HttpResponse:
        self.page_title = "Decision"
        context: dict[str, Any] = {
            "panel": panel,
            "approval": panel.approval,
            "run": panel.run,
            "evidence": evidence_of(who=self.who, approval=panel.approval),
        }
        if not panel.may and self.who.can(APPROVALS_DECIDE):
            context["left"] = inbox.mine_count(who=self.who, user=self.user)
        return self.page("workflows/approval.html", context, status=panel.problem.status if panel.problem else 200)


class ApprovalState(ConsoleView):
    """How a question stands, in a line: what its page reads after a gap, or when it polls."""

    permission = WORKFLOWS_VIEW

    def get(self, request: HttpRequest, id: UUID) -> HttpResponse:
        approval = selectors.approval_get(who=self.who, id=id)
        return JsonResponse({**live.event(approval.run), "state": inbox.state_of(approval)})


class ApprovalLink(ConsoleView):
    """What a link in a mail opens, for the one person whom it was sent to, once they have signed in: the question, or
    what became of it."""

    permission = SIGNED_IN
    page_title = "Decision"

    def get(self, request: HttpRequest, token: str) -> HttpResponse:
        try:
            approval, state = link_open(who=self.who, user=self.user, token=token)
        except (NotFound, PermissionDenied) as problem:
            return self.page("workflows/approvals/link_refused.html", {"problem": problem}, status=problem.status)
        panel = DecisionPanel(self.who, self.user, approval, token=token)
        context = {
            "panel": panel,
            "approval": approval,
            "run": approval.run,
            "evidence": evidence_of(who=self.who, approval=approval),
            "link_state": state,
        }
        return self.page("workflows/approval.html", context)


def _chosen(panel: DecisionPanel) -> Any:
    """For whom somebody answers who may choose; None: as the service finds it. Raises `InvalidInput` for nobody."""
    wanted = panel.values.get("for", "")
    if not wanted:
        return None
    found = next((each for each in panel.givers if str(each.pk) == wanted), None)
    if found is None:
        raise PermissionDenied("You may not answer for this member any more; nothing was decided.")
    return found


def _heard(approval: Approval, panel: DecisionPanel) -> str:
    if not approval.is_open:
        return f"Your answer is recorded: {panel.run.ref} goes on with {'yes' if approval.approved else 'no'}."
    left = approval.quorum - approval.decisions.filter(approved=True).count()
    return f"Your yes is recorded. {left} more {'has' if left == 1 else 'have'} to say yes."
