"""What the Drug Checker decides of each patient, on what grounds, and what it proposes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from apps.common.decisions import (
    MOST_DECISIONS,
    MOST_REASONS,
    Alternative,
    Code,
    Decision,
    Evidence,
    ProposedAction,
    Reason,
    Threshold,
    Verdict,
    start_workflow,
)
from apps.healthcare.agents.drug_report import VERDICTS, DrugReport, FindingReport, PatientReport, by_weight
from apps.healthcare.analytics.fhir import NOTICE
from apps.healthcare.analytics.knowledge import VERSION
from apps.healthcare.analytics.severity import INTERRUPTIVE, RANK, SEVERITIES

TITLES: Final = {
    "contraindicated": "Contraindicated",
    "major": "Serious",
    "incomplete": "Incomplete",
    "moderate": "Watch or adjust",
    "minor": "Minor",
    "nothing known": "Nothing known",
}
NEEDS: Final = {
    "contraindicated": "Do not give it as it stands; talk to whoever prescribed it.",
    "major": "Change the drug, the dose or the watch kept before it is given.",
    "incomplete": "Find out what the unknown names are, and check again.",
    "moderate": "Watch or adjust as each finding says.",
    "minor": "Know of it.",
    "nothing known": "Nothing; what is not known is not thereby safe.",
}


def code_of(verdict: str) -> Code:
    return verdict.replace(" ", "_")


CODES: Final = {
    code_of(verdict): Verdict(title=TITLES[verdict], tone=tone, needs=NEEDS[verdict])
    for verdict, (_, tone) in VERDICTS.items()
}
UNKNOWN_WEIGHT: Final = 150.0
"""An unknown name weighs more than a major finding, as nobody knows what it hides, and less than a contraindication."""
WEIGHTS: Final = {"contraindicated": 200.0, "major": 100.0, "moderate": 10.0, "minor": 1.0}


def decide(report: DrugReport, *, least: str, workflow: str) -> list[Decision]:
    """A decision for each patient, those to look at first on top."""
    single = len(report.patients) == 1
    return [
        _decision(one, single=single, least=least, workflow=workflow)
        for one in sorted(report.patients, key=by_weight)[:MOST_DECISIONS]
    ]


def _decision(one: PatientReport, *, single: bool, least: str, workflow: str) -> Decision:
    told = one.reasons[0] if one.reasons else f"{VERDICTS[one.verdict][0]}."
    return Decision(
        subject=one.patient[:200],
        verdict=code_of(one.verdict),
        summary=told,
        thresholds=[
            Threshold(name="Least severity that is told", value=least),
            Threshold(name="Knowledge base", value=VERSION),
        ],
        reasons=list(_reasons(one, single=single))[:MOST_REASONS],
        alternatives=list(_without(one)),
        actions=_actions(one, told, workflow),
        caveat=NOTICE,
    )


def _reasons(one: PatientReport, *, single: bool) -> Iterator[Reason]:
    for place, name in enumerate(one.names):
        if not name.drugs:
            near = f" Near to it: {', '.join(name.near)}." if name.near else ""
            where = Evidence(text=f"Entered as “{name.entered}”", path=f"medications.{place}" if single else "")
            yield Reason(
                text=f"“{name.entered}” is not known and was not checked, which does not make it safe.{near}",
                weight=UNKNOWN_WEIGHT,
                evidence=[where.model_copy(update={"key": "" if single else one.patient})],
            )
    for finding in one.findings:
        key = finding.key if single else one.patient
        yield Reason(
            text=f"{finding.severity.capitalize()}: {_about(finding)}: {finding.effect}. {finding.management}.",
            weight=WEIGHTS[finding.severity],
            evidence=[
                Evidence(text=f"{finding.mechanism}; evidence: {finding.evidence}", key=key, source=source)
                for source in finding.sources or [""]
            ],
        )


def _about(finding: FindingReport) -> str:
    return " and ".join(finding.drugs) + (f" ({finding.about})" if finding.about else "")


def _without(one: PatientReport) -> Iterator[Alternative]:
    """What the verdict would be without one drug of a serious finding: those that would help, the best first."""
    serious = [finding for finding in one.findings if finding.severity in INTERRUPTIVE]
    helped = []
    for drug in dict.fromkeys(drug for finding in serious for drug in finding.drugs):
        left = [RANK[finding.severity] for finding in one.findings if drug not in finding.drugs]
        worst = min(left, default=len(SEVERITIES))
        if worst > RANK[serious[0].severity]:
            helped.append((worst, drug))
    for worst, drug in sorted(helped, reverse=True):
        grade = f"at worst {SEVERITIES[worst]}" if worst < len(SEVERITIES) else "nothing that is known"
        yield Alternative(title=f"Without {drug}", why_not=f"It is on the list; without it there would be {grade}.")


def _actions(one: PatientReport, told: str, workflow: str) -> list[ProposedAction]:
    proposed: list[ProposedAction] = []
    if one.verdict in {"contraindicated", "major", "incomplete"}:
        proposed += start_workflow(workflow, subject=one.patient or "The patient", summary=told[:2_000])
    if one.findings:
        rows = [
            {
                "patient": one.patient,
                "severity": finding.severity,
                "drugs": " + ".join(finding.drugs),
                "about": finding.about,
                "effect": finding.effect,
                "management": finding.management,
                "notice": NOTICE,
            }
            for finding in one.findings[:MOST_REASONS]
        ]
        name = f"Findings of {one.patient}" if one.patient else "Findings"
        proposed.append(
            ProposedAction(
                kind="datasets.create",
                title="Keep the findings as a dataset",
                arguments={"name": name[:200], "rows": rows},
                why="To look at them again, or to let a workflow go through them.",
            )
        )
    return proposed
