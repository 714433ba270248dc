"""The entry of calls to other systems."""

from __future__ import annotations

from django.http import HttpRequest

from apps.console.navigation import Count, NavItem, nav_item
from apps.workflows.navigation.inbox import standing_of
from apps.workflows.permissions import WORKFLOWS_VIEW


def _unknown(request: HttpRequest) -> Count | None:
    number = standing_of(request).unknown
    return Count(number, "whose outcome nobody knows", hot=True) if number else None


nav_item(
    NavItem(
        key="workflows.calls",
        title="Calls",
        url="workflows:calls",
        icon="world-upload",
        group="Operate",
        summary="What workflows sent to other systems, and what became of it",
        permission=WORKFLOWS_VIEW,
        order=30,
        count=_unknown,
    )
)
