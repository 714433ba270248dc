"""The entry of workflow runs, and what the palette finds of them."""

from __future__ import annotations

from collections.abc import Iterator

from django.http import HttpRequest
from django.urls import reverse

from apps.common.permissions import Principal
from apps.console.navigation import Count, NavItem, nav_item
from apps.console.palette import PER_SEARCHER, Found, Searcher, searcher
from apps.console.tallies import tally
from apps.workflows import reading
from apps.workflows.permissions import WORKFLOWS_VIEW
from apps.workflows.selectors import RunFilter


def _who(request: HttpRequest) -> Principal:
    return request.user  # type: ignore[return-value]  # the shell asks for people who are signed in


_open = tally("workflows.open", lambda request: reading.runs_open_query(who=_who(request)), permission=WORKFLOWS_VIEW)
tally("workflows.ran", lambda request: reading.runs_ever_query(who=_who(request)), permission=WORKFLOWS_VIEW)
nav_item(
    NavItem(
        key="workflows.runs",
        title="Workflow runs",
        url="workflows:runs",
        icon="player-track-next",
        group="Operate",
        summary="Every run of a workflow: where it stands, and why",
        permission=WORKFLOWS_VIEW,
        order=15,
        letter="f",
        count=Count(_open, "not ended yet"),
    )
)


def _runs(request: HttpRequest, text: str) -> Iterator[Found]:
    page = reading.runs_page(who=_who(request), narrow=RunFilter(search=text), size=PER_SEARCHER)
    for run in page.runs:
        url = reverse("workflows:run", args=[run.number])
        yield Found(f"{run.ref} {run.workflow.title}", url, "player-track-next", run.get_status_display())


searcher(Searcher(key="workflows.runs", title="Workflow runs", search=_runs, permission=WORKFLOWS_VIEW, order=28))
