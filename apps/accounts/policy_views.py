"""The page of the sign-in policy."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from apps.accounts import policy_selectors
from apps.accounts.models.policies import DEMANDS, SignInPolicy
from apps.accounts.permissions import IDENTITY_MANAGE
from apps.accounts.policies import LIMITS, effect_of, policy_set
from apps.common.errors import Conflict, InvalidInput, Issue, Problem
from apps.common.permissions import ROLES
from apps.console.views import ConsoleView


class PolicyPage(ConsoleView):
    """The policy; sent with `preview`, what it would mean, before it holds."""

    permission = IDENTITY_MANAGE
    page_title = "Sign-in & identity"
    step_up = {"POST"}

    def get(self, request: HttpRequest) -> HttpResponse:
        return self._form(policy_selectors.policy_get(who=self.who))

    def post(self, request: HttpRequest) -> HttpResponse:
        known = policy_selectors.policy_get(who=self.who)
        try:
            wanted = _wanted(request)
            if "preview" in request.POST:
                return self._form(SignInPolicy(**wanted, version=known.version), previewed=True)
            policy_set(who=self.who, changes=wanted, check=lambda now: _require_known(request, now))
        except Problem as problem:
            return self._form(known, problem=problem)
        messages.success(request, "The policy holds from now on.")
        return redirect("identity:policy")

    def _form(self, policy: SignInPolicy, *, problem: Problem | None = None, previewed: bool = False) -> HttpResponse:
        lacking = effect_of(policy.demands)
        context = {
            "policy": policy,
            "rows": [
                {"role": role, "demand": policy.demand_of(role.key), "lacking": lacking.get(role.key, 0)}
                for role in ROLES.values()
            ],
            "demands": DEMANDS.values(),
            "lacking": sum(lacking.values()),
            "limits": LIMITS,
            "problem": problem,
            "errors": {issue.path: issue.message for issue in problem.issues} if problem else {},
            "previewed": previewed,
        }
        return self.page("accounts/identity/policy.html", context, status=problem.status if problem else 200)


def _wanted(request: HttpRequest) -> dict[str, Any]:
    """What the form says. Raises `InvalidInput` for what is no number."""
    wanted: dict[str, Any] = {}
    for name, (least, most) in LIMITS.items():
        text = request.POST.get(name, "").strip()
        if not (text.isascii() and text.isdigit() and len(text) < 6):
            issue = Issue(path=name, message=f"Give a number from {least} to {most}.")
            raise InvalidInput("Nothing was changed.", issues=[issue])
        wanted[name] = int(text)
    return {**wanted, "demands": {role: request.POST.get(f"demand_{role}", "password") for role in ROLES}}


def _require_known(request: HttpRequest, now: SignInPolicy) -> None:
    if request.POST.get("version") != str(now.version):
        raise Conflict(
            "Somebody else has changed the policy meanwhile; nothing was changed.", remedy="Look at it as it is now."
        )
