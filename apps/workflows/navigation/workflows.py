"""The entry of workflows, and what the palette finds of them."""

from __future__ import annotations

from collections.abc import Iterator

from django.http import HttpRequest
from django.urls import reverse

from apps.common.permissions import Principal
from apps.console.navigation import NavItem, nav_item
from apps.console.palette import PER_SEARCHER, Found, Searcher, searcher
from apps.workflows import selectors
from apps.workflows.permissions import WORKFLOWS_VIEW

nav_item(
    NavItem(
        key="workflows.workflows",
        title="Workflows",
        url="workflows:workflows",
        icon="route",
        group="Build",
        summary="Agents, people and systems, chained into processes",
        permission=WORKFLOWS_VIEW,
        order=10,
        letter="w",
        tab=4,
    )
)


def _workflows(request: HttpRequest, text: str) -> Iterator[Found]:
    who: Principal = request.user  # type: ignore[assignment]  # the shell asks for people who are signed in
    for workflow in selectors.workflows_query(who=who, search=text.replace("\0", "")[:100])[:PER_SEARCHER]:
        state = f"Version {workflow.published.number}" if workflow.published else "Draft"
        said = f"{workflow.name} · {state}{', paused' if workflow.is_paused else ''}"
        yield Found(workflow.title, reverse("workflows:workflow", args=[workflow.name]), "route", said)


searcher(Searcher(key="workflows.workflows", title="Workflows", search=_workflows, permission=WORKFLOWS_VIEW, order=10))
