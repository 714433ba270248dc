"""What was found as FHIR R4 DetectedIssue resources and as CDS Hooks cards.

HL7 FHIR 4.0.1, DetectedIssue: `status` is required, and `severity` is one of high, moderate and low; codes are those of
the v3 act codes that the resource's value set names. CDS Hooks 2.0: a card has a summary of fewer than 140 characters,
an indicator (info, warning, critical) and a source with a label.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from apps.healthcare.analytics.findings import Finding, FindingKind
from apps.healthcare.analytics.knowledge import Knowledge
from apps.healthcare.analytics.names import Reading
from apps.healthcare.analytics.severity import Severity

NOTICE = "Decision support, verify."
ACT_CODES = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
CODES: dict[FindingKind, tuple[str, str]] = {
    "interaction": ("DRG", "Drug Interaction Alert"),
    "duplicate": ("DUPTHPY", "Duplicate Therapy Alert"),
    "allergy": ("ALGY", "Allergy Alert"),
    "contraindication": ("COND", "Condition Alert"),
    "dose": ("DOSECOND", "Dosage problem"),
}
PREGNANCY, AGE = ("PREG", "Pregnancy Alert"), ("AGE", "Age Alert")
HIGH: dict[Severity, str] = {"contraindicated": "high", "major": "high", "moderate": "moderate", "minor": "low"}
INDICATOR: dict[Severity, str] = {
    "contraindicated": "critical",
    "major": "warning",
    "moderate": "info",
    "minor": "info",
}
LABEL = "Orchestrall Drug Checker"
MOST_SUMMARY = 139


def _code(finding: Finding) -> dict[str, Any]:
    code, display = CODES[finding.kind]
    if finding.about == "pregnancy":
        code, display = PREGNANCY
    elif finding.kind == "contraindication" and finding.about.startswith("age "):
        code, display = AGE
    coding = {"system": ACT_CODES, "code": code, "display": display}
    return {"coding": [coding], "text": f"{display}: {finding.severity}"}


def detected_issue(
    finding: Finding, patient: str, now: datetime, references: Mapping[str, str], knowledge: Knowledge
) -> dict[str, Any]:
    """One finding as a resource. `references` leads from a drug to the MedicationRequest that it came with."""
    implicated = []
    for drug in finding.drugs:
        reference = {"display": drug}
        if drug in references:
            reference["reference"] = references[drug]
        implicated.append(reference)
    made: dict[str, Any] = {
        "resourceType": "DetectedIssue",
        "status": "preliminary",
        "code": _code(finding),
        "severity": HIGH[finding.severity],
        "identifiedDateTime": now.isoformat(),
        "implicated": implicated,
        "detail": f"{finding.effect}. {finding.mechanism}. {NOTICE}",
        "mitigation": [{"action": {"text": finding.management}}],
    }
    if patient:
        made["patient"] = {"display": patient}
    made["evidence"] = [{"code": [{"text": knowledge.source(source)}]} for source in finding.sources]
    return made


def card(finding: Finding, knowledge: Knowledge) -> dict[str, Any]:
    """One finding as a card."""
    source = finding.sources[0]
    lines = [
        f"**{finding.effect}**",
        f"Mechanism: {finding.mechanism}.",
        f"What to do: {finding.management}.",
        f"Evidence: {finding.evidence}. {' '.join(knowledge.source(each) for each in finding.sources)}",
        f"_{NOTICE}_",
    ]
    return {
        "summary": _short(f"{finding.severity.capitalize()}: {' and '.join(finding.drugs)}: {finding.effect}"),
        "indicator": INDICATOR[finding.severity],
        "detail": "\n\n".join(lines),
        "source": {"label": f"{LABEL}. {NOTICE}", "url": knowledge.sources[source]["url"]},
    }


def unknown_card(unknown: Sequence[Reading]) -> dict[str, Any]:
    """What could not be checked, as a card of its own: an answer without findings must not look like a clean one."""
    names = ", ".join(f"“{each.entered[:60]}”" for each in unknown)
    return {
        "summary": _short(f"Not checked, as the name is unknown: {names}"),
        "indicator": "warning",
        "detail": f"Nothing is known of {names}. That does not make them safe.\n\n_{NOTICE}_",
        "source": {"label": f"{LABEL}. {NOTICE}"},
    }


def _short(text: str) -> str:
    return text if len(text) <= MOST_SUMMARY else text[: MOST_SUMMARY - 1] + "…"
