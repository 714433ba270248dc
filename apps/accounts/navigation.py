from django.http import HttpRequest
from django.urls import reverse

from apps.accounts.operator_access.selectors import grants_wanting
from apps.accounts.permissions import IDENTITY_MANAGE, MEMBERS_VIEW
from apps.common.permissions import ROLES
from apps.console.attention import Wanted, attention
from apps.console.navigation import NavItem, nav_item

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


def _operators(request: HttpRequest) -> list[Wanted]:
    """Operators who ask to be let in, and those who may be inside now."""
    found, url = [], reverse("identity:operators")
    for grant in grants_wanting():
        who = grant.operator_email or "Any operator"
        if grant.state == "asked":
            text = f"{who} asks to be let in as {ROLES[grant.role].title.lower()}: {grant.reason}"
            found.append(Wanted("An operator asks for access", text, url, "late", "lock"))
        else:
            until = f"{grant.ends_at:%d %B, %H:%M} UTC"
            text = f"{who} may enter as {ROLES[grant.role].title.lower()} until {until}."
            found.append(Wanted("An operator has access", text, url, "late", "lock-open"))
    return found


attention("accounts.operators", _operators, permission=IDENTITY_MANAGE)
