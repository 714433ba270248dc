"""The entry of what waits for people."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from apps.console.navigation import Count, NavItem, nav_item
from apps.workflows import inbox
from apps.workflows.permissions import WORKFLOWS_VIEW


def _who(request: HttpRequest) -> Any:
    return request.user  # the shell asks for people who are signed in


def _mine(request: HttpRequest) -> Count | None:
    number = inbox.mine_count(who=_who(request), user=_who(request))
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
