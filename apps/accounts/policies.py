"""Changes of the sign-in policy."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any, Final

from allauth.mfa.models import Authenticator
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from apps.accounts.auditing import POLICY_SET
from apps.accounts.models import SignInPolicy, User
from apps.accounts.models.policies import DEMANDS
from apps.accounts.permissions import IDENTITY_MANAGE
from apps.audit.services import record
from apps.common.errors import InvalidInput, Issue
from apps.common.permissions import ROLES, demand

LIMITS: Final = {"grace_days": (0, 90), "session_hours": (1, 720), "idle_minutes": (0, 1440)}
"""The least and the most that each may be."""


@transaction.atomic
def policy_set(
    *, who: Any, changes: dict[str, Any], check: Callable[[SignInPolicy], None] = lambda policy: None
) -> SignInPolicy:
    """Change what of the policy is named, and leave the rest. It holds for every request that comes after.

    `check` gets the policy as it is before, locked, and raises where it is not what the caller knows. Raises
    `InvalidInput` naming each setting that cannot be.
    """
    demand(who, IDENTITY_MANAGE)
    SignInPolicy.objects.get_or_create(pk=1)
    policy = SignInPolicy.objects.select_for_update().get()
    check(policy)
    before = policy.content()
    for name, value in changes.items():
        setattr(policy, name, value)
    _require_possible(policy)
    policy.demands = {role: asked for role, asked in policy.demands.items() if asked != "password"}
    after = policy.content()
    if before == after:
        return policy
    if before["demands"] != after["demands"]:
        policy.demanded_at = timezone.now()
    policy.version += 1
    policy.save()
    record(POLICY_SET, who=who, subject=policy, before=_flat(before), after=_flat(after))
    return policy


def effect_of(demands: dict[str, str]) -> dict[str, int]:
    """How many active members of each role could not sign in as it asks, if these were the demands: they have to set
    something up first."""
    policy = SignInPolicy(demands=demands)
    asking = [role for role in ROLES if policy.demand_of(role) != "password"]
    members = User.objects.filter(is_active=True, is_service=False, role__in=asking)
    of: dict[Any, set[str]] = {}
    for user, kind in Authenticator.objects.filter(~Q(type="recovery_codes"), user__in=members).values_list(
        "user_id", "type"
    ):
        of.setdefault(user, set()).add(kind)
    lacking = Counter(
        role for pk, role in members.values_list("pk", "role") if not policy.is_met_by(role, of.get(pk, set()))
    )
    return {role: lacking[role] for role in asking}


def _flat(content: dict[str, Any]) -> dict[str, Any]:
    """One name for each setting, so that an entry says which of them changed."""
    demands = content.pop("demands")
    return {**content, **{f"demand_{role}": demands.get(role, "password") for role in ROLES}}


def _require_possible(policy: SignInPolicy) -> None:
    issues = [
        Issue(path=name, message=f"Give a number from {least} to {most}.")
        for name, (least, most) in LIMITS.items()
        if not least <= getattr(policy, name) <= most
    ]
    for role, asked in policy.demands.items():
        if role not in ROLES:
            issues.append(Issue(path=f"demands.{role}", message="There is no such role."))
        elif asked not in DEMANDS:
            issues.append(Issue(path=f"demands.{role}", message=f"Choose one of {', '.join(DEMANDS)}."))
    if policy.idle_minutes and policy.idle_minutes < 5:
        issues.append(Issue(path="idle_minutes", message="Give 0 for no limit, or at least 5 minutes."))
    if issues:
        raise InvalidInput("Nothing was changed.", issues=issues)
