"""The entry of what workflows did outside."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from apps.console.navigation import Count, NavItem, nav_item
from apps.console.tallies import tally
from apps.workflows import selectors
from apps.workflows.models import HttpCall
from apps.workflows.permissions import WORKFLOWS_VIEW


def _rows(request: HttpRequest) -> Any:
    who: Any = request.user  # the shell asks for people who are signed in
    return selectors.calls_query(who=who, status=HttpCall.Status.UNKNOWN)


_unknown = tally("workflows.unknown_calls", _rows, permission=WORKFLOWS_VIEW)
nav_item(
    NavItem(
        key="workflows.effects",
        title="Effects",
        url="workflows:effects",
        icon="world-upload",
        group="Operate",
        summary="What workflows did outside, and what became of it",
        permission=WORKFLOWS_VIEW,
        order=30,
        count=Count(_unknown, "whose outcome nobody knows", hot=True),
    )
)
