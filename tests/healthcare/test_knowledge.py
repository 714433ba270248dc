"""The knowledge base as a whole: sourced, without loose ends, and large enough for a usual list."""

from __future__ import annotations

import re
import shutil
from collections import Counter
from pathlib import Path

import pytest
import yaml

from apps.healthcare.analytics import knowledge as base
from apps.healthcare.analytics.knowledge import KnowledgeFault, knowledge

KNOWN = knowledge()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the files to spoil."""
    return Path(shutil.copytree(base.FOLDER, tmp_path / "knowledge"))


def spoil(folder: Path, file: str, before: str, after: str) -> KnowledgeFault:
    path = folder / file
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after, 1))
    with pytest.raises(KnowledgeFault) as caught:
        base.load(folder)
    return caught.value


def test_several_hundred_drugs_are_known() -> None:
    assert len(KNOWN.drugs) >= 700
    assert len(KNOWN.synonyms) >= 1_500
    assert len(KNOWN.pairs) >= 150


def test_every_rule_has_a_source_that_is_described() -> None:
    sources = {source for rule in KNOWN.pairs for source in rule.sources}
    sources |= {system.source for system in KNOWN.systems} | {each.source for each in KNOWN.doses}
    sources |= {care[-1] for condition in KNOWN.conditions.values() for care in condition.rules}
    sources |= {care[-1] for population in KNOWN.populations for care in population.rules}
    assert sources <= KNOWN.sources.keys()
    for source in KNOWN.sources.values():
        assert source["url"].startswith("https://")


def test_every_rule_can_come_to_pass() -> None:
    for rule in KNOWN.pairs:
        assert rule.first, rule.key
        assert rule.second, rule.key
        assert len(rule.first | rule.second) > 1, rule.key


def test_every_class_that_is_made_of_others_is_used() -> None:
    composed = set(yaml.safe_load((base.FOLDER / "classes.yaml").read_text()))
    text = "".join(path.read_text() for path in base.FOLDER.rglob("*.yaml"))
    duplicates = {key for key in composed if KNOWN.classes[key].duplicate}
    used = Counter(re.findall(r"\w+", text))
    # Its own line, and one more where it is used.
    assert {key for key in composed - duplicates if used[key] < 2} == set()


def test_a_rule_without_a_source_is_refused(folder: Path) -> None:
    fault = spoil(folder, "rules/bleeding.yaml", "sources: [label]", "sources: []")
    assert "rule anticoagulant-pair: no source" in fault.faults


def test_a_source_that_nobody_described_is_refused(folder: Path) -> None:
    fault = spoil(folder, "rules/bleeding.yaml", "sources: [label]", "sources: [hearsay]")
    assert "rule anticoagulant-pair: there is no source 'hearsay'" in fault.faults


def test_a_name_that_is_no_drug_or_class_is_refused(folder: Path) -> None:
    fault = spoil(folder, "roles.yaml", "[clarithromycin, telithromycin,", "[claritromicin, telithromycin,")
    assert "role CYP3A4, strong inhibitors: there is no drug or class 'claritromicin'" in fault.faults


def test_a_name_that_two_drugs_share_is_refused(folder: Path) -> None:
    fault = spoil(folder, "drugs/cardiovascular.yaml", "also: [Zocor]", "also: [Lipitor]")
    assert any("'Lipitor' is also a name of 'simvastatin'" in each for each in fault.faults)


def test_a_code_that_two_drugs_share_is_refused(folder: Path) -> None:
    fault = spoil(folder, "drugs/cardiovascular.yaml", "rxnorm: 36567", "rxnorm: 83367")
    assert any("RxNorm 83367 is also 'simvastatin'" in each for each in fault.faults)


def test_a_key_that_is_written_twice_is_refused(folder: Path) -> None:
    path = folder / "renal.yaml"
    path.write_text(path.read_text() + "\nmetformin: {source: label, steps: []}\n")
    with pytest.raises(KnowledgeFault, match="'metformin' is written twice"):
        base.load(folder)


def test_a_severity_that_does_not_exist_is_refused(folder: Path) -> None:
    fault = spoil(folder, "rules/brain.yaml", "severity: contraindicated", "severity: deadly")
    assert any("'deadly' is no severity" in each for each in fault.faults)


def test_a_field_that_nobody_reads_is_refused(folder: Path) -> None:
    fault = spoil(folder, "rules/brain.yaml", "  evidence: label", "  evidence: label\n  remark: unread")
    assert any("'remark' means nothing here" in each for each in fault.faults)


def test_classes_in_a_ring_are_refused(folder: Path) -> None:
    path = folder / "classes.yaml"
    text = path.read_text().replace("members: [thiazide, loop_diuretic]", "members: [potassium_sparing]", 1)
    path.write_text(text.replace("[aldosterone_antagonist, enac_blocker]", "[diuretic]", 1))
    with pytest.raises(KnowledgeFault, match="in a ring"):
        base.load(folder)


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("warfarin", "11289"),
        ("amiodarone", "703"),
        ("simvastatin", "36567"),
        ("sunitinib", "357977"),
        ("aspirin", "1191"),
    ],
)
def test_codes_of_rxnorm_are_those_that_are_published(name: str, code: str) -> None:
    assert KNOWN.rxnorm[code] == name
