"""A member says whether they want mails about what they are asked."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from apps.common.errors import InvalidInput, Issue
from apps.console.views import ConsoleView
from apps.workflows.approvals import wishes
from apps.workflows.permissions import APPROVALS_DECIDE


class MailWish(ConsoleView):
    """One choice: mails about what one is asked, or none."""

    permission = APPROVALS_DECIDE
    page_title = "Mails about approvals"

    def get(self, request: HttpRequest) -> HttpResponse:
        context = {"are_wanted": wishes.mails_wanted(who=self.who, user=self.user)}
        return self.page("workflows/approvals/mails.html", context)

    def post(self, request: HttpRequest) -> HttpResponse:
        wanted = request.POST.get("mails", "")
        if wanted not in {"on", "off"}:
            issue = Issue(path="mails", message="Choose one of the two.")
            raise InvalidInput("It was not said whether you want mails; nothing was changed.", issues=[issue])
        wishes.mails_want(who=self.who, user=self.user, are_wanted=wanted == "on")
        messages.success(
            request,
            "You get a mail when something is asked of you."
            if wanted == "on"
            else "You get no mail; what is asked of you stands in your inbox.",
        )
        return redirect("workflows:mails")
