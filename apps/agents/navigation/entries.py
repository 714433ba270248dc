"""The entries of agents and runs, what the palette finds of them, and their use of a dataset."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlencode

from django.http import HttpRequest
from django.urls import reverse

from apps.agents import decisions, selectors
from apps.agents.finding import agent_shown
from apps.agents.permissions import AGENTS_VIEW, RUNS_VIEW
from apps.common.permissions import Principal
from apps.console.account_links import AccountLink, account_link
from apps.console.navigation import Count, NavItem, nav_item
from apps.console.palette import PER_SEARCHER, Found, Searcher, searcher
from apps.console.tallies import tally
from apps.datasets.models import Dataset
from apps.datasets.uses import USES, Use


def _who(request: HttpRequest) -> Principal:
    return request.user  # type: ignore[return-value]  # the shell asks for people who are signed in


account_link(
    AccountLink(
        key="agents.drift_mails",
        title="Mails about drift",
        view="agents:drift-mails",
        icon="activity",
        permission=RUNS_VIEW,
    )
)
_open = tally("agents.open", lambda request: selectors.runs_open_query(who=_who(request)), permission=RUNS_VIEW)
nav_item(
    NavItem(
        key="agents.runs",
        title="Agent runs",
        url="agents:runs",
        icon="player-play",
        group="Operate",
        summary="Every run of an agent: what goes on, and how it ended",
        permission=RUNS_VIEW,
        order=20,
        letter="r",
        tab=2,
        count=Count(_open, "queued or running"),
    )
)
_waiting = tally("agents.waiting", lambda request: decisions.decisions_waiting(who=_who(request)), permission=RUNS_VIEW)
nav_item(
    NavItem(
        key="agents.decisions",
        title="Decisions",
        url="agents:decisions",
        icon="gavel",
        group="Operate",
        summary="What agents decided, and what people hold of it",
        permission=RUNS_VIEW,
        order=14,
        letter="v",
        count=Count(_waiting, "waiting for a person", hot=True),
    )
)
nav_item(
    NavItem(
        key="agents.agents",
        title="Agents",
        url="agents:agents",
        icon="robot",
        group="Build",
        summary="What works on your data, and how well it does",
        permission=AGENTS_VIEW,
        order=20,
        letter="a",
        tab=4,
    )
)


def _agents(request: HttpRequest, text: str) -> Iterator[Found]:
    for agent in selectors.agents_list(who=_who(request), search=text):
        yield Found(agent.title, reverse("agents:agent", args=[agent.key]), agent.icon, agent.summary)


def _runs(request: HttpRequest, text: str) -> Iterator[Found]:
    narrow = selectors.RunFilter(search=text)
    for run in selectors.runs_page(who=_who(request), narrow=narrow, size=PER_SEARCHER).runs:
        agent = agent_shown(run.agent_key)
        said = " · ".join(filter(None, (run.get_status_display(), run.source)))
        title = f"{run.ref} {agent.title if agent else run.agent_key}"
        yield Found(title, reverse("agents:run", args=[run.number]), "player-play", said)


searcher(Searcher(key="agents.agents", title="Agents", search=_agents, permission=AGENTS_VIEW, order=20))
searcher(Searcher(key="agents.runs", title="Agent runs", search=_runs, permission=RUNS_VIEW, order=30))


def _uses(request: HttpRequest, dataset: Dataset) -> Iterator[Use]:
    """Every agent that takes a table may be tried on a dataset: whether it fits, the agent says."""
    if not _who(request).can(AGENTS_VIEW):
        return
    for agent in selectors.agents_list(who=_who(request)):
        if agent.table_field:
            url = reverse("agents:agent", args=[agent.key])
            chosen = urlencode({f"{agent.table_field}.dataset": dataset.pk})
            yield Use(agent.title, f"{url}?{chosen}", agent.icon, agent.summary)


USES.register("agents.agents", _uses)
