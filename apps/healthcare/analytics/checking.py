"""What is known against a list of drugs for one patient: interactions, duplicates, allergies, conditions and doses."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations
from typing import Literal

from apps.healthcare.analytics.allergies import allergy_findings
from apps.healthcare.analytics.exposure import exposure_findings
from apps.healthcare.analytics.findings import Finding
from apps.healthcare.analytics.knowledge import Knowledge
from apps.healthcare.analytics.names import Reading
from apps.healthcare.analytics.renal import Kidney, Sex
from apps.healthcare.analytics.severity import RANK

Pair = tuple[str, str]
Verdict = Literal["contraindicated", "major", "moderate", "minor", "incomplete", "nothing known"]


@dataclass(frozen=True)
class Patient:
    """What is known of a patient; None and empty where nothing is."""

    age: float | None = None
    sex: Sex | None = None
    weight: float | None = None
    pregnant: bool = False
    kidney: Kidney = field(default_factory=Kidney)
    allergies: tuple[str, ...] = ()
    conditions: tuple[str, ...] = ()


@dataclass(frozen=True)
class Checked:
    """What was found, gravest first, and what could not be looked at."""

    findings: tuple[Finding, ...]
    unknown: tuple[Reading, ...]
    """Entries that name no known drug: nothing is known of them, which does not make them safe."""
    corrected: tuple[Reading, ...]
    unknown_allergies: tuple[str, ...]
    unknown_conditions: tuple[str, ...]
    undosed: tuple[str, ...]
    """Drugs whose dose goes by the kidneys, of a patient whose kidneys are not known."""
    drugs: tuple[str, ...]

    @property
    def verdict(self) -> Verdict:
        if self.findings and RANK[self.findings[0].severity] <= RANK["major"]:
            return self.findings[0].severity
        if self.unknown:
            return "incomplete"
        return self.findings[0].severity if self.findings else "nothing known"


def check(entries: Sequence[Reading], patient: Patient, knowledge: Knowledge) -> Checked:
    """Hold the drugs of the entries against everything that is known."""
    drugs = tuple(dict.fromkeys(drug for entry in entries for drug in entry.drugs))
    by_allergy, unknown_allergies = allergy_findings(drugs, patient.allergies, knowledge)
    by_condition, unknown_conditions = _conditions(drugs, patient.conditions, knowledge)
    dosed, undosed = _doses(drugs, patient.kidney, knowledge)
    found = [
        *interactions(drugs, knowledge, _meant(entries)),
        *_duplicates(entries, knowledge),
        *by_allergy,
        *by_condition,
        *_populations(drugs, patient, knowledge),
        *dosed,
    ]
    return Checked(
        findings=tuple(sorted(found, key=lambda each: (RANK[each.severity], each.order, each.drugs))),
        unknown=tuple(entry for entry in entries if entry.how == "unknown"),
        corrected=tuple(entry for entry in entries if entry.how == "spelling"),
        unknown_allergies=unknown_allergies,
        unknown_conditions=unknown_conditions,
        undosed=undosed,
        drugs=drugs,
    )


def _meant(entries: Iterable[Reading]) -> frozenset[Pair]:
    """Pairs that one product holds: its maker meant them together."""
    return frozenset(pair for entry in entries for pair in combinations(sorted(entry.drugs), 2))


def interactions(drugs: Iterable[str], knowledge: Knowledge, skip: frozenset[Pair] = frozenset()) -> list[Finding]:
    """One finding for each pair of drugs: the gravest, with what else is known of the pair in `further`."""
    taken = frozenset(drugs)
    by_pair: dict[Pair, list[Finding]] = {}
    for finding in (*_pair_findings(taken, knowledge), *exposure_findings(taken, knowledge)):
        pair = finding.drugs[0], finding.drugs[1]
        if tuple(sorted(pair)) not in skip:
            by_pair.setdefault((min(pair), max(pair)), []).append(finding)
    made = []
    for findings in by_pair.values():
        first, *others = sorted(findings, key=lambda each: (RANK[each.severity], each.rule))
        made.append(replace(first, further=tuple(dict.fromkeys(f"{each.effect} ({each.severity})" for each in others))))
    return made


def _pair_findings(taken: frozenset[str], knowledge: Knowledge) -> Iterator[Finding]:
    for rule in knowledge.pairs:
        first, second = sorted(taken & rule.first), sorted(taken & rule.second)
        seen: set[Pair] = set()
        for one in first:
            for other in second:
                pair = (min(one, other), max(one, other))
                if one != other and pair not in seen:
                    seen.add(pair)
                    yield Finding(
                        kind="interaction",
                        severity=rule.severity,
                        drugs=(one, other),
                        effect=rule.effect,
                        mechanism=rule.mechanism,
                        management=rule.management,
                        evidence=rule.evidence,
                        sources=rule.sources,
                        rule=rule.key,
                    )


def _duplicates(entries: Sequence[Reading], knowledge: Knowledge) -> Iterator[Finding]:
    """Drugs that are there twice, and two of a class that is one therapy; the narrowest class speaks."""
    owners: dict[str, int] = {}
    for entry in entries:
        for drug in set(entry.drugs):
            owners[drug] = owners.get(drug, 0) + 1
    for drug, times in owners.items():
        if times > 1:
            effect = f"{drug.capitalize()} is on the list {times} times"
            yield _duplicate((drug,), effect, "The doses add up", knowledge, "same drug")
    narrow = sorted((each for each in knowledge.classes.values() if each.duplicate), key=lambda each: len(each.members))
    meant, told = _meant(entries), set[Pair]()
    for group in narrow:
        for pair in combinations(sorted(group.members & owners.keys()), 2):
            if pair not in told and pair not in meant:
                told.add(pair)
                effect = f"Two of one therapy: {group.title}"
                yield _duplicate(pair, effect, "Both act in the same way", knowledge, group.key)


def _duplicate(drugs: tuple[str, ...], effect: str, mechanism: str, knowledge: Knowledge, rule: str) -> Finding:
    return Finding(
        kind="duplicate",
        severity="moderate",
        drugs=drugs,
        effect=effect,
        mechanism=mechanism,
        management="Ask whether both are meant; else stop one",
        evidence="pharmacology",
        sources=("atc",),
        rule=f"duplicate: {rule}",
    )


def _conditions(
    drugs: Iterable[str], conditions: Iterable[str], knowledge: Knowledge
) -> tuple[list[Finding], tuple[str, ...]]:
    taken, unknown = frozenset(drugs), list[str]()
    made: dict[Pair, Finding] = {}
    for told in conditions:
        condition = knowledge.conditions.get(told.strip().lower())
        if condition is None:
            unknown.append(told)
            continue
        for names, severity, because, do, source in condition.rules:
            for drug in sorted(taken & names):
                finding = Finding.about_patient("contraindication", severity, drug, condition.key, because, do, source)
                _keep_gravest(made, (drug, condition.key), finding)
    return list(made.values()), tuple(unknown)


def _populations(drugs: Iterable[str], patient: Patient, knowledge: Knowledge) -> list[Finding]:
    taken = frozenset(drugs)
    made: dict[Pair, Finding] = {}
    for population in knowledge.populations:
        if not population.holds(patient.age, pregnant=patient.pregnant):
            continue
        about = "pregnancy" if population.key == "pregnancy" else f"age {patient.age:g}"
        for names, severity, because, do, source in population.rules:
            for drug in sorted(taken & names):
                finding = Finding.about_patient("contraindication", severity, drug, about, because, do, source)
                _keep_gravest(made, (drug, about), finding)
    return list(made.values())


def _doses(drugs: Iterable[str], kidney: Kidney, knowledge: Knowledge) -> tuple[list[Finding], tuple[str, ...]]:
    taken, undosed = frozenset(drugs), set[str]()
    made: dict[Pair, Finding] = {}
    for rule in knowledge.doses:
        value = kidney.egfr if rule.by == "egfr" else kidney.dosing
        concerned = taken & rule.drugs
        if value is None:
            undosed |= concerned
            continue
        step = next((step for step in rule.steps if value < step[0]), None)
        for drug in sorted(concerned) if step else ():
            assert step is not None  # noqa: S101  # the loop above is empty without one
            below, severity, do = step
            which = "eGFR" if rule.by == "egfr" or kidney.clearance is None else "Clearance"
            because = f"{which} {value:.0f} is below {below:g} mL/min"
            finding = Finding.about_patient("dose", severity, drug, "kidney function", because, do, rule.source)
            _keep_gravest(made, (drug, "kidney function"), finding)
    return list(made.values()), tuple(sorted(undosed))


def _keep_gravest(made: dict[Pair, Finding], key: Pair, finding: Finding) -> None:
    if key not in made or RANK[finding.severity] < RANK[made[key].severity]:
        made[key] = finding
