"""Console pages of legal holds."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from apps.common.errors import Problem
from apps.compliance.permissions import PRIVACY_MANAGE, PRIVACY_VIEW
from apps.compliance.requests import holds, selectors
from apps.compliance.requests.pages import errors_of, member_of
from apps.console.views import ConsoleView


class HoldNew(ConsoleView):
    permission = PRIVACY_MANAGE
    page_title = "Set a legal hold"

    def get(self, request: HttpRequest) -> HttpResponse:
        return self._form({"scope": "person"})

    def post(self, request: HttpRequest) -> HttpResponse:
        entered = {name: request.POST.get(name, "") for name in ("title", "reason", "scope", "member", "identifiers")}
        everything = entered["scope"] == "everything"
        try:
            made = holds.hold_set(
                who=self.who, user=self.user, title=entered["title"], reason=entered["reason"], everything=everything,
                member=None if everything else member_of(entered["member"]),
                identifiers=[] if everything else entered["identifiers"].splitlines(),
            )  # fmt: skip
        except Problem as problem:
            return self._form(entered, problem)
        messages.success(request, f"“{made}” holds. Nothing goes by its period while it stands.")
        return redirect("compliance:privacy")

    def _form(self, entered: dict[str, str], problem: Problem | None = None) -> HttpResponse:
        context = {
            "entered": entered,
            "problem": problem,
            "errors": errors_of(problem),
            "members": selectors.members_to_choose(who=self.who),
        }
        return self.page("compliance/hold_new.html", context, status=problem.status if problem else 200)


class HoldPage(ConsoleView):
    permission = {"GET": PRIVACY_VIEW, "POST": PRIVACY_MANAGE}
    step_up = {"POST"}

    def get(self, request: HttpRequest, id: UUID) -> HttpResponse:
        hold = holds.hold_get(who=self.who, id=id)
        self.page_title = str(hold)
        return self.page("compliance/hold.html", {"hold": hold, "can_manage": self.who.can(PRIVACY_MANAGE)})

    def post(self, request: HttpRequest, id: UUID) -> HttpResponse:
        """Release it."""
        hold = holds.hold_get(who=self.who, id=id)
        try:
            holds.hold_release(who=self.who, user=self.user, hold=hold)
        except Problem as problem:
            messages.error(request, f"{problem.detail} {problem.remedy}")
        else:
            messages.success(request, f"“{hold}” is released.")
        return redirect("compliance:hold", id)
