"""The page of the sign-in policy."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse

from apps.accounts import policy_selectors
from apps.accounts.models.policies import DEMANDS
from apps.accounts.permissions import IDENTITY_MANAGE
from apps.common.permissions import ROLES
from apps.console.views import ConsoleView


class PolicyPage(ConsoleView):
    permission = IDENTITY_MANAGE
    page_title = "Sign-in & identity"

    def get(self, request: HttpRequest) -> HttpResponse:
        policy = policy_selectors.policy_get(who=self.who)
        rows = [{"role": role, "demand": DEMANDS[policy.demand_of(role.key)]} for role in ROLES.values()]
        return self.page("accounts/identity/policy.html", {"policy": policy, "rows": rows})
