"""The shapes of rules as the knowledge base holds them: names of drugs, how grave, why, what to do, who says so."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from apps.healthcare.analytics.severity import Severity

Evidence = Literal["label", "trial", "observational", "consensus", "pharmacology"]
Kind = Literal["inhibitors", "inducers"]
Strength = Literal["strong", "moderate", "weak"]
Names = frozenset[str]

Care = tuple[Names, Severity, str, str, str]
"""Drugs, severity, because, do, source."""


@dataclass(frozen=True)
class PairRule:
    """Two drugs, one of `first` and one of `second`, taken at a time."""

    key: str
    first: Names
    second: Names
    severity: Severity
    effect: str
    mechanism: str
    management: str
    evidence: Evidence
    sources: tuple[str, ...]


@dataclass(frozen=True)
class System:
    """An enzyme or transporter: who inhibits and induces it, and what it breaks down or carries."""

    name: str
    source: str
    actors: Mapping[tuple[str, str], Names]
    """By kind and strength: ``("inhibitors", "strong")``."""
    substrates: Mapping[str, tuple[Severity | None, Severity | None, str]]
    """How grave more of it is, how grave less, and what more of it does."""


@dataclass(frozen=True)
class AllergyGroup:
    key: str
    names: Names
    allergic: Names
    cross: tuple[Care, ...]
    source: str


@dataclass(frozen=True)
class Condition:
    key: str
    rules: tuple[Care, ...]


@dataclass(frozen=True)
class Population:
    """Patients by age or pregnancy: `key` is ``pregnancy`` or the name of an age group."""

    key: str
    least_age: float | None
    below_age: float | None
    rules: tuple[Care, ...]

    def holds(self, age: float | None, *, pregnant: bool) -> bool:
        if self.key == "pregnancy":
            return pregnant
        if age is None:
            return False
        return (self.least_age is None or age >= self.least_age) and (self.below_age is None or age < self.below_age)


@dataclass(frozen=True)
class DoseSteps:
    """What to do below which kidney function, lowest step first."""

    drugs: Names
    by: str
    """``clearance`` or ``egfr``."""
    steps: tuple[tuple[float, Severity, str], ...]
    source: str
