"""The entry of what waits for people."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from apps.console.landing import landing
from apps.console.navigation import Count, NavItem, nav_item
from apps.workflows import inbox
from apps.workflows.permissions import WORKFLOWS_VIEW


def _who(request: HttpRequest) -> Any:
    return request.user  # the shell asks for people who are signed in


def standing_of(request: HttpRequest) -> inbox.Standing:
    """What stands beside the entries of workflows, asked for once in a request."""
    kept = request.__dict__
    if "_workflows_standing" not in kept:
        kept["_workflows_standing"] = inbox.standing(who=_who(request), user=_who(request))
    found: inbox.Standing = kept["_workflows_standing"]
    return found


def _mine(request: HttpRequest) -> Count | None:
    number = standing_of(request).mine
    return Count(number, "waiting for you", hot=True) if number else None


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
        count=_mine,
    )
)


def _landing(user: Any) -> str | None:
    """Approvers come to answer: they land where something waits for them."""
    if user.role != "approver" or not inbox.mine_count(who=user, user=user):
        return None
    return reverse("workflows:approvals")


landing("workflows.approvals", _landing)
