"""A run as its own page and the page of its agent show it."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils import timezone

from apps.agents import pulse, selectors
from apps.agents.decided import decided_context, feedback_context
from apps.agents.finding import agent_of
from apps.agents.models import AgentRun
from apps.agents.permissions import AGENTS_RUN, RUNS_CANCEL
from apps.common.permissions import Principal
from apps.common.widgets import TableWidget
from apps.console.tables import TableView


def run_context(who: Principal, request: HttpRequest, run: AgentRun) -> dict[str, Any]:
    """How a run stands, what was decided, and its result once it is there: the tables as the query string asks."""
    agent = agent_of(run.agent_key, run.agent_version)
    context: dict[str, Any] = {
        "run": run,
        "agent": agent,
        "can_cancel": who.can(RUNS_CANCEL),
        "can_run": who.can(AGENTS_RUN),
        "slow": run.is_open and timezone.now() - run.created_at > pulse.SLOW,
    }
    if run.verdict:
        context |= decided_context(who, request, run)
    elif run.status == AgentRun.Status.SUCCEEDED:
        context |= feedback_context(who, run)
    if run.status == AgentRun.Status.SUCCEEDED and agent:
        context |= _result(request, run)
    return context


def _result(request: HttpRequest, run: AgentRun) -> dict[str, Any]:
    agent, report = selectors.run_report(run)
    widgets = agent.present(report)
    tables = {w.key: TableView(w, request) for w in widgets if isinstance(w, TableWidget)}
    chosen = next((table for table in tables.values() if table.widget.row_key), None)
    row = request.GET.get("row") or (chosen.first_key() if chosen else "")
    return {
        "widgets": [tables[w.key] if isinstance(w, TableWidget) else w for w in widgets],
        "row": row,
        "detail": agent.detail(report, row) if row else [],
    }
