"""The pages of members and service accounts."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse

from apps.accounts import selectors, services
from apps.accounts.models import User
from apps.accounts.permissions import MEMBERS_MANAGE, MEMBERS_VIEW
from apps.accounts.selectors import rank
from apps.common.errors import Problem
from apps.common.permissions import ROLES, Role
from apps.console.views import ConsoleView
from apps.gateway.permissions import KEYS_MANAGE
from apps.tenants.context import current_tenant

STATES = (("active", "Active"), ("invited", "Invited"), ("inactive", "Deactivated"))
FILTERS = ("q", "role", "state", "page")


class MemberList(ConsoleView):
    permission = MEMBERS_VIEW
    page_title = "Members"

    def get(self, request: HttpRequest) -> HttpResponse:
        narrow = {key: request.GET.get(key, "") for key in FILTERS}
        number = int(narrow["page"]) if narrow["page"].isdigit() and len(narrow["page"]) < 9 else 1
        page = selectors.members_page(
            who=self.who, search=narrow["q"][:100], role=narrow["role"], state=narrow["state"], page=number
        )
        can_manage = self.who.can(MEMBERS_MANAGE)
        context = {
            "page": page,
            "rows": [
                {"member": each, "may": can_manage and _may(self.user, each), "ours": _is_ours(each)}
                for each in page.members
            ],
            "narrow": narrow,
            "filtered": any(narrow[key] for key in ("q", "role", "state")),
            "states": STATES,
            "roles": ROLES.values(),
            "grantable": _grantable(self.user),
            "can_manage": can_manage,
            "quota": current_tenant().max_members,
            "back": request.GET.urlencode(),
            "undo": self._just_deactivated(request),
        }
        return self.page("accounts/member_list.html", context)

    def _just_deactivated(self, request: HttpRequest) -> User | None:
        """The member that this person has just deactivated, so that it can be undone."""
        wanted = request.session.pop("members.deactivated", "")
        member = selectors.member_get(who=self.who, id=UUID(wanted)) if wanted else None
        return None if member is None or member.is_active else member


class MemberInvite(ConsoleView):
    permission = MEMBERS_MANAGE
    step_up = {"POST"}
    page_title = "Invite a member"

    def get(self, request: HttpRequest) -> HttpResponse:
        return self._form({"email": "", "name": "", "role": "analyst"})

    def post(self, request: HttpRequest) -> HttpResponse:
        values = {key: request.POST.get(key, "") for key in ("email", "name", "role")}
        try:
            member = services.member_invite(actor=self.user, **values)
        except Problem as problem:
            return self._form(values, problem)
        messages.success(request, f"{member.email} is invited. The link in the mail works for 24 hours.")
        return redirect("accounts:members")

    def _form(self, values: dict[str, str], problem: Problem | None = None) -> HttpResponse:
        context = {
            "values": values,
            "problem": problem,
            "errors": {issue.path: issue.message for issue in problem.issues} if problem else {},
            "grantable": _grantable(self.user),
        }
        return self.page("accounts/invite.html", context, status=problem.status if problem else 200)


class MemberAction(ConsoleView):
    """A button of the list: carry it out, say what became of it, show the list as it was filtered."""

    permission = MEMBERS_MANAGE
    step_up = {"POST"}

    def post(self, request: HttpRequest, id: UUID) -> HttpResponse:
        member = selectors.member_get(who=self.who, id=id)
        try:
            self.act(member)
        except Problem as problem:
            messages.error(request, f"{problem.detail} {problem.remedy}".strip())
        back = QueryDict(request.POST.get("back", ""))
        query = urlencode({key: back[key] for key in FILTERS if key in back})
        return redirect(reverse("accounts:members") + (f"?{query}" if query else ""))

    def act(self, member: User) -> None:
        raise NotImplementedError


class MemberRole(MemberAction):
    def act(self, member: User) -> None:
        member = services.role_set(actor=self.user, member=member, role=self.request.POST.get("role", ""))
        messages.success(self.request, f"{member} is {ROLES[member.role].title.lower()} now.")


class MemberDeactivate(MemberAction):
    def act(self, member: User) -> None:
        services.member_deactivate(actor=self.user, member=member)
        self.request.session["members.deactivated"] = str(member.pk)


class MemberReactivate(MemberAction):
    def act(self, member: User) -> None:
        services.member_reactivate(actor=self.user, member=member)
        messages.success(self.request, f"{member} can sign in again.")


class MemberInviteAgain(MemberAction):
    def act(self, member: User) -> None:
        services.member_invite_again(actor=self.user, member=member)
        messages.success(self.request, f"Another link is on its way to {member.email}.")


class MemberManagement(MemberAction):
    """Take a member over from the directory, or give them back to it."""

    def act(self, member: User) -> None:
        managed = self.request.POST.get("managed") == "1"
        member = services.member_management_set(actor=self.user, member=member, managed=managed)
        told = "is the directory's again" if managed else "is yours to change now, and the directory is refused"
        messages.success(self.request, f"{member} {told}.")


class ServiceAccountList(ConsoleView):
    permission = MEMBERS_VIEW
    page_title = "Service accounts"

    def get(self, request: HttpRequest) -> HttpResponse:
        can_manage = self.who.can(MEMBERS_MANAGE)
        accounts = selectors.service_accounts_list(who=self.who)
        context = {
            "rows": [{"account": each, "may": can_manage and _may(self.user, each)} for each in accounts],
            "grantable": _service_roles(self.user),
            "can_manage": can_manage,
            "can_make_keys": self.who.can(KEYS_MANAGE),
        }
        return self.page("accounts/service_list.html", context)


class ServiceAccountCreate(ConsoleView):
    permission = MEMBERS_MANAGE
    step_up = {"POST"}
    page_title = "Make a service account"

    def get(self, request: HttpRequest) -> HttpResponse:
        return self._form({"name": "", "role": "analyst"})

    def post(self, request: HttpRequest) -> HttpResponse:
        values = {key: request.POST.get(key, "") for key in ("name", "role")}
        try:
            account = services.service_account_create(actor=self.user, **values)
        except Problem as problem:
            return self._form(values, problem)
        messages.success(request, f"{account} is made. Now make a key for it.")
        return redirect("accounts:services")

    def _form(self, values: dict[str, str], problem: Problem | None = None) -> HttpResponse:
        context = {
            "values": values,
            "problem": problem,
            "errors": {issue.path: issue.message for issue in problem.issues} if problem else {},
            "grantable": _service_roles(self.user),
        }
        return self.page("accounts/service_form.html", context, status=problem.status if problem else 200)


class ServiceAccountAction(ConsoleView):
    """A button of the list of service accounts."""

    permission = MEMBERS_MANAGE
    step_up = {"POST"}

    def post(self, request: HttpRequest, account: UUID) -> HttpResponse:
        found = selectors.service_account_get(who=self.who, id=account)
        try:
            changed = services.service_account_change(actor=self.user, account=found, **self.change())
            messages.success(request, self.said(changed))
        except Problem as problem:
            messages.error(request, f"{problem.detail} {problem.remedy}".strip())
        return redirect("accounts:services")

    def change(self) -> dict[str, Any]:
        raise NotImplementedError

    def said(self, account: User) -> str:
        raise NotImplementedError


class ServiceAccountRole(ServiceAccountAction):
    def change(self) -> dict[str, Any]:
        return {"role": self.request.POST.get("role", "")}

    def said(self, account: User) -> str:
        return f"{account} is {ROLES[account.role].title.lower()} now. Its keys do no more than that."


class ServiceAccountDeactivate(ServiceAccountAction):
    def change(self) -> dict[str, Any]:
        return {"is_active": False}

    def said(self, account: User) -> str:
        return f"{account} is deactivated. Its keys are refused, until you reactivate it."


class ServiceAccountReactivate(ServiceAccountAction):
    def change(self) -> dict[str, Any]:
        return {"is_active": True}

    def said(self, account: User) -> str:
        return f"{account} goes on, and so do its keys that have not ended."


def _may(actor: User, member: User) -> bool:
    """Whether the buttons of a row make sense; the services decide."""
    return actor.pk != member.pk and rank(actor.role) <= rank(member.role)


def _is_ours(member: User) -> bool:
    """Whether a member is changed here, and not in the directory."""
    known = getattr(member, "directory", None)
    return known is None or not known.is_managed or member.role == "owner"


def _grantable(actor: User) -> list[Role]:
    return [role for role in ROLES.values() if rank(role.key) >= rank(actor.role)]


def _service_roles(actor: User) -> list[Role]:
    return [ROLES[key] for key in services.service_roles() if rank(key) >= rank(actor.role)]
