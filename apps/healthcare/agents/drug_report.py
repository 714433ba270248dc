"""What the Drug Checker reports, and how its verdict, tables and figures show it."""

from __future__ import annotations

from collections import Counter
from typing import Any, Literal

from pydantic import BaseModel, Field

from apps.common.errors import NotFound
from apps.common.widgets import (
    Cell,
    Column,
    Figure,
    FiguresWidget,
    MatrixWidget,
    Sheet,
    TableWidget,
    TextWidget,
    Tone,
    Widget,
)
from apps.healthcare.analytics.checking import Verdict
from apps.healthcare.analytics.fhir import NOTICE
from apps.healthcare.analytics.findings import FindingKind
from apps.healthcare.analytics.severity import INTERRUPTIVE, RANK, SEVERITIES, Severity

TONES: dict[Severity, Tone] = {"contraindicated": "bad", "major": "bad", "moderate": "warning", "minor": "neutral"}
VERDICTS: dict[Verdict, tuple[str, Tone]] = {
    "contraindicated": ("Contraindicated: do not give as it stands", "bad"),
    "major": ("Serious findings: act before it is given", "bad"),
    "incomplete": ("Incomplete: names are unknown and were not checked", "warning"),
    "moderate": ("Findings to watch or adjust", "warning"),
    "minor": ("Minor findings to know", "neutral"),
    "nothing known": ("Nothing is known against it", "good"),
}
ORDER: tuple[Verdict, ...] = tuple(VERDICTS)
MOST_IN_MATRIX = 25
"""Drugs that are drawn against each other, those of the gravest findings first."""
MOST_REASONS = 12
"""Reasons that a verdict lists before it only counts."""


class FindingReport(BaseModel):
    key: str
    """Names the finding within its patient."""
    kind: FindingKind
    severity: Severity
    drugs: list[str]
    about: str = ""
    effect: str
    mechanism: str
    management: str
    evidence: str
    sources: list[str]
    rule: str
    further: list[str] = []


class NameReport(BaseModel):
    """How an entry of the list was read. `drugs` is empty where its name is unknown."""

    entered: str
    drugs: list[str]
    how: Literal["name", "other name", "code", "spelling", "combination", "unknown"]
    near: list[str] = []
    rxnorm: list[str] = []
    atc: list[str] = []


class KidneyReport(BaseModel):
    """`egfr` in mL/min/1.73 m², `clearance` in mL/min; null where it could not be computed."""

    egfr: float | None = None
    clearance: float | None = None
    stage: str = ""
    how: str = ""
    missing: str = ""


class PatientReport(BaseModel):
    patient: str
    verdict: Verdict
    reasons: list[str]
    """In order of weight; unknown names come first."""
    unknown: list[str]
    names: list[NameReport]
    findings: list[FindingReport]
    kidney: KidneyReport
    not_checked: list[str] = []
    """What could not be looked at, and why."""
    detected_issues: list[dict[str, Any]] = Field(default=[], description="FHIR R4 DetectedIssue resources.")
    cards: list[dict[str, Any]] = Field(default=[], description="CDS Hooks cards.")
    notice: str = NOTICE


class DrugReport(BaseModel):
    notice: str = NOTICE
    knowledge: str
    """Version of the knowledge base, and how much it knows."""
    patients: list[PatientReport]


def headline(report: DrugReport) -> str:
    counts = Counter(finding.severity for one in report.patients for finding in one.findings)
    found = ", ".join(f"{counts[severity]:,} {severity}" for severity in SEVERITIES if counts[severity])
    unknown = sum(len(one.unknown) for one in report.patients)
    names = f"{unknown:,} unknown name{'s' if unknown != 1 else ''}" if unknown else ""
    who = f"{len(report.patients):,} patients: " if len(report.patients) > 1 else ""
    told = "; ".join(part for part in (names, found or "nothing known against it") if part)
    return f"{who}{told}. {NOTICE}"


def present(report: DrugReport) -> list[Widget]:
    if len(report.patients) == 1:
        one = report.patients[0]
        drawn = [each for each in (severity_matrix(one),) if each is not None]
        return [verdict(one), findings_table(one), *drawn, figures(one), names_table(one), grounds(report)]
    return [overview(report), patients_table(report), grounds(report)]


def detail(report: DrugReport, row: str) -> list[Widget]:
    """About one finding of a single patient, or about one patient of many."""
    if len(report.patients) == 1:
        finding = next((each for each in report.patients[0].findings if each.key == row), None)
        if finding is None:
            raise NotFound(f"The report holds no finding “{row}”.", remedy="Choose one from the table of findings.")
        return [explained(finding)]
    one = next((each for each in report.patients if each.patient == row), None)
    if one is None:
        raise NotFound(f"The report holds no patient “{row}”.", remedy="Choose one from the table of patients.")
    return [verdict(one), *(explained(finding) for finding in one.findings if finding.severity in INTERRUPTIVE)]


