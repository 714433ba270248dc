"""A table of patients and their drugs: a row for each drug, what is known of the patient beside it or in other rows."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from apps.common.errors import InvalidInput, Issue
from apps.healthcare.analytics.names import listed

if TYPE_CHECKING:
    import polars

ROW = "__row__"
MOST_PATIENTS, MOST_DRUGS, MOST_ISSUES = 2_000, 100, 20
NAMES: dict[str, tuple[str, ...]] = {
    "patient": ("patient", "patient_id", "mrn", "person", "subject", "name", "id"),
    "drug": ("drug", "medication", "medicine", "rxnorm", "substance", "product", "drug_name"),
    "age": ("age", "age_years"),
    "sex": ("sex", "gender"),
    "weight": ("weight", "weight_kg", "kg"),
    "creatinine": ("creatinine", "scr", "serum_creatinine", "creatinine_mg_dl", "creatinine_umol_l"),
    "creatinine_unit": ("creatinine_unit", "unit", "creatinine_units"),
    "egfr": ("egfr", "gfr"),
    "pregnant": ("pregnant", "pregnancy"),
    "allergies": ("allergies", "allergy"),
    "conditions": ("conditions", "condition", "diagnoses", "diagnosis"),
}
NEEDED = ("patient", "drug")
LIMITS = {"age": (0, 120), "weight": (0.3, 400), "creatinine": (0.01, 3_000), "egfr": (1, 250)}
SEXES = {"f": "female", "female": "female", "w": "female", "m": "male", "male": "male"}
TRUE, FALSE = frozenset({"yes", "y", "true", "1"}), frozenset({"no", "n", "false", "0", ""})
UNITS = {"mg/dl": "mg/dL", "umol/l": "umol/L", "µmol/l": "umol/L", "μmol/l": "umol/L"}


@dataclass
class Row:
    """One patient of the table, as plain values."""

    name: str
    drugs: list[str] = field(default_factory=list)
    age: float | None = None
    sex: str | None = None
    weight: float | None = None
    creatinine: float | None = None
    creatinine_unit: str = "mg/dL"
    egfr: float | None = None
    pregnant: bool = False
    allergies: list[str] = field(default_factory=list)
    conditions: list[str] = field(default_factory=list)
    first: int = 0
    """Its first row in the file."""


def roles(columns: list[str], chosen: Mapping[str, str]) -> dict[str, str]:
    """Which column is what, by its name where nobody chose. Raises `InvalidInput` for one that is not there."""
    issues = [
        Issue(path=f"patients.columns.{role}", message=f"There is no column “{name}”; there are {_some(columns)}.")
        for role, name in chosen.items()
        if name not in columns
    ]
    issues += [
        Issue(
            path=f"patients.columns.{role}", message=f"A column has no role “{role}”; roles are {_some(list(NAMES))}."
        )
        for role in chosen
        if role not in NAMES
    ]
    if issues:
        raise InvalidInput("A column that was chosen cannot be used.", issues=issues)
    plain = {name.strip().lower().replace(" ", "_").replace("/", "_"): name for name in columns if name != ROW}
    found = {role: plain[each] for role, names in reversed(NAMES.items()) for each in reversed(names) if each in plain}
    found = {**found, **chosen}
    lacking = [role for role in NEEDED if role not in found]
    if lacking:
        raise InvalidInput(
            f"The table has no column of {' and none of '.join(lacking)}; its columns are {_some(columns)}.",
            remedy="Name the columns `patient` and `drug`, or choose which ones they are.",
            issues=[
                Issue(path=f"patients.columns.{role}", message=f"Which column holds the {role}?") for role in lacking
            ],
        )
    return found


def _some(names: list[str]) -> str:
    shown = [f"“{name}”" for name in names if name != ROW]
    return ", ".join(shown[:12]) + (f" and {len(shown) - 12} more" if len(shown) > 12 else "")


def rows(frame: polars.DataFrame, chosen: Mapping[str, str]) -> list[Row]:
    """The patients of a table in the order of their first rows. Raises `InvalidInput` naming rows and columns."""
    if not frame.height:
        raise InvalidInput(
            "The table has no rows; nothing was checked.",
            remedy="Add a row for each drug of a patient.",
            issues=[Issue(path="patients", message="There is not a single row.")],
        )
    found = roles(frame.columns, chosen)
    made: dict[str, Row] = {}
    issues: list[Issue] = []
    told: dict[tuple[str, str], str] = {}
    unit = "umol/L" if "mol" in found.get("creatinine", "").lower() else "mg/dL"
    for index, cells in enumerate(frame.select(list(dict.fromkeys(found.values()))).iter_rows(named=True)):
        row = int(frame[ROW][index]) if ROW in frame.columns else index + 1
        values = {role: _text(cells[column]) for role, column in found.items()}
        if not values["patient"]:
            issues.append(_issue(row, found, "patient", "This row names no patient."))
            continue
        patient = made.setdefault(values["patient"], Row(values["patient"], creatinine_unit=unit, first=row))
        if values["drug"]:
            patient.drugs.append(values["drug"])
        for role, text in values.items():
            if text and role not in NEEDED:
                before = told.setdefault((patient.name, role), text)
                if before != text:
                    message = f"{patient.name} has {before} in an earlier row and {text} here."
                    issues.append(_issue(row, found, role, message))
                elif (problem := _set(patient, role, text)) is not None:
                    issues.append(_issue(row, found, role, problem))
    _limit(made, issues)
    if issues:
        raise InvalidInput(
            f"{len(issues)} place{'s' if len(issues) != 1 else ''} in the table cannot be used; nothing was checked.",
            remedy="Mend the rows that are named, and send the table again.",
            issues=issues[:MOST_ISSUES],
        )
    return list(made.values())


def _limit(made: Mapping[str, Row], issues: list[Issue]) -> None:
    if len(made) > MOST_PATIENTS:
        message = f"The table has {len(made):,} patients; at most {MOST_PATIENTS:,} are checked at a time."
        issues.insert(0, Issue(path="patients", message=message))
    for patient in made.values():
        if not patient.drugs:
            message = f"{patient.name} has no drug."
            issues.append(Issue(path="patients.drug", message=message, row=patient.first))
        elif len(patient.drugs) > MOST_DRUGS:
            message = f"{patient.name} has {len(patient.drugs)} drugs; at most {MOST_DRUGS} are checked."
            issues.append(Issue(path="patients.drug", message=message, row=patient.first))


def _issue(row: int, found: Mapping[str, str], role: str, message: str) -> Issue:
    return Issue(path=f"patients.{role}", message=message, row=row, column=found[role])


def _text(cell: object) -> str:
    return "" if cell is None else str(cell).strip()


def _set(patient: Row, role: str, text: str) -> str | None:
    """Put a cell into the patient; what is wrong with it, in words, or None."""
    if role in LIMITS:
        return _set_number(patient, role, text)
    lowered = text.lower()
    if role == "sex":
        if lowered not in SEXES:
            return f"“{text}” is no sex that the formulas know: write female or male, or leave it empty."
        patient.sex = SEXES[lowered]
    elif role == "creatinine_unit":
        if lowered not in UNITS:
            return f"“{text}” is no unit of creatinine: write mg/dL or umol/L."
        patient.creatinine_unit = UNITS[lowered]
    elif role == "pregnant":
        if lowered not in TRUE | FALSE:
            return f"“{text}” should be yes or no."
        patient.pregnant = lowered in TRUE
    else:
        setattr(patient, role, listed(text))
    return None


def _set_number(patient: Row, role: str, text: str) -> str | None:
    low, high = LIMITS[role]
    try:
        value = float(text)
    except ValueError:
        return f"“{text}” is no number for {role}; write it with a decimal point, as 72.5."
    if not (math.isfinite(value) and low <= value <= high):
        return f"{text} cannot be: {role} lies between {low:g} and {high:,g}."
    setattr(patient, role, value)
    return None
