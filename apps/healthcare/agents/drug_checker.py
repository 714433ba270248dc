"""The Drug Checker: what is known against a medication list for a patient, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal, Self

from pydantic import Field, model_validator

from apps.agents.contract import Agent, Example, RunContext
from apps.common.decisions import WORKFLOW_NAME, Decision
from apps.common.errors import InvalidInput, Issue
from apps.common.schemas import Inspection, StrictModel, Table, Understood
from apps.common.widgets import Sheet, Widget
from apps.healthcare.agents import drug_decisions
from apps.healthcare.agents import drug_report as shown
from apps.healthcare.agents.drug_report import (
    DrugReport,
    FindingReport,
    KidneyReport,
    NameReport,
    PatientReport,
)
from apps.healthcare.analytics import bundle, checking, examples, fhir, names, patients, renal
from apps.healthcare.analytics.findings import Finding
from apps.healthcare.analytics.knowledge import VERSION, Knowledge, knowledge
from apps.healthcare.analytics.severity import RANK

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MOST_MEDICATIONS = patients.MOST_DRUGS
LONGEST_NAME, LONGEST_TEXT = 200, 8_000
PREVIEW = 5
PROGRESS_EVERY = 20
"""Patients between two tellings of progress."""
OWN_FIELDS = ("age", "sex", "weight", "creatinine", "egfr", "allergies", "conditions")

NamesGiven = list[str] | str
BY_ROWS: dict[str, Any] = {"form": "list", "suggest": True}
"""Names are entered in a row each, with help for those of drugs; a text with semicolons says the same."""


class DrugInput(StrictModel):
    """One patient by `medications` or `bundle`, or many by the table `patients`."""

    medications: NamesGiven = Field(
        default=[],
        max_length=LONGEST_TEXT,
        description="Names, brands or RxNorm codes; doses may stand beside them.",
        json_schema_extra=BY_ROWS,
    )
    age: float | None = Field(default=None, ge=0, le=120, json_schema_extra={"unit": "years"})
    sex: Literal["female", "male"] | None = Field(default=None, description="As the kidney formulas take it.")
    weight: float | None = Field(default=None, ge=0.3, le=400, json_schema_extra={"unit": "kg"})
    creatinine: float | None = Field(default=None, gt=0, le=3_000, description="In serum, in the unit beside it.")
    creatinine_unit: renal.CreatinineUnit = Field(
        default="mg/dL", title="Creatinine is in", description="1 mg/dL is 88.4 umol/L."
    )
    egfr: float | None = Field(
        default=None,
        gt=0,
        le=250,
        title="eGFR",
        description="By CKD-EPI 2021 from creatinine when left empty.",
        json_schema_extra={"unit": "mL/min/1.73 m²"},
    )
    pregnant: bool = Field(default=False)
    allergies: NamesGiven = Field(
        default=[], max_length=LONGEST_TEXT, description="Drugs or families of drugs.", json_schema_extra=BY_ROWS
    )
    conditions: NamesGiven = Field(
        default=[], max_length=LONGEST_TEXT, description="Illnesses, in English.", json_schema_extra={"form": "list"}
    )
    bundle: dict[str, Any] | None = Field(
        default=None, description="A FHIR R4 Bundle of one patient with MedicationRequest resources."
    )
    patients: Table | None = Field(
        default=None, description="Many patients: a row for each drug, with the columns `patient` and `drug`."
    )

    @model_validator(mode="after")
    def one_source(self) -> Self:
        given = [name for name in ("medications", "bundle", "patients") if getattr(self, name)]
        if len(given) > 1:
            raise ValueError(f"Give one of {', '.join(given)}: each is a list of its own.")
        told = [name for name in OWN_FIELDS if getattr(self, name) not in (None, "", [])]
        if self.patients and told:
            raise ValueError(
                f"With a table of patients, {', '.join(told)} must be columns of it, not fields beside it."
            )
        if self.pregnant and self.sex == "male":
            raise ValueError("'pregnant' cannot be together with 'sex' male.")
        return self


class DrugSettings(StrictModel):
    """What an organisation decides once."""

    least_severity: Literal["major", "moderate", "minor"] = Field(
        default="minor", description="Findings below this are left out."
    )
    workflow: str = Field(
        default="",
        max_length=60,
        pattern=WORKFLOW_NAME,
        title="Workflow to propose",
        description="Its name, for serious findings and unknown names; it is given the texts `subject` and `summary`.",
    )


class _Case:
    """One patient to be checked, with where in the input each thing stands."""

    def __init__(
        self, name: str, given: DrugInput | patients.Row | bundle.Bundled, entries: list[names.Reading], row: int | None
    ) -> None:
        self.name, self.entries, self.row = name, entries, row
        self.given = given
        self.references: dict[str, str] = {}
        self.notes: list[str] = []

    def patient(self) -> checking.Patient:
        """Raises `InvalidInput` for a creatinine that is in another unit than was told."""
        given = self.given
        sex: Any = given.sex
        creatinine = given.creatinine
        if creatinine is not None:
            unit: Any = given.creatinine_unit
            try:
                creatinine = renal.milligrams(creatinine, unit)
            except renal.Unbelievable as problem:
                where = f"{self.name}: " if self.row else ""
                issue = Issue(path="creatinine", message=f"{where}{problem}", row=self.row)
                raise InvalidInput(
                    f"{where}{problem} Nothing was checked.",
                    remedy="Check value and unit of creatinine: 1 mg/dL is 88.4 umol/L.",
                    issues=[issue],
                ) from problem
        kidney = renal.kidney(creatinine=creatinine, egfr=given.egfr, age=given.age, sex=sex, weight=given.weight)
        return checking.Patient(
            age=given.age,
            sex=sex,
            weight=given.weight,
            pregnant=getattr(given, "pregnant", False),
            kidney=kidney,
            allergies=tuple(_named(given.allergies)),
            conditions=tuple(_named(given.conditions)),
        )


def _named(given: NamesGiven) -> list[str]:
    """The names of a text, or of rows: in a row stands a name, which may have a comma, or some with semicolons."""
    if isinstance(given, str):
        return names.listed(given)
    return [name.strip() for row in given for name in row.split(";") if name.strip()]


class DrugChecker(Agent[DrugInput, DrugReport, DrugSettings]):
    """Finds interactions, duplicates, allergies, contraindications and doses to adjust, and says what to do."""

    key = "healthcare.drug_checker"
    title = "Drug Checker"
    version = "1.0"
    icon = "pill"
    table_roles = tuple(patients.NAMES)
    verdicts = drug_decisions.CODES
    fresh_for = timedelta(hours=1)
    examples = [
        Example(title="Old patient, seven drugs", input=examples.ELDERLY),
        Example(title="Depression and pain", input=examples.PSYCHIATRY),
        Example(title="Kidney disease", input=examples.KIDNEY),
        Example(title="A ward of four", input={"patients": {"rows": examples.ward()}}),
        Example(title="FHIR bundle", input={"bundle": examples.bundle()}),
    ]

    def run(self, data: DrugInput, settings: DrugSettings, ctx: RunContext) -> DrugReport:
        ctx.progress(0, 1, "Reading the list")
        base = knowledge()
        cases = _cases(data, base, ctx)
        made = []
        for number, case in enumerate(cases):
            if number % PROGRESS_EVERY == 0:
                ctx.progress(number, len(cases), "Checking")
            made.append(_checked(case, base, ctx.now, settings))
        ctx.progress(len(cases), len(cases), "Done")
        known = (
            f"Knowledge base {VERSION}: {len(base.drugs):,} drugs, {len(base.pairs):,} rules for pairs of classes, "
            f"{len(base.systems)} enzymes and transporters, {len(base.doses)} rules for kidney function."
        )
        return DrugReport(knowledge=known, patients=made)

    def inspect(self, data: DrugInput, ctx: RunContext) -> Inspection:
        base = knowledge()
        cases = _cases(data, base, ctx)
        for case in cases:
            case.patient()
        entries = [entry for case in cases for entry in case.entries]
        known = sum(1 for entry in entries if entry.drugs)
        who = f"{len(cases):,} patients, " if len(cases) > 1 else ""
        return Inspection(
            summary=f"{who}{len(entries):,} medications: {known:,} known, {len(entries) - known:,} unknown",
            understood=_understood(data, cases, ctx),
            warnings=[*_warnings(entries), *(note for case in cases for note in case.notes)],
            preview=_preview(cases),
        )

    def suggest(self, path: str, text: str) -> list[str]:
        return names.suggested(text, knowledge())

    def decide(self, report: DrugReport, settings: DrugSettings) -> list[Decision]:
        return drug_decisions.decide(report, least=settings.least_severity, workflow=settings.workflow)

    def headline(self, report: DrugReport) -> str:
        return shown.headline(report)

    def present(self, report: DrugReport) -> list[Widget]:
        return shown.present(report)

    def detail(self, report: DrugReport, row: str) -> list[Widget]:
        return shown.detail(report, row)

    def export(self, report: DrugReport) -> Sheet:
        return shown.export(report)


def _cases(data: DrugInput, base: Knowledge, ctx: RunContext) -> list[_Case]:
    """The patients of an input. Raises `InvalidInput` naming the place that cannot be used."""
    if data.patients is not None:
        rows = patients.rows(ctx.table(data.patients), data.patients.columns)
        return [_Case(row.name, row, [names.read(drug, base) for drug in row.drugs], row.first) for row in rows]
    if data.bundle is not None:
        return [_bundled(data, base, ctx)]
    given = _named(data.medications)
    issues = [
        Issue(path=f"medications.{number}", message=f"A name has at most {LONGEST_NAME} characters.")
        for number, name in enumerate(given)
        if len(name) > LONGEST_NAME
    ]
    if not given:
        issues = [Issue(path="medications", message="Name at least one drug.")]
    elif len(given) > MOST_MEDICATIONS:
        message = f"{len(given):,} medications are more than the {MOST_MEDICATIONS} that are checked for one patient."
        issues = [Issue(path="medications", message=message)]
    if issues:
        raise InvalidInput(
            f"{issues[0].message} Nothing was checked.",
            remedy="Enter the drugs of one patient, or choose a table of patients, or send a FHIR bundle.",
            issues=issues[: patients.MOST_ISSUES],
        )
    return [_Case("", data, [names.read(name, base) for name in given], None)]


def _bundled(data: DrugInput, base: Knowledge, ctx: RunContext) -> _Case:
    """The patient of a bundle; what is entered beside it goes before what it says."""
    assert data.bundle is not None  # noqa: S101  # the caller looked
    held = bundle.unbundled(data.bundle, ctx.now.date())
    for name in OWN_FIELDS:
        value = getattr(data, name)
        if value not in (None, "", []):
            setattr(held, name, _named(value) if name in {"allergies", "conditions"} else value)
            if name == "creatinine":
                held.creatinine_unit = data.creatinine_unit
    entries: list[names.Reading] = []
    references: dict[str, str] = {}
    for words, reference in held.medications:
        read = [names.read(word, base) for word in words]
        best = next((each for each in read if each.drugs), read[-1])
        entries.append(best)
        references |= {drug: reference for drug in best.drugs if reference}
    case = _Case(held.patient, held, entries, None)
    case.references, case.notes = references, held.notes
    return case


def _checked(case: _Case, base: Knowledge, now: datetime, settings: DrugSettings) -> PatientReport:
    patient = case.patient()
    found = checking.check(case.entries, patient, base)
    kept = [each for each in found.findings if RANK[each.severity] <= RANK[settings.least_severity]]
    findings = [
        FindingReport(
            key=each.key,
            kind=each.kind,
            severity=each.severity,
            drugs=list(each.drugs),
            about=each.about,
            effect=each.effect,
            mechanism=each.mechanism,
            management=each.management,
            evidence=each.evidence,
            sources=[base.source(source) for source in each.sources],
            rule=each.rule,
            further=list(each.further),
        )
        for each in kept
    ]
    kidney = patient.kidney
    unknown = [each.entered for each in found.unknown]
    cards = [fhir.unknown_card(found.unknown)] if found.unknown else []
    return PatientReport(
        patient=case.name,
        verdict=found.verdict,
        reasons=list(_reasons(found, kept)),
        unknown=unknown,
        names=[_name(entry, base) for entry in case.entries],
        findings=findings,
        kidney=KidneyReport(
            egfr=_rounded(kidney.egfr),
            clearance=_rounded(kidney.clearance),
            stage=renal.stage(kidney.egfr) if kidney.egfr is not None else "",
            how=kidney.how,
            missing=kidney.missing,
        ),
        not_checked=[*_not_checked(found, kidney), *case.notes],
        detected_issues=[fhir.detected_issue(each, case.name, now, case.references, base) for each in kept],
        cards=[*cards, *(fhir.card(each, base) for each in kept)],
    )


def _rounded(value: float | None) -> float | None:
    return round(value, 1) if value is not None else None


def _name(entry: names.Reading, base: Knowledge) -> NameReport:
    drugs = [base.drugs[drug] for drug in entry.drugs]
    return NameReport(
        entered=entry.entered,
        drugs=list(entry.drugs),
        how=entry.how,
        near=list(entry.offered),
        rxnorm=[drug.rxnorm for drug in drugs if drug.rxnorm],
        atc=[drug.atc for drug in drugs if drug.atc],
    )


def _reasons(found: checking.Checked, kept: Sequence[Finding]) -> Iterator[str]:
    """Why the verdict is what it is, in order of weight: what is unknown, then the findings."""
    for entry in found.unknown:
        yield f"Unknown: “{entry.entered}”. It was not checked, which does not make it safe.{_near(entry)}"
    for entry in found.corrected:
        yield f"Spelling: “{entry.entered}” was read as {', '.join(entry.drugs)}. Make sure that it is meant."
    for each in kept:
        about = f" ({each.about})" if each.about else ""
        yield f"{each.severity.capitalize()}: {' and '.join(each.drugs)}{about}: {each.effect}. {each.management}."


def _near(entry: names.Reading) -> str:
    return f" Near to it: {', '.join(entry.offered)}." if entry.offered else ""


def _not_checked(found: checking.Checked, kidney: renal.Kidney) -> Iterator[str]:
    if found.undosed:
        missing = f" Give {kidney.missing}." if kidney.missing else ""
        yield f"Doses by kidney function of {', '.join(found.undosed)}: kidney function is not known.{missing}"
    for told in found.unknown_allergies:
        yield f"The allergy “{told}”: it names no drug or family that is known."
    for told in found.unknown_conditions:
        yield f"The condition “{told}”: no rule knows it."


def _warnings(entries: Sequence[names.Reading]) -> list[str]:
    unknown = [
        f"“{each.entered}” is not known and will not be checked.{_near(each)}" for each in entries if not each.drugs
    ]
    read = [f"“{each.entered}” is read as {', '.join(each.drugs)}." for each in entries if each.how == "spelling"]
    return list(dict.fromkeys([*unknown, *read]))[: patients.MOST_ISSUES]


def _understood(data: DrugInput, cases: Sequence[_Case], ctx: RunContext) -> list[Understood]:
    """Which column of a table is what, each to be corrected; of a list, what each entry is read as."""
    if data.patients is None:
        return [
            Understood(
                path=f"medications.{number}",
                label=entry.entered,
                value=", ".join(entry.drugs) or "Unknown, not checked",
                why=_how(entry),
            )
            for case in cases
            for number, entry in enumerate(case.entries)
        ]
    columns = [name for name in ctx.table(data.patients).columns if name != patients.ROW]
    found = patients.roles(columns, data.patients.columns)
    return [
        Understood(
            path=f"patients.columns.{role}",
            label=f"{role.replace('_', ' ').capitalize()} column",
            value=found[role],
            choices=columns,
        )
        for role in patients.NAMES
        if role in found
    ]


def _how(entry: names.Reading) -> str:
    if entry.how == "unknown":
        return _near(entry).strip()
    told = {"spelling": "Spelling corrected; make sure that it is meant.", "combination": "Several drugs in one."}
    return told.get(entry.how, "")


def _preview(cases: Sequence[_Case]) -> list[Mapping[str, Any]]:
    """The first rows of a table; a list is told whole by what was understood."""
    entries = [(case, entry) for case in cases if case.row for entry in case.entries]
    return [
        {"patient": case.name, "entered": entry.entered, "read as": ", ".join(entry.drugs) or "unknown"}
        for case, entry in entries[:PREVIEW]
    ]