def verdict(one: PatientReport) -> TextWidget:
    title, tone = VERDICTS[one.verdict]
    grave = sum(finding.severity in INTERRUPTIVE for finding in one.findings)
    known = sum(1 for name in one.names if name.drugs)
    text = f"{known:,} of {len(one.names):,} entries were read as drugs. "
    if one.findings:
        text += f"{len(one.findings):,} finding{'s' if len(one.findings) != 1 else ''}, {grave:,} of them serious. "
    else:
        text += "Nothing is known against them, which is not to say that they are safe. "
    reasons = one.reasons[:MOST_REASONS]
    if len(one.reasons) > MOST_REASONS:
        reasons.append(f"{len(one.reasons) - MOST_REASONS:,} more in the table of findings.")
    name = f"{one.patient}: {title[0].lower()}{title[1:]}" if one.patient else title
    return TextWidget(title=name, text=text + NOTICE, reasons=reasons, tone=tone)


def findings_table(one: PatientReport) -> TableWidget:
    columns = [
        Column(key="severity", title="Severity", hint="Contraindicated, major, moderate, minor"),
        Column(key="drugs", title="Drugs"),
        Column(key="effect", title="What happens"),
        Column(key="management", title="What to do"),
        Column(key="kind", title="Kind"),
        Column(key="evidence", title="Evidence"),
    ]
    rows: list[dict[str, Cell]] = [
        {
            "severity": finding.severity,
            "drugs": _subject(finding),
            "kind": finding.kind,
            "effect": finding.effect,
            "management": finding.management,
            "evidence": finding.evidence,
            "key": finding.key,
        }
        for finding in one.findings
    ]
    summary = f"{len(rows):,} findings, gravest first. {NOTICE}"
    empty = f"Nothing is known against these drugs. {NOTICE}"
    return TableWidget(
        key="findings", title="Findings", columns=columns, rows=rows, row_key="key", empty=empty, summary=summary
    )


def severity_matrix(one: PatientReport) -> MatrixWidget | None:
    """How grave the gravest finding of each pair of drugs is; None where no two interact."""
    pairs: dict[frozenset[str], Severity] = {}
    for finding in one.findings:  # gravest first
        if len(finding.drugs) == 2:
            pairs.setdefault(frozenset(finding.drugs), finding.severity)
    drugs = list(dict.fromkeys(drug for finding in one.findings for drug in finding.drugs if len(finding.drugs) == 2))
    drugs = drugs[:MOST_IN_MATRIX]
    if not pairs:
        return None
    found = [[pairs.get(frozenset((row, column))) for column in drugs] for row in drugs]
    return MatrixWidget(
        title="Which go together",
        row_heading="Drug",
        column_heading="With",
        rows=drugs,
        columns=drugs,
        cells=[[float(len(SEVERITIES) - RANK[each]) if each else None for each in line] for line in found],
        words=[[each or "" for each in line] for line in found],
        summary=f"{len(pairs):,} pairs of drugs with a finding; an empty cell means that nothing is known. {NOTICE}",
    )


def _subject(finding: FindingReport) -> str:
    return " + ".join(finding.drugs) + (f" ({finding.about})" if finding.about else "")


def explained(finding: FindingReport) -> TextWidget:
    reasons = [
        f"Mechanism: {finding.mechanism}.",
        f"What to do: {finding.management}.",
        f"Evidence: {finding.evidence}.",
        *(f"Source: {source}" for source in finding.sources),
        *(f"Also: {also}." for also in finding.further),
        NOTICE,
    ]
    title = f"{finding.severity.capitalize()}: {_subject(finding)}"
    return TextWidget(title=title, text=f"{finding.effect}.", reasons=reasons, tone=TONES[finding.severity])


def figures(one: PatientReport) -> FiguresWidget:
    counts = Counter(finding.severity for finding in one.findings)
    made = [
        Figure(
            label=severity.capitalize(), value=counts[severity], tone=TONES[severity] if counts[severity] else "neutral"
        )
        for severity in SEVERITIES
    ]
    unknown: Tone = "bad" if one.unknown else "good"
    hint = "They were not checked" if one.unknown else "Every name was read"
    made.append(Figure(label="Unknown names", value=len(one.unknown), tone=unknown, hint=hint))
    kidney = one.kidney
    if kidney.egfr is not None:
        hint = f"{kidney.stage} of KDIGO. {kidney.how}"
        made.append(Figure(label="eGFR", value=round(kidney.egfr), unit="mL/min/1.73 m²", hint=hint))
    if kidney.clearance is not None:
        made.append(Figure(label="Clearance", value=round(kidney.clearance), unit="mL/min", hint=kidney.how))
    return FiguresWidget(title="In figures", figures=made)


