"""How a member is signed in, for those who look after members."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from apps.accounts import selectors, services
from apps.accounts.models import User
from apps.accounts.permissions import MEMBERS_MANAGE
from apps.common.errors import Problem
from apps.console.views import ConsoleView


class MemberSignIns(ConsoleView):
    permission = MEMBERS_MANAGE

    def get(self, request: HttpRequest, id: UUID) -> HttpResponse:
        member, factors, sessions = selectors.member_sign_ins(who=self.who, id=id)
        context = {"member": member, "factors": factors, "sessions": sessions, "page_title": f"Sign-ins of {member}"}
        return self.page("accounts/sign_ins.html", context)


class SignInAction(ConsoleView):
    """A button of that page."""

    permission = MEMBERS_MANAGE
    step_up = {"POST"}

    def post(self, request: HttpRequest, id: UUID) -> HttpResponse:
        member = selectors.member_get(who=self.who, id=id)
        try:
            messages.success(request, self.act(member))
        except Problem as problem:
            messages.error(request, f"{problem.detail} {problem.remedy}".strip())
        return redirect("accounts:sign-ins", id)

    def act(self, member: User) -> str:
        raise NotImplementedError


class MemberSignOut(SignInAction):
    def act(self, member: User) -> str:
        return f"{services.member_sign_out(actor=self.user, member=member)} is signed out everywhere."


class MemberFactorsRemove(SignInAction):
    def act(self, member: User) -> str:
        member = services.member_factors_remove(actor=self.user, member=member)
        return f"The second factors of {member} are off. A mail tells them, and they sign in by password for now."
