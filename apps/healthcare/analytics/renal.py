"""Kidney function from serum creatinine: estimated filtration rate and clearance, and the units they come in.

CKD-EPI 2021 without race: Inker et al., New England Journal of Medicine 2021;385:1737-49 (doi 10.1056/NEJMoa2102953).
Clearance: Cockcroft and Gault, Nephron 1976;16:31-41. Ideal weight: Devine, Drug Intelligence and Clinical Pharmacy
1974;8:650-5. Stages: KDIGO 2012, Kidney International Supplements 2013;3:1-150.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Sex = Literal["female", "male"]
CreatinineUnit = Literal["mg/dL", "umol/L"]

UMOL_PER_MG = 88.4
"""Micromoles per litre in a milligram per decilitre: creatinine weighs 113.12 g/mol."""
BELIEVABLE = (0.1, 20.0)
"""Milligrams per decilitre that a person can have: below is water, above is micromoles taken for milligrams."""
LEAST_AGE = 18
"""Both formulas were made with adults."""

STAGES: tuple[tuple[float, str], ...] = ((90, "G1"), (60, "G2"), (45, "G3a"), (30, "G3b"), (15, "G4"), (0, "G5"))


class Unbelievable(ValueError):
    """A value that no patient has; the text says which unit it probably is in."""


def milligrams(creatinine: float, unit: CreatinineUnit) -> float:
    """Serum creatinine in mg/dL. Raises `Unbelievable` where the unit cannot be the one that was told."""
    low, high = BELIEVABLE
    value = creatinine if unit == "mg/dL" else creatinine / UMOL_PER_MG
    if low <= value <= high:
        return value
    other: CreatinineUnit = "umol/L" if unit == "mg/dL" else "mg/dL"
    swapped = creatinine / UMOL_PER_MG if other == "umol/L" else creatinine
    hint = f"it looks like {other}" if low <= swapped <= high else "no unit makes it one"
    raise Unbelievable(f"{creatinine:g} {unit} is no creatinine of a living patient; {hint}.")


def ckd_epi_2021(creatinine: float, age: float, sex: Sex) -> float:
    """Estimated glomerular filtration rate in mL/min/1.73 m²; creatinine in mg/dL, age in years from 18 on."""
    kappa, alpha, factor = (0.7, -0.241, 1.012) if sex == "female" else (0.9, -0.302, 1.0)
    ratio = creatinine / kappa
    return float(142 * min(ratio, 1) ** alpha * max(ratio, 1) ** -1.2 * 0.9938**age * factor)


def cockcroft_gault(creatinine: float, age: float, weight: float, sex: Sex) -> float:
    """Creatinine clearance in mL/min; creatinine in mg/dL, age in years, weight in kilograms."""
    clearance = (140 - age) * weight / (72 * creatinine)
    return max(0.0, clearance * (0.85 if sex == "female" else 1.0))


def ideal_weight(height: float, sex: Sex) -> float:
    """Ideal body weight in kilograms of an adult of `height` centimetres (Devine); 152.4 cm are sixty inches."""
    base = 45.5 if sex == "female" else 50.0
    return base + 2.3 * max(0.0, (height - 152.4) / 2.54)


def stage(egfr: float) -> str:
    """The G category of KDIGO."""
    return next(name for least, name in STAGES if egfr >= least)


@dataclass(frozen=True)
class Kidney:
    """What is known of a patient's kidneys; None where it could not be computed."""

    egfr: float | None = None
    """mL/min/1.73 m²."""
    clearance: float | None = None
    """mL/min, Cockcroft-Gault."""
    how: str = ""
    """Where the figures come from, for people."""
    missing: str = ""
    """What would have to be known for more."""

    @property
    def dosing(self) -> float | None:
        """What doses go by: labels name clearance, and the filtration rate stands in for it."""
        return self.clearance if self.clearance is not None else self.egfr


def kidney(
    *, creatinine: float | None, egfr: float | None, age: float | None, sex: Sex | None, weight: float | None
) -> Kidney:
    """Kidney function from what is known; creatinine in mg/dL. A filtration rate that was told is taken as it is."""
    if creatinine is None:
        missing = "" if egfr is not None else "creatinine or eGFR"
        return Kidney(egfr, None, "eGFR as given" if egfr is not None else "", missing)
    if age is not None and age < LEAST_AGE:
        return Kidney(egfr, None, "eGFR as given" if egfr is not None else "", "a formula for children")
    absent = [name for name, value in (("age", age), ("sex", sex)) if value is None]
    if age is None or sex is None:
        return Kidney(egfr, None, "eGFR as given" if egfr is not None else "", " and ".join(absent))
    told = ["eGFR as given"] if egfr is not None else ["eGFR by CKD-EPI 2021"]
    rate = egfr if egfr is not None else ckd_epi_2021(creatinine, age, sex)
    if weight is None:
        return Kidney(rate, None, told[0], "weight, for clearance")
    return Kidney(rate, cockcroft_gault(creatinine, age, weight, sex), f"{told[0]}, clearance by Cockcroft-Gault")
