"""What the Demand Forecaster decides of each item."""

from __future__ import annotations

from typing import Any

import pytest

from apps.common.actions import ACTIONS
from apps.common.decisions import Decision
from apps.retail.agents.demand_forecaster import DemandForecaster, DemandInput, DemandSettings
from tests.retail.test_demand_forecaster import context, odd_rows

AGENT = DemandForecaster()


def decided(data: dict[str, Any], **settings: Any) -> list[Decision]:
    chosen = DemandSettings.model_validate(settings)
    return AGENT.decide(AGENT.run(DemandInput.model_validate(data), chosen, context()), chosen)


@pytest.mark.parametrize("example", DemandForecaster.examples, ids=lambda example: str(example.title))
def test_every_item_is_decided_on_and_what_is_proposed_can_be_done(example: Any) -> None:
    found = decided(example.input, workflow="plan-by-hand")
    assert len({decision.subject for decision in found}) == len(found)
    for decision in found:
        assert decision.verdict in AGENT.verdicts
        assert decision.reasons[0].weight == max(reason.weight for reason in decision.reasons)
        for action in decision.actions:
            ACTIONS[action.kind].parse(action.arguments)


def test_what_cannot_be_planned_by_comes_first() -> None:
    found = {each.subject: each for each in decided({"history": {"rows": odd_rows()}}, workflow="plan-by-hand")}
    assert next(iter(found)) == "never"
    assert found["never"].verdict == "no_forecast"
    assert found["new"].verdict == "weak"
    assert "too short to test" in found["new"].summary
    assert found["never"].actions[0].kind == "workflows.start"


def test_the_organisation_says_what_is_weak() -> None:
    data = DemandForecaster.examples[0].input
    strict = [each for each in decided(data, weak=0.5) if each.verdict == "weak"]
    easy = [each for each in decided(data, weak=10) if each.verdict == "weak"]
    assert len(strict) > len(easy)
    scale = strict[0].scale
    assert scale is not None
    assert [band.title for band in scale.bands] == ["Usable", "Weak"]


def test_an_item_that_never_changed_has_no_error_to_measure() -> None:
    rows = [{"sku": "flat", "month": f"{year}-{n:02d}", "qty": 5} for year in (2022, 2023, 2024) for n in range(1, 13)]
    (decision,) = decided({"history": {"rows": rows}})
    assert decision.score is None
    assert decision.verdict == "check"
    assert "never changed" in decision.summary
