"""The widget of an industry: declared by one of its blueprints, made of the latest run that succeeded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from apps.accounts.models import User
from apps.common.industries import industries
from apps.tenants.context import forget
from apps.tenants.models import Tenant
from apps.workflows.blueprints import WidgetFile, blueprints
from apps.workflows.industry_widgets import SHOWN, industry_widget, widget_of
from apps.workflows.models import WorkflowRun
from tests.workflows.conftest import MakeWorkflow, Work
from tests.workflows.test_pump import Start

LOADS = WidgetFile(
    title="Loads", list="loads", label="name", value="percent", unit=" %", limit=85, beyond="near", empty="None."
)


BLUEPRINT = blueprints()["finance.card_peaks"]


def run_of(outputs: Any) -> WorkflowRun:
    return WorkflowRun(outputs=outputs)


def test_each_industry_has_one_widget() -> None:
    declared = Counter(each.industry for each in blueprints().values() if each.said.widget is not None)
    assert declared == dict.fromkeys(set(industries()) - {"dummy"}, 1)


def test_bars_are_in_order_of_size_and_those_beyond_the_limit_are_marked() -> None:
    rows = [{"name": f"Channel {n}", "percent": 10 * n} for n in range(1, 11)]
    found = widget_of(LOADS, BLUEPRINT, run_of({"loads": rows}))
    assert [bar.label for bar in found.bars] == [f"Channel {n}" for n in range(10, 4, -1)]
    assert ([bar.is_beyond for bar in found.bars], found.beyond, found.more) == (
        [True, True] + [False] * 4,
        2,
        10 - SHOWN,
    )
    assert (found.bars[0].value, found.bars[0].share, found.bars[1].share) == ("100 %", 100.0, 90.0)


def test_of_a_least_the_smallest_come_first() -> None:
    said = LOADS.model_copy(update={"least": True, "limit": 1.33, "unit": ""})
    found = widget_of(
        said, BLUEPRINT, run_of({"loads": [{"name": "A", "percent": 2.0}, {"name": "B", "percent": 1.1}]})
    )
    assert [(bar.label, bar.is_beyond) for bar in found.bars] == [("B", True), ("A", False)]


@pytest.mark.parametrize("outputs", [None, {}, {"loads": "none"}, {"other": []}])
def test_outputs_of_another_form_are_no_widget(outputs: Any) -> None:
    assert widget_of(LOADS, BLUEPRINT, run_of(outputs)).run is None


def test_rows_without_a_number_are_left_out() -> None:
    rows = [
        {"name": "A", "percent": None},
        {"name": "B", "percent": True},
        {"percent": 3},
        "C",
        {"name": "D", "percent": 3},
    ]
    found = widget_of(LOADS, BLUEPRINT, run_of({"loads": rows}))
    assert [bar.label for bar in found.bars] == ["D"]


def test_the_dashboard_has_the_widget_of_the_tenants_own_industry(
    acme: Tenant,
    builder: User,
    workflow: MakeWorkflow,
    start: Start,
    worked: Work,
    client_for: Callable[..., Client],
    django_assert_num_queries: Any,
) -> None:
    Tenant.objects.filter(pk=acme.pk).update(industry="retail")
    forget()
    acme.industry = "retail"
    page = client_for(builder)
    empty = industry_widget(who=builder)
    assert empty is not None
    assert empty.run is None
    steps = {
        "orders": {"kind": "transform", "set": {"rows": [{"item": "Tea", "units": 30}, {"item": "Milk", "units": 90}]}}
    }
    made = workflow(steps, name="weekly-demand-review-2", outputs={"orders": "${steps.orders.rows}"})
    other = workflow(steps, name="weekly-demand-reviewed", outputs={"orders": []})
    start(made)
    start(other)
    worked("flow")
    industry_widget(who=builder)  # the tenant's schema is looked at from here on
    with django_assert_num_queries(1):
        found = industry_widget(who=builder)
    assert found is not None
    assert [(bar.label, bar.value) for bar in found.bars] == [("Milk", "90 units"), ("Tea", "30 units")]
    shown = page.get("/").content.decode()
    assert "What to order most of" in shown
    assert "90 units" in shown
    Tenant.objects.filter(pk=acme.pk).update(industry="tech")
    forget()
    assert "What to order most of" not in page.get("/").content.decode()
