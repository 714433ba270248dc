"""What the Quality Inspector decides of each characteristic, gauge and lot."""

from __future__ import annotations

from typing import Any

import pytest

from apps.common.actions import ACTIONS
from apps.common.decisions import Decision
from apps.manufacturing.agents.quality_inspector import QualityInput, QualityInspector, QualitySettings
from tests.manufacturing.tables import AGENT, context

EXAMPLES = {example.title: example.input for example in QualityInspector.examples}


def decided(data: dict[str, Any], **settings: Any) -> list[Decision]:
    chosen = QualitySettings.model_validate(settings)
    return AGENT.decide(AGENT.run(QualityInput.model_validate(data), chosen, context()), chosen)


@pytest.mark.parametrize("title", EXAMPLES)
def test_what_is_decided_and_proposed_is_known_to_the_platform(title: str) -> None:
    for decision in decided(EXAMPLES[title], workflow="contain-it"):
        assert decision.verdict in AGENT.verdicts
        assert decision.reasons
        for action in decision.actions:
            ACTIONS[action.kind].parse(action.arguments)


def test_a_process_is_judged_by_the_worst_that_its_charts_and_its_capability_say() -> None:
    (decision,) = decided(EXAMPLES["Bore diameters"])
    assert decision.verdict == "out_of_control"
    assert decision.score is not None
    assert decision.scale is not None
    assert [band.title for band in decision.scale.bands] == ["Not capable", "Barely capable", "Capable"]
    assert decision.scale.bands[1].upto == QualitySettings().capable
    assert "no capability of its own" in decision.caveat
    assert decision.reasons[0].evidence[0].key == decision.subject


def test_a_stable_process_that_is_not_capable_says_so() -> None:
    rows = [{"value": 10 + (0.1 if n % 2 else -0.1) + 0.01 * (n % 5)} for n in range(60)]
    (decision,) = decided({"data": {"rows": rows}, "lower_spec": 9.95, "upper_spec": 10.05})
    assert decision.verdict in {"not_capable", "out_of_control"}
    assert decision.score is not None
    assert decision.score < 1


def test_a_gauge_is_held_against_the_limits_of_the_manual() -> None:
    (decision,) = decided(EXAMPLES["Gauge study"])
    assert decision.verdict == "gauge_marginal"
    assert [threshold.value for threshold in decision.thresholds] == [10.0, 30.0, 5]
    assert sum(reason.weight for reason in decision.reasons) > 0
    assert "by average and range" in decision.alternatives[0].title


def test_lots_to_reject_come_first_with_their_plan() -> None:
    found = decided(EXAMPLES["Incoming lots"], workflow="send-it-back")
    assert [each.verdict for each in found[:2]] == ["reject", "reject"]
    assert found[0].actions[0].arguments["inputs"]["subject"] == found[0].subject
    assert found[0].reasons[0].evidence[0].source.startswith("ISO 2859-1")
    assert not found[-1].actions


def test_a_reduced_plan_says_how_far_it_was_checked() -> None:
    rows = [{"lot": "A", "lot_size": 1000, "defects": 0}]
    (reduced,) = decided({"data": {"rows": rows}, "severity": "reduced"})
    assert "against the standard" in reduced.caveat
    (normal,) = decided({"data": {"rows": rows}})
    assert normal.caveat == ""


def test_kinds_of_defects_are_no_decision() -> None:
    assert decided(EXAMPLES["Kinds of defects"]) == []
