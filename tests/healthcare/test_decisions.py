"""What the Drug Checker decides of each patient."""

from __future__ import annotations

from typing import Any

import pytest

from apps.common.actions import ACTIONS
from apps.common.decisions import Decision
from apps.healthcare.agents.drug_checker import DrugChecker, DrugSettings
from apps.healthcare.agents.drug_report import VERDICTS
from apps.healthcare.analytics.fhir import NOTICE
from tests.healthcare.tables import run

AGENT = DrugChecker()


def decided(data: dict[str, Any], **settings: Any) -> list[Decision]:
    return AGENT.decide(run(data), DrugSettings.model_validate(settings))


def test_every_verdict_of_the_report_is_one_of_the_agents() -> None:
    assert {verdict.replace(" ", "_") for verdict in VERDICTS} == set(AGENT.verdicts)
    assert all(verdict.needs for verdict in AGENT.verdicts.values())


@pytest.mark.parametrize("example", DrugChecker.examples, ids=lambda example: str(example.title))
def test_what_is_proposed_can_be_done_and_every_decision_says_to_verify_it(example: Any) -> None:
    for decision in decided(example.input, workflow="ask-a-pharmacist"):
        assert decision.verdict in AGENT.verdicts
        assert decision.caveat == NOTICE
        for action in decision.actions:
            ACTIONS[action.kind].parse(action.arguments)


def test_an_unknown_name_weighs_more_than_a_serious_finding_and_less_than_a_contraindication() -> None:
    (decision,) = decided({"medications": "warfarin; ibuprofen; zinkorol"})
    assert decision.verdict == "major"
    assert decision.reasons[0].text.startswith("“zinkorol” is not known and was not checked")
    assert decision.reasons[0].evidence[0].path == "medications.2"
    assert decision.reasons[1].text.startswith("Major: ibuprofen and warfarin") or decision.reasons[1].text.startswith(
        "Major: warfarin and ibuprofen"
    )
    assert decision.reasons[1].evidence[0].key
    assert any(evidence.source for evidence in decision.reasons[1].evidence)


def test_a_list_of_unknown_names_is_incomplete_and_never_safe() -> None:
    (decision,) = decided({"medications": "zinkorol"})
    assert decision.verdict == "incomplete"
    assert "does not make it safe" in decision.reasons[0].text


def test_it_says_which_drug_could_go() -> None:
    (decision,) = decided({"medications": "warfarin; ibuprofen; paracetamol"})
    assert {each.title for each in decision.alternatives} >= {"Without warfarin", "Without ibuprofen"}
    assert "Without paracetamol" not in {each.title for each in decision.alternatives}


def test_patients_come_with_those_to_look_at_first_on_top() -> None:
    rows = [
        {"patient": "calm", "drug": "paracetamol"},
        {"patient": "bleeds", "drug": "warfarin"},
        {"patient": "bleeds", "drug": "ibuprofen"},
    ]
    assert [(each.subject, each.verdict) for each in decided({"patients": {"rows": rows}})] == [
        ("bleeds", "major"),
        ("calm", "nothing_known"),
    ]


@pytest.mark.parametrize(("drugs", "proposed"), [("warfarin; ibuprofen", True), ("paracetamol", False)])
def test_the_workflow_of_the_organisation_is_proposed_for_serious_verdicts_alone(drugs: str, proposed: bool) -> None:
    (decision,) = decided({"medications": drugs}, workflow="ask-a-pharmacist")
    assert ("workflows.start" in {action.kind for action in decision.actions}) is proposed
    assert "workflows.start" not in {action.kind for each in decided({"medications": drugs}) for action in each.actions}
