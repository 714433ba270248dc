"""The widget of an industry on the dashboard: what the latest run of one of its workflows came to, as bars.

A blueprint declares it (`widget` of its file), as only the industry knows what of its outputs is worth a glance.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from django.db.models import Q

from apps.common import formats
from apps.common.operators import is_number
from apps.common.permissions import Principal, demand
from apps.tenants.context import current_tenant
from apps.workflows.blueprints import Blueprint, WidgetFile, blueprints
from apps.workflows.models import WorkflowRun
from apps.workflows.permissions import WORKFLOWS_VIEW

SHOWN: Final = 6


@dataclass(frozen=True)
class Bar:
    label: str
    value: str
    share: float
    """Of the largest, or of the limit where that is larger, in percent."""
    is_beyond: bool
    """Whether it is beyond the limit."""


@dataclass(frozen=True)
class IndustryWidget:
    said: WidgetFile
    blueprint: Blueprint
    run: WorkflowRun | None = None
    """None until a workflow of the blueprint has succeeded."""
    bars: list[Bar] = field(default_factory=list)
    more: int = 0
    beyond: int = 0
    """How many of all lie beyond the limit."""


def industry_widget(*, who: Principal) -> IndustryWidget | None:
    """The widget of the current tenant's own industry; None where it has none. One statement."""
    demand(who, WORKFLOWS_VIEW)
    blueprint = next((each for each in blueprints().values() if _is_of(each, current_tenant().industry)), None)
    if blueprint is None or blueprint.said.widget is None:
        return None
    name = blueprint.definition.name
    runs = WorkflowRun.objects.filter(Q(workflow__name=name) | Q(workflow__name__startswith=f"{name}-"))
    succeeded = runs.filter(status=WorkflowRun.Status.SUCCEEDED).select_related("workflow").order_by("-id")
    run = succeeded.only("number", "outputs", "finished_at", "workflow__title", "workflow__name").first()
    return widget_of(blueprint.said.widget, blueprint, run)


def widget_of(said: WidgetFile, blueprint: Blueprint, run: WorkflowRun | None) -> IndustryWidget:
    """What a run came to; as if there were none where its outputs are not those of the blueprint any more."""
    rows = (run.outputs or {}).get(said.list) if run is not None else None
    if run is None or not isinstance(rows, list):
        return IndustryWidget(said, blueprint)
    told = [(str(row[said.label]), row[said.value]) for row in rows if _is_row(row, said)]
    told.sort(key=lambda each: each[1], reverse=not said.least)
    most = max([abs(value) for _, value in told] + [abs(said.limit or 0)], default=0) or 1
    bars = [_bar(label, value, said, most) for label, value in told]
    beyond = sum(bar.is_beyond for bar in bars)
    return IndustryWidget(said, blueprint, run, bars[:SHOWN], max(0, len(bars) - SHOWN), beyond)


def _is_of(blueprint: Blueprint, industry: str) -> bool:
    return blueprint.industry == industry and blueprint.said.widget is not None


def _is_row(row: Any, said: WidgetFile) -> bool:
    return isinstance(row, dict) and said.label in row and is_number(row.get(said.value))


def _bar(label: str, value: float, said: WidgetFile, most: float) -> Bar:
    beyond = said.limit is not None and (value < said.limit if said.least else value >= said.limit)
    text = f"{formats.number(value)}{said.unit}"
    return Bar(label, text, round(100 * abs(value) / most, 1), beyond)