def names_table(one: PatientReport) -> TableWidget:
    columns = [
        Column(key="entered", title="Entered"),
        Column(key="drugs", title="Read as"),
        Column(key="how", title="By"),
        Column(key="rxnorm", title="RxNorm"),
        Column(key="atc", title="ATC"),
    ]
    rows: list[dict[str, Cell]] = []
    for name in sorted(one.names, key=lambda each: (each.how != "unknown", each.how != "spelling")):
        near = f"unknown; near: {', '.join(name.near)}" if name.near else "unknown"
        rows.append(
            {
                "entered": name.entered,
                "drugs": ", ".join(name.drugs) or near,
                "how": name.how,
                "rxnorm": ", ".join(name.rxnorm) or None,
                "atc": ", ".join(name.atc) or None,
            }
        )
    summary = f"How {len(rows):,} entries were read; unknown and corrected ones first."
    return TableWidget(key="names", title="How the list was read", columns=columns, rows=rows, summary=summary)


def grounds(report: DrugReport) -> TextWidget:
    missing = list(dict.fromkeys(each for one in report.patients for each in one.not_checked))[:MOST_REASONS]
    return TextWidget(
        title="What it rests on",
        text=f"{report.knowledge} {NOTICE} A drug, dose or illness that it does not know is not thereby safe.",
        reasons=missing,
    )


def overview(report: DrugReport) -> FiguresWidget:
    counts = Counter(one.verdict for one in report.patients)
    made = [
        Figure(label=each.capitalize(), value=counts[each], tone=VERDICTS[each][1] if counts[each] else "neutral")
        for each in ORDER
    ]
    unknown = sum(len(one.unknown) for one in report.patients)
    tone: Tone = "bad" if unknown else "good"
    hint = "They were not checked" if unknown else "Every name was read"
    made.append(Figure(label="Unknown names", value=unknown, tone=tone, hint=hint))
    return FiguresWidget(title=f"{len(report.patients):,} patients. {NOTICE}", figures=made)


def patients_table(report: DrugReport) -> TableWidget:
    columns = [
        Column(key="patient", title="Patient"),
        Column(key="verdict", title="Verdict"),
        Column(key="first", title="First reason"),
        Column(key="drugs", title="Drugs", numeric=True, digits=0),
        *(Column(key=each, title=each.capitalize(), numeric=True, digits=0) for each in SEVERITIES),
        Column(key="unknown", title="Unknown", numeric=True, digits=0, hint="Names that were not checked"),
    ]
    rows: list[dict[str, Cell]] = []
    for one in sorted(report.patients, key=by_weight):
        counts = Counter(finding.severity for finding in one.findings)
        rows.append(
            {
                "patient": one.patient,
                "verdict": one.verdict,
                "first": one.reasons[0] if one.reasons else "Nothing is known against it",
                "drugs": len({drug for name in one.names for drug in name.drugs}),
                **{each: counts[each] for each in SEVERITIES},
                "unknown": len(one.unknown),
            }
        )
    summary = f"{len(rows):,} patients, those to look at first on top. {NOTICE}"
    return TableWidget(key="patients", title="Patients", columns=columns, rows=rows, row_key="patient", summary=summary)


def by_weight(one: PatientReport) -> tuple[Any, ...]:
    """What patients are sorted by: those to look at first on top."""
    counts = Counter(finding.severity for finding in one.findings)
    return ORDER.index(one.verdict), *(-counts[each] for each in SEVERITIES), one.patient


def export(report: DrugReport) -> Sheet:
    """A row for each unknown name and each finding."""
    columns = ["patient", "kind", "severity", "drugs", "about", "effect", "mechanism", "management", "evidence"]
    rows: list[list[Cell]] = []
    for one in report.patients:
        for name in one.unknown:
            rows.append(
                [one.patient, "unknown name", "", name, "", "Not checked", "", "Find out what it is", "", "", NOTICE]
            )
        for each in sorted(one.findings, key=lambda finding: RANK[finding.severity]):
            told: list[Cell] = [one.patient, each.kind, each.severity, " + ".join(each.drugs), each.about, each.effect]
            rows.append([*told, each.mechanism, each.management, each.evidence, " ".join(each.sources), NOTICE])
    return Sheet(name="findings", columns=[*columns, "sources", "notice"], rows=rows)
