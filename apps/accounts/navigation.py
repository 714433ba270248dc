from apps.accounts.permissions import IDENTITY_MANAGE, MEMBERS_VIEW
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
