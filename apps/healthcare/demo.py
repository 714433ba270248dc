"""The demo tenant of healthcare: St Clare Hospital. All of its data is generated; it describes no real patient."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from random import Random
from typing import TYPE_CHECKING

from apps.common.demo import DemoDataset, DemoPerson, DemoRun, DemoTenant
from apps.common.synthetic import (
    DAY,
    bump,
    count,
    days,
    growth,
    holidays,
    months,
    season,
    table,
    wander,
    working_days,
    yearly_bump,
)

if TYPE_CHECKING:
    import polars

DAYS, MONTHS = 731, 48
# Cardiology moved into the new building over a weekend, and nobody counted on these days.
MOVE = ("Cardiology", date(2026, 2, 21), date(2026, 2, 22))
# Tops of the influenza waves: early and high in 2024, late and flat in 2026.
FLU = ((date(2024, 12, 27), 1.0), (date(2026, 1, 30), 0.6))
HEATWAVE = date(2026, 7, 14)
ICE = (date(2025, 1, 9), date(2025, 12, 30), date(2026, 1, 6))
# Months in which junior doctors did not work on some days: planned operations were put off.
STRIKES = (date(2023, 7, 1), date(2023, 12, 1), date(2024, 1, 1), date(2025, 7, 1))


@dataclass(frozen=True)
class Ward:
    name: str
    a_day: float
    """Emergency admissions on a usual day at the end of history."""
    week: tuple[float, ...]
    """What each weekday, from Monday, is of a usual day."""
    peak: tuple[int, int] = (1, 10)
    swing: float = 0.0
    flu: float = 0.0
    """By how much of itself the top of a hard influenza wave raises it."""
    heat: float = 0.0
    ice: float = 0.0
    a_year: float = 0.0


MEDICAL = (1.17, 1.08, 1.03, 1.01, 1.02, 0.86, 0.83)
EVEN = (1.02, 0.99, 0.98, 0.98, 1.0, 1.02, 1.01)
WARDS = (
    Ward("Acute medicine", 41.0, MEDICAL, (1, 10), 0.07, flu=0.28, heat=0.12, a_year=0.025),
    Ward("Respiratory", 9.5, MEDICAL, (1, 5), 0.33, flu=0.9, heat=0.15, a_year=0.02),
    Ward("Cardiology", 8.2, MEDICAL, (1, 20), 0.1, flu=0.12, heat=0.1, a_year=0.01),
    Ward("Older people", 14.6, MEDICAL, (1, 15), 0.11, flu=0.4, heat=0.3, ice=0.2, a_year=0.04),
    Ward("General surgery", 12.8, (1.09, 1.04, 1.02, 1.0, 1.01, 0.93, 0.91), (7, 10), 0.03, a_year=0.01),
    Ward("Trauma and orthopaedics", 8.9, (0.99, 0.95, 0.94, 0.96, 1.0, 1.09, 1.07), (7, 5), 0.09, ice=1.5),
    Ward("Paediatrics", 11.4, (1.1, 1.03, 1.0, 0.99, 0.98, 0.93, 0.97), (12, 1), 0.3, flu=0.35, a_year=0.015),
    Ward("Stroke", 3.1, EVEN, (1, 15), 0.06, a_year=0.015),
)


def admissions(chance: Random) -> polars.DataFrame:
    """Emergency admissions a day of each ward."""
    rows = []
    for ward in WARDS:
        drift = wander(chance, DAYS, 0.06, memory=0.85)
        for number, day in enumerate(days(DAYS)):
            if ward.name != MOVE[0] or day not in MOVE:
                rows.append((ward.name, day, count(chance, _admitted(ward, day) * drift[number], 0.05)))
    return table(["ward", "date", "admissions"], rows)


def _admitted(ward: Ward, day: date) -> float:
    usual = ward.a_day * growth(day, ward.a_year) * season(day, ward.peak, ward.swing)
    usual *= 0.85 if day in holidays(day.year) else ward.week[day.weekday()]
    if day - DAY in holidays(day.year):
        usual *= 1.12  # who waited for the doctor's surgery to open again
    for top, height in FLU:
        usual *= bump(day, top, ward.flu * height, 15, 20)
    usual *= bump(day, HEATWAVE, ward.heat, 3, 4)
    for frost in ICE:
        usual *= bump(day, frost, ward.ice, 0.8)
    if ward.name == "Paediatrics":
        usual *= yearly_bump(day, (8, 14), -0.3, 16)  # schools are closed
    return usual


@dataclass(frozen=True)
class Drug:
    name: str
    packs: float
    """A month, at the end of history."""
    peak: tuple[int, int] = (1, 15)
    swing: float = 0.0
    a_year: float = 0.0
    theatre: bool = False
    """Used in operations: follows the working days, and falls when they are put off."""
    spread: float = 0.04


DRUGS = (
    Drug("Paracetamol 1 g infusion", 3_180, (1, 15), 0.07, 0.02),
    Drug("Amoxicillin 500 mg capsules", 940, (1, 10), 0.24, -0.01, spread=0.06),
    Drug("Co-amoxiclav 1.2 g injection", 2_460, (1, 10), 0.16, 0.02),
    Drug("Salbutamol 2.5 mg nebules", 1_270, (12, 28), 0.31, spread=0.06),
    Drug("Enoxaparin 40 mg syringes", 1_880, (1, 15), 0.05, 0.03),
    Drug("Insulin aspart 100 units/ml", 610, a_year=0.05),
    Drug("Furosemide 40 mg tablets", 720, (1, 15), 0.05),
    Drug("Apixaban 5 mg tablets", 1_340, a_year=0.17),
    Drug("Warfarin 3 mg tablets", 160, a_year=-0.24, spread=0.07),
    Drug("Ondansetron 4 mg injection", 1_520, a_year=0.03, theatre=True),
    Drug("Propofol 1 % 20 ml", 2_240, a_year=0.02, theatre=True),
    Drug("Morphine 10 mg/ml ampoules", 830, theatre=True),
    Drug("Oseltamivir 75 mg capsules", 88, (1, 15), 0.98, spread=0.5),
    Drug("Digoxin antibody fragments 40 mg", 0.3, spread=1.2),
)


def consumption(chance: Random) -> polars.DataFrame:
    """Packs a month that the pharmacy gave out of each drug."""
    rows = []
    for drug in DRUGS:
        drift = wander(chance, MONTHS, 0.03)
        for number, month in enumerate(months(MONTHS)):
            middle = month + 14 * DAY
            usual = drug.packs * season(middle, drug.peak, drug.swing) * growth(middle, drug.a_year) * drift[number]
            if drug.theatre:
                usual *= working_days(month) / 21 * (0.82 if month in STRIKES else 1)
            rows.append((drug.name, month, count(chance, usual, drug.spread)))
    return table(["drug", "month", "packs"], rows)


@dataclass(frozen=True)
class Care:
    """What brings somebody to a ward, and what they take for it."""

    conditions: str
    ages: tuple[int, int]
    drugs: tuple[str, ...]
    sometimes: tuple[str, ...] = ()
    """Each with one in three of them."""
    creatinine: tuple[int, int] = (60, 110)
    """Micromoles per litre."""


CARES = (
    Care("atrial fibrillation", (66, 88), ("apixaban 5 mg", "bisoprolol 2.5 mg"), ("digoxin 125 mcg", "amiodarone")),
    Care(
        "heart failure",
        (62, 90),
        ("furosemide 40 mg", "ramipril 5 mg", "bisoprolol 5 mg"),
        ("spironolactone 25 mg", "naproxen 250 mg", "digoxin 125 mcg"),
        (80, 210),
    ),
    Care(
        "type 2 diabetes",
        (45, 79),
        ("metformin 1 g", "atorvastatin 20 mg"),
        ("gliclazide 80 mg", "ciprofloxacin 500 mg", "clarithromycin 500 mg"),
        (70, 190),
    ),
    Care(
        "coronary artery disease",
        (50, 82),
        ("aspirin 75 mg", "atorvastatin 80 mg", "ramipril 10 mg"),
        ("clopidogrel 75 mg", "omeprazole 20 mg", "diclofenac 50 mg", "GTN spray"),
    ),
    Care("asthma", (19, 60), ("Ventolin inhaler", "Symbicort"), ("montelukast 10 mg", "propranolol 40 mg")),
    Care("", (24, 58), ("sertraline 50 mg",), ("tramadol 50 mg", "sumatriptan 50 mg", "zopiclone 7.5 mg")),
    Care("epilepsy", (20, 65), ("carbamazepine 400 mg",), ("Microgynon", "erythromycin 500 mg", "levetiracetam 1 g")),
    Care("gout", (48, 80), ("allopurinol 300 mg",), ("colchicine 500 mcg", "azathioprine 50 mg"), (80, 170)),
    Care("", (60, 92), ("amlodipine 5 mg", "paracetamol 1 g"), ("co-amoxiclav 625 mg", "trimethoprim 200 mg")),
    Care("parkinson's disease", (64, 86), ("Sinemet",), ("rasagiline 1 mg", "metoclopramide 10 mg", "amitriptyline")),
)
ALLERGIES = ("",) * 7 + ("penicillin", "sulfa", "aspirin")
# What a hand-written chart holds now and then: a slip of the pen, and a name that no list has.
SLIPS = (("sertraline", "sertralin"), ("omeprazole", "omeprazol"), ("furosemide", "furosemid"))
PATIENTS, OWN_REMEDY = 48, "valley herb drops"


def ward_medication(chance: Random) -> polars.DataFrame:
    """The medication charts of two days on one ward: a row for each drug of each patient."""
    rows: list[tuple[str, int, str, int, int, str, str, str]] = []
    for number in range(1, PATIENTS + 1):
        care = chance.choice(CARES)
        drugs = [*care.drugs, *(drug for drug in care.sometimes if chance.random() < 1 / 3)]
        if chance.random() < 0.06:
            drugs.append(OWN_REMEDY)
        sex = chance.choice(("female", "male"))
        if sex == "male":
            drugs = [drug for drug in drugs if drug != "Microgynon"]
        weight = round(chance.gauss(70 if sex == "female" else 84, 11))
        of_patient = (
            f"Chart {number:02d}",
            chance.randint(*care.ages),
            sex,
            max(45, weight),
            chance.randint(*care.creatinine),
            chance.choice(ALLERGIES),
            care.conditions,
        )
        rows += [(*of_patient, _written(chance, drug)) for drug in drugs]
    columns = ["patient", "age", "sex", "weight_kg", "creatinine_umol_l", "allergies", "conditions", "drug"]
    return table(columns, rows)


def _written(chance: Random, drug: str) -> str:
    right, wrong = chance.choice(SLIPS)
    return drug.replace(right, wrong)


DEMO = DemoTenant(
    slug="stclare",
    name="St Clare Hospital",
    industry="healthcare",
    industries=("healthcare", "retail"),
    people=(
        DemoPerson("Dr Anneke de Vries", "owner"),
        DemoPerson("Gareth Pritchard", "administrator"),
        DemoPerson("Nguyễn Thị Lan", "builder"),
        DemoPerson("Dr Samuel Osei", "analyst"),
        DemoPerson("Sister Bridget Keane", "approver"),
        DemoPerson("Leila Haddad", "auditor"),
        DemoPerson("Marco Bianchi", "viewer"),
    ),
    datasets=(
        DemoDataset("Daily emergency admissions", "daily-emergency-admissions.parquet", admissions),
        DemoDataset("Monthly drug consumption", "monthly-drug-consumption.parquet", consumption),
        DemoDataset("Ward medication charts", "ward-medication-charts.parquet", ward_medication),
    ),
    runs=(
        DemoRun("retail.demand_forecaster", "Daily emergency admissions", {"horizon": 14}),
        DemoRun("retail.demand_forecaster", "Monthly drug consumption", {"horizon": 6}),
        DemoRun("healthcare.drug_checker", "Ward medication charts"),
    ),
)
