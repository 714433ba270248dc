"""The entry of what waits for people."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from apps.console.account_links import AccountLink, account_link
from apps.console.landing import landing
from apps.console.navigation import Count, NavItem, nav_item
from apps.console.tallies import tally
from apps.workflows import inbox, selectors
from apps.workflows.permissions import APPROVALS_DECIDE, WORKFLOWS_VIEW


def _who(request: HttpRequest) -> Any:
    return request.user  # the shell asks for people who are signed in


_mine = tally(
    "workflows.mine",
    lambda request: selectors.approvals_query(who=_who(request), user=_who(request), mine=True),
    permission=WORKFLOWS_VIEW,
)
nav_item(
    NavItem(
        key="workflows.approvals",
        title="Approvals",
        url="workflows:approvals",
        icon="checkbox",
        group="Operate",
        summary="What workflows ask of people, and what was answered",
        permission=WORKFLOWS_VIEW,
        order=12,
        letter="p",
        tab=3,
        count=Count(_mine, "waiting for you", hot=True),
    )
)

account_link(
    AccountLink(
        key="workflows.mails",
        title="Mails about approvals",
        view="workflows:mails",
        icon="mail",
        permission=APPROVALS_DECIDE,
    )
)


def _landing(user: Any) -> str | None:
    """Approvers come to answer: they land where something waits for them."""
    if user.role != "approver" or not inbox.mine_count(who=user, user=user):
        return None
    return reverse("workflows:approvals")


landing("workflows.approvals", _landing)
