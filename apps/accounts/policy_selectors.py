"""Reads of the sign-in policy."""

from __future__ import annotations

from apps.accounts.models import SignInPolicy
from apps.accounts.permissions import IDENTITY_MANAGE
from apps.common.permissions import Principal, demand


def policy_get(*, who: Principal) -> SignInPolicy:
    """The tenant's policy; the defaults where nobody has set one."""
    demand(who, IDENTITY_MANAGE)
    return SignInPolicy.objects.first() or SignInPolicy()
