"""FHIR in and out, and CDS Hooks cards."""

from __future__ import annotations

import copy
from datetime import date
from typing import Any

import pytest

from apps.common.errors import InvalidInput
from apps.healthcare.analytics import bundle, examples, fhir
from apps.healthcare.analytics.fhir import NOTICE
from tests.healthcare.tables import run

TODAY = date(2026, 11, 25)
FIRST, SIXTH = "bundle.entry.1.resource", "bundle.entry.5.resource"
GRAVE = {"medications": "warfarin; ibuprofen; zinkorol", "allergies": "ibuprofen", "age": 80, "pregnant": False}


def issues_of(data: dict[str, Any]) -> list[dict[str, Any]]:
    return run(data).patients[0].detected_issues


def test_an_issue_has_what_the_resource_requires() -> None:
    found = issues_of({"medications": "warfarin; ibuprofen; diazepam; lisinopril", "allergies": "ibuprofen", "age": 80})
    assert found
    for issue in found:
        assert issue["resourceType"] == "DetectedIssue"
        assert issue["status"] in {"registered", "preliminary", "final", "amended", "corrected", "cancelled"}
        assert issue["severity"] in {"high", "moderate", "low"}
        (coding,) = issue["code"]["coding"]
        assert coding["system"] == "http://terminology.hl7.org/CodeSystem/v3-ActCode"
        assert issue["identifiedDateTime"] == "2026-11-25T12:00:00+00:00"
        assert all(set(each) <= {"display", "reference"} and each["display"] for each in issue["implicated"])
        assert all(each["action"]["text"] for each in issue["mitigation"])
        assert all(each["code"][0]["text"] for each in issue["evidence"])
        assert issue["detail"].endswith(NOTICE)


def test_codes_tell_kinds_apart() -> None:
    data = {
        "medications": "warfarin; ibuprofen; diazepam; metformin; ramipril; lisinopril; valproate",
        "allergies": "ibuprofen",
        "conditions": "peptic ulcer",
        "age": 70,
        "sex": "female",
        "pregnant": True,
        "egfr": 20,
    }
    codes = {issue["code"]["coding"][0]["code"] for issue in issues_of(data)}
    assert codes == {"DRG", "DUPTHPY", "ALGY", "COND", "DOSECOND", "PREG", "AGE"}


def test_an_issue_leads_to_the_request_that_it_is_about() -> None:
    found = issues_of({"bundle": examples.bundle()})
    implicated = {each["display"]: each["reference"] for issue in found for each in issue["implicated"]}
    assert implicated == {
        "warfarin": "MedicationRequest/m1",
        "fluconazole": "MedicationRequest/m2",
        "trimethoprim": "MedicationRequest/m3",
        "methotrexate": "MedicationRequest/m4",
    }


def test_a_card_has_what_cds_hooks_requires() -> None:
    cards = run(GRAVE).patients[0].cards
    assert {card["indicator"] for card in cards} >= {"critical", "warning"}
    for card in cards:
        assert 0 < len(card["summary"]) < 140
        assert card["indicator"] in {"info", "warning", "critical"}
        assert NOTICE in card["source"]["label"]
        assert NOTICE in card["detail"]


def test_what_is_unknown_is_the_first_card() -> None:
    first = run(GRAVE).patients[0].cards[0]
    assert first["indicator"] == "warning"
    assert "zinkorol" in first["summary"]


def test_a_long_summary_is_cut_in_words_that_fit() -> None:
    unknown = run({"medications": [f"unheard-of {number} " + "x" * 50 for number in range(3)]}).patients[0]
    assert len(unknown.cards[0]["summary"]) == fhir.MOST_SUMMARY


def entry(resource: dict[str, Any]) -> dict[str, Any]:
    return {"resource": resource}


def request(**fields: Any) -> dict[str, Any]:
    concept = {"text": "warfarin"}
    return {"resourceType": "MedicationRequest", "status": "active", "medicationCodeableConcept": concept} | fields


def collected(*resources: dict[str, Any]) -> dict[str, Any]:
    return {"resourceType": "Bundle", "type": "collection", "entry": [entry(each) for each in resources]}


def test_a_bundle_holds_patient_drugs_kidney_and_allergy() -> None:
    found = bundle.unbundled(examples.bundle(), TODAY)
    assert [words[0] for words, _ in found.medications] == ["11289", "4450", "10829", "6851"]
    assert (found.age, found.sex, found.creatinine, found.allergies) == (75, "female", 1.1, ["Penicillin"])


def test_a_medication_may_be_named_by_reference_or_contained() -> None:
    medication = {"resourceType": "Medication", "id": "a", "code": {"text": "ibuprofen"}}
    by_reference = request(medicationReference={"reference": "Medication/a"})
    del by_reference["medicationCodeableConcept"]
    held = {**by_reference, "contained": [{**medication, "id": "b"}], "medicationReference": {"reference": "#b"}}
    found = bundle.unbundled(collected(medication, by_reference, held), TODAY)
    assert [words for words, _ in found.medications] == [["ibuprofen"], ["ibuprofen"]]


def test_a_code_of_a_product_is_read_by_its_text() -> None:
    rxnorm = {"system": fhir.RXNORM, "code": "855332", "display": "warfarin sodium 5 MG Oral Tablet"}
    found = run({"bundle": collected(request(medicationCodeableConcept={"coding": [rxnorm]}))})
    assert found.patients[0].names[0].drugs == ["warfarin"]


def test_requests_that_ended_are_left_out_and_told() -> None:
    ended = request(status="stopped", medicationCodeableConcept={"text": "ibuprofen"})
    report = run({"bundle": collected(request(), ended)}).patients[0]
    assert [name.entered for name in report.names] == ["warfarin"]
    assert "ibuprofen is left out: its MedicationRequest is stopped." in report.not_checked


@pytest.mark.parametrize(
    ("change", "path"),
    [
        (lambda b: b.update(resourceType="Patient"), "bundle.resourceType"),
        (lambda b: b.update(entry=[]), "bundle.entry"),
        (lambda b: b.update(entry="many"), "bundle.entry"),
        (lambda b: b["entry"].insert(1, {"no": "resource"}), "bundle.entry.1.resource"),
        (lambda b: b["entry"][1]["resource"].pop("status"), f"{FIRST}.status"),
        (lambda b: b["entry"][1]["resource"].pop("medicationCodeableConcept"), f"{FIRST}.medicationCodeableConcept"),
        (lambda b: b["entry"][0]["resource"].update(birthDate="soon"), "bundle.entry.0.resource.birthDate"),
        (lambda b: b["entry"][0]["resource"].update(birthDate="1850-01-01"), "bundle.entry.0.resource.birthDate"),
        (lambda b: b["entry"].append(entry({"resourceType": "Patient"})), "bundle.entry.7.resource"),
        (lambda b: b["entry"][5]["resource"].pop("valueQuantity"), f"{SIXTH}.valueQuantity"),
        (lambda b: b["entry"][5]["resource"]["valueQuantity"].update(code="g"), f"{SIXTH}.valueQuantity"),
        (lambda b: b.update(entry=b["entry"][:1]), "bundle.entry"),
        (lambda b: b.update(entry=b["entry"] * 500), "bundle.entry"),
    ],
)  # fmt: skip
def test_a_bundle_that_cannot_be_used_is_refused_at_its_place(change: Any, path: str) -> None:
    spoilt = copy.deepcopy(examples.bundle())
    change(spoilt)
    with pytest.raises(InvalidInput) as caught:
        bundle.unbundled(spoilt, TODAY)
    assert [issue.path for issue in caught.value.issues] == [path]
