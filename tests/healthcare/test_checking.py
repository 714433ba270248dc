"""What is known against drugs and patients, kind by kind."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.healthcare.analytics import names
from apps.healthcare.analytics.checking import Checked, Patient, check, interactions
from apps.healthcare.analytics.findings import Finding
from apps.healthcare.analytics.knowledge import knowledge
from apps.healthcare.analytics.renal import Kidney
from apps.healthcare.analytics.severity import RANK, softened

KNOWN = knowledge()


def checked(*entries: str, **patient: Any) -> Checked:
    return check([names.read(entry, KNOWN) for entry in entries], Patient(**patient), KNOWN)


def about(found: Checked, kind: str, *drugs: str) -> Finding:
    """The finding of this kind about these drugs."""
    (finding,) = [each for each in found.findings if each.kind == kind and set(each.drugs) == set(drugs)]
    return finding


@pytest.mark.parametrize(
    ("one", "other", "severity"),
    [
        ("simvastatin", "clarithromycin", "contraindicated"),  # a strong inhibitor counts in full
        ("triazolam", "erythromycin", "major"),  # a moderate one a step less
        ("triazolam", "cimetidine", "moderate"),  # a weak one two
        ("rivaroxaban", "rifampin", "major"),
        ("theophylline", "ciprofloxacin", "major"),
        ("digoxin", "amiodarone", "major"),
        ("metformin", "cimetidine", "moderate"),
        ("omeprazole", "fluoxetine", "minor"),
    ],
)
def test_enzymes_and_transporters_count_by_strength(one: str, other: str, severity: str) -> None:
    (finding,) = interactions([one, other], KNOWN)
    assert finding.severity == severity
    assert finding.sources


def test_severities_fall_by_steps_and_end() -> None:
    assert [softened("major", steps) for steps in range(4)] == ["major", "moderate", "minor", None]


def test_a_pair_is_told_once_with_the_gravest_first() -> None:
    found = checked("clopidogrel", "omeprazole")
    finding = about(found, "interaction", "clopidogrel", "omeprazole")
    assert finding.severity == "major"
    assert finding.further == ("Less of its active form, and clots (moderate)",)


def test_findings_come_in_order_of_weight() -> None:
    found = checked("warfarin", "ibuprofen", "simvastatin", "clarithromycin", "lisinopril", age=80)
    ranks = [RANK[each.severity] for each in found.findings]
    assert ranks == sorted(ranks)
    assert ranks[0] < ranks[-1]


def test_drugs_that_one_product_holds_are_meant_together() -> None:
    assert interactions(["dextromethorphan", "quinidine"], KNOWN)
    assert not checked("Nuedexta").findings


def test_a_drug_that_is_there_twice_and_two_of_a_class_are_duplicates() -> None:
    found = checked("Tylenol", "Percocet", "ramipril", "lisinopril")
    assert about(found, "duplicate", "paracetamol").severity == "moderate"
    assert "ACE inhibitors" in about(found, "duplicate", "ramipril", "lisinopril").effect


def test_two_insulins_are_no_duplicate() -> None:
    assert not checked("insulin glargine", "insulin lispro").findings


@pytest.mark.parametrize(
    ("allergy", "drug", "severity"),
    [
        ("penicillin", "amoxicillin", "contraindicated"),
        ("Allergy to penicillins", "flucloxacillin", "contraindicated"),
        ("amoxicillin", "amoxicillin", "contraindicated"),
        ("Amoxil", "ampicillin", "contraindicated"),
        ("penicillin", "cephalexin", "moderate"),
        ("penicillin", "ceftriaxone", "minor"),
        ("sulfa", "sulfamethoxazole", "contraindicated"),
        ("sulfa", "furosemide", "minor"),
        ("aspirin", "ibuprofen", "contraindicated"),
        ("aspirin", "celecoxib", "moderate"),
        ("phenytoin", "carbamazepine", "major"),
        ("codeine", "morphine", "contraindicated"),
        ("codeine", "fentanyl", "minor"),
        ("statins", "rosuvastatin", "contraindicated"),
        ("clindamycin", "clindamycin", "contraindicated"),
        ("ACE inhibitor angioedema", "losartan", "moderate"),
    ],
)
def test_allergies_reach_as_far_as_families_do(allergy: str, drug: str, severity: str) -> None:
    assert about(checked(drug, allergies=(allergy,)), "allergy", drug).severity == severity


def test_an_allergy_that_names_nothing_known_is_told() -> None:
    found = checked("amoxicillin", allergies=("cats", "latex"))
    assert found.unknown_allergies == ("cats", "latex")
    assert not found.findings


def test_an_allergy_of_another_family_is_no_finding() -> None:
    assert not checked("azithromycin", allergies=("penicillin",)).findings


def test_conditions_rule_drugs_out_by_any_of_their_names() -> None:
    for name in ("asthma", "Asthma "):
        assert about(checked("propranolol", conditions=(name,)), "contraindication", "propranolol").about == "asthma"
    found = checked("verapamil", conditions=("CHF", "broken heart"))
    assert found.findings[0].severity == "contraindicated"
    assert found.unknown_conditions == ("broken heart",)


def test_pregnancy_rules_drugs_out() -> None:
    found = checked("warfarin", "lisinopril", "amoxicillin", sex="female", pregnant=True)
    severities = {each.drugs[0]: each.severity for each in found.findings if each.kind == "contraindication"}
    assert severities == {"warfarin": "contraindicated", "lisinopril": "major"}


@pytest.mark.parametrize(("age", "told"), [(None, 0), (40, 0), (64.9, 0), (65, 1), (90, 1)])
def test_age_counts_from_its_first_year_on(age: float | None, told: int) -> None:
    assert len(checked("diazepam", age=age).findings) == told


@pytest.mark.parametrize(("age", "severity"), [(1, "contraindicated"), (11.9, "contraindicated"), (12, None)])
def test_codeine_is_no_drug_for_children(age: float, severity: str | None) -> None:
    found = checked("codeine", age=age)
    assert (found.findings[0].severity if found.findings else None) == severity


@pytest.mark.parametrize(
    ("egfr", "severity"), [(60, None), (45, None), (44, "moderate"), (30, "moderate"), (29, "contraindicated")]
)
def test_a_dose_goes_by_the_lowest_step_that_applies(egfr: float, severity: str | None) -> None:
    found = checked("metformin", kidney=Kidney(egfr=egfr))
    assert (found.findings[0].severity if found.findings else None) == severity
    assert found.undosed == ()


def test_doses_are_not_silently_passed_over_without_a_kidney_function() -> None:
    assert checked("metformin", "gabapentin", "amlodipine").undosed == ("gabapentin", "metformin")


def test_an_unknown_drug_is_never_a_clean_verdict() -> None:
    assert checked("amlodipine").verdict == "nothing known"
    found = checked("amlodipine", "zinkorol")
    assert found.verdict == "incomplete"
    assert [each.entered for each in found.unknown] == ["zinkorol"]


def test_a_serious_finding_outweighs_an_unknown_name() -> None:
    assert checked("warfarin", "ibuprofen", "zinkorol").verdict == "major"


DRUGS = st.lists(st.sampled_from(sorted(KNOWN.drugs)), min_size=2, max_size=8, unique=True)


@settings(max_examples=60, deadline=None)
@given(drugs=DRUGS)
def test_a_list_holds_what_its_pairs_do_whatever_their_order(drugs: list[str]) -> None:
    def of(found: list[Finding]) -> set[tuple[frozenset[str], str]]:
        return {(frozenset(each.drugs), each.severity) for each in found}

    together = of(interactions(drugs, KNOWN))
    assert together == of(interactions(reversed(drugs), KNOWN))
    assert together == of([each for pair in combinations(drugs, 2) for each in interactions(pair, KNOWN)])


@settings(max_examples=30, deadline=None)
@given(drugs=DRUGS)
def test_every_finding_can_be_told_whole(drugs: list[str]) -> None:
    for each in checked(*drugs, age=70, kidney=Kidney(egfr=12)).findings:
        assert all((each.effect, each.mechanism, each.management, each.evidence, each.sources)), each
        assert not each.effect.endswith("."), each
        assert not each.management.endswith("."), each
        assert "{" not in each.management, each
