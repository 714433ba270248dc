"""Allergies of a record held against drugs: the drug itself, its family, and families that cross-react."""

from __future__ import annotations

import re
from collections.abc import Iterable

from apps.healthcare.analytics.findings import Finding
from apps.healthcare.analytics.knowledge import Knowledge
from apps.healthcare.analytics.names import read
from apps.healthcare.analytics.severity import RANK

_WORDS = re.compile(r"\b(allerg(y|ies|ic)|hypersensitivity|anaphylaxis|reaction|intolerance|to|drugs?)\b")


def allergy_findings(
    drugs: Iterable[str], allergies: Iterable[str], knowledge: Knowledge
) -> tuple[list[Finding], tuple[str, ...]]:
    """What speaks against the drugs, the gravest for each drug and allergy; and allergies that name nothing known."""
    taken, unknown = frozenset(drugs), []
    made: dict[tuple[str, str], Finding] = {}
    for told in allergies:
        known = _known(told, knowledge)
        if known is None:
            unknown.append(told)
            continue
        for finding in _of(told, taken, *known, knowledge):
            key = finding.drugs[0], told
            if key not in made or RANK[finding.severity] < RANK[made[key].severity]:
                made[key] = finding
    return list(made.values()), tuple(unknown)


def _known(told: str, knowledge: Knowledge) -> tuple[frozenset[str], frozenset[str]] | None:
    """The drugs an allergy names, and the names by which groups know it; None where it names nothing known."""
    text = re.sub(r"\s+", " ", _WORDS.sub(" ", told.lower())).strip(" .,-:") or told.lower()
    reading = read(text, knowledge)
    own = frozenset(reading.drugs)
    names = {text, told.lower().strip(), *own}
    titled = [each for each in knowledge.classes.values() if each.title.lower() == text or each.key == text]
    if any(names & group.names for group in knowledge.allergies) or own or titled:
        return own.union(*(each.members for each in titled)), frozenset(names)
    return None


def _of(
    told: str, taken: frozenset[str], own: frozenset[str], names: frozenset[str], knowledge: Knowledge
) -> list[Finding]:
    avoid = "Do not give; choose a drug of another family"
    told = told if "allerg" in told.lower() else f"allergy to {told}"
    made = [
        Finding.about_patient(
            "allergy", "contraindicated", drug, told, f"An allergy to {drug} is recorded", avoid, "drug-allergy-2022"
        )
        for drug in sorted(taken & own)
    ]
    for group in knowledge.allergies:
        if not (names & group.names or own & group.allergic):
            continue
        because = f"Of the same family as the recorded allergy ({group.key})"
        made += [
            Finding.about_patient("allergy", "contraindicated", drug, told, because, avoid, group.source)
            for drug in sorted((taken & group.allergic) - own)
        ]
        for drugs, severity, why, do, source in group.cross:
            made += [
                Finding.about_patient("allergy", severity, drug, told, why, do, source)
                for drug in sorted((taken & drugs) - own - group.allergic)
            ]
    return made
