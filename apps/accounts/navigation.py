from typing import cast

from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse

from apps.accounts.models import User
from apps.accounts.operator_access.selectors import grants_wanting
from apps.accounts.permissions import IDENTITY_MANAGE, MEMBERS_MANAGE, MEMBERS_VIEW
from apps.common.permissions import ROLES
from apps.console.attention import Wanted, attention
from apps.console.first_steps import FirstStep, first_step
from apps.console.navigation import NavItem, nav_item
from apps.console.tallies import number_of, tally

nav_item(
    NavItem(
        key="accounts.members",
        title="Members",
        url="accounts:members",
        icon="users",
        group="Govern",
        summary="Who may sign in, and what their role lets them do",
        permission=MEMBERS_VIEW,
        order=30,
        tab=5,
    )
)
nav_item(
    NavItem(
        key="accounts.identity",
        title="Sign-in & identity",
        url="identity:policy",
        icon="lock",
        group="Govern",
        summary="Second factors, sessions, single sign-on and provisioning",
        permission=IDENTITY_MANAGE,
        order=35,
    )
)


def _others(request: HttpRequest) -> QuerySet[User]:
    """Another member than oneself, where there is one. Programs and visitors are none."""
    others = User.objects.filter(is_service=False, valid_until=None).exclude(pk=cast("User", request.user).pk)
    return others.order_by()[:1]


_colleagues = tally("accounts.colleagues", _others, permission=MEMBERS_MANAGE)
first_step(
    FirstStep(
        key="accounts.invite",
        title="Invite a colleague",
        text="Somebody who reads results, runs agents, decides on approvals or looks after the organisation.",
        url=lambda: reverse("accounts:members"),
        icon="users",
        permission=MEMBERS_MANAGE,
        done=lambda request: number_of(request, _colleagues.key) > 0,
        order=50,
    )
)


def _operators(request: HttpRequest) -> list[Wanted]:
    """Operators who ask to be let in, and those who may be inside now."""
    found, url = [], reverse("identity:operators")
    for grant in grants_wanting():
        who = grant.operator_email or "Any operator"
        if grant.state == "asked":
            text = f"{who} asks to be let in as {ROLES[grant.role].title.lower()}: {grant.reason}"
            found.append(Wanted("An operator asks for access", text, url, "late", "lock", urgency=5))
        else:
            until = f"{grant.ends_at:%d %B, %H:%M} UTC"
            text = f"{who} may enter as {ROLES[grant.role].title.lower()} until {until}."
            found.append(Wanted("An operator has access", text, url, "late", "lock-open", urgency=5))
    return found


attention("accounts.operators", _operators, permission=IDENTITY_MANAGE)
