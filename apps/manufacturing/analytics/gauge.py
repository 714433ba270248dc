"""How much of what is measured is the gauge: repeatability and reproducibility, by average and range and by ANOVA.

After AIAG, Measurement Systems Analysis, 4th edition, chapter III B, for a crossed study: every operator measures every
part the same number of times. Constants are computed: K1, K2 and K3 are 1 / d2*.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from .constants import d2, d2_star
from .samples import Values

ENOUGH_GROUPS = 15
"""From more groups than these on the manual takes d2 for d2* (appendix C)."""
ACCEPTABLE, MARGINAL, CATEGORIES = 10.0, 30.0, 5
"""In percent of the total variation (chapter III B), and how many categories a gauge has to tell apart."""
Verdict = Literal["acceptable", "marginal", "not acceptable"]


@dataclass(frozen=True)
class Component:
    """One source of variation. Shares are in percent: of the total deviation, of its square, of the tolerance."""

    name: str
    sigma: float
    of_total: float
    of_variance: float
    of_tolerance: float | None


@dataclass(frozen=True)
class Effect:
    """A line of the analysis of variance; the line of repeatability has no F."""

    source: str
    freedom: int
    square: float
    f: float | None = None
    p: float | None = None


@dataclass(frozen=True)
class Gauge:
    """The result of one method. `ndc` is the number of categories that the gauge tells apart, cut to a whole number."""

    method: Literal["average and range", "ANOVA"]
    components: list[Component]
    ndc: int
    effects: list[Effect]
    pooled: bool = False
    """Whether the interaction of operators and parts was no more than chance, and counted as repeatability."""

    def __getitem__(self, name: str) -> Component:
        return next(part for part in self.components if part.name == name)

    @property
    def grr(self) -> float:
        """%GRR: the gauge's share of the total deviation, in percent."""
        return self["Gauge R&R"].of_total

    @property
    def verdict(self) -> Verdict:
        if self.grr > MARGINAL or self.ndc < 2:
            return "not acceptable"
        return "acceptable" if self.grr <= ACCEPTABLE and self.ndc >= CATEGORIES else "marginal"


def average_range(study: Values, tolerance: float | None = None) -> Gauge:
    """By ranges. `study` holds operators, parts and trials, in this order of its axes."""
    operators, parts, trials = study.shape
    groups = operators * parts
    ranges = float(np.ptp(study, axis=2).mean())
    repeated = ranges / (d2(trials) if groups > ENOUGH_GROUPS else d2_star(trials, groups))
    apart = float(np.ptp(study.mean(axis=(1, 2)))) / d2_star(operators, 1) if operators > 1 else 0.0
    between = math.sqrt(max(0.0, apart**2 - repeated**2 / (parts * trials)))
    varied = float(np.ptp(study.mean(axis=(0, 2)))) / d2_star(parts, 1)
    found = {"Repeatability": repeated**2, "Reproducibility": between**2, "Part to part": varied**2}
    return _gauge("average and range", found, [], tolerance)


def anova(study: Values, tolerance: float | None = None, alpha: float = 0.25) -> Gauge:
    """By a two-way analysis of variance with random effects. The interaction is pooled where its p exceeds `alpha`."""
    operators, parts, trials = study.shape
    effects, pooled = _effects(study, alpha)
    square = {effect.source: effect.square for effect in effects}
    error = square["Repeatability"]
    both = 0.0 if pooled or operators == 1 else max(0.0, (square["Operator x part"] - error) / trials)
    base = error if pooled or operators == 1 else square["Operator x part"]
    found = {"Repeatability": error}
    if operators > 1:
        found["Operator"] = max(0.0, (square["Operator"] - base) / (parts * trials))
        if not pooled:
            found["Operator x part"] = both
    found["Reproducibility"] = found.get("Operator", 0.0) + both
    found["Part to part"] = max(0.0, (square["Part"] - base) / (operators * trials))
    return _gauge("ANOVA", found, effects, tolerance, pooled=pooled)


def _effects(study: Values, alpha: float) -> tuple[list[Effect], bool]:
    """The table of the analysis, after pooling; and whether there was any."""
    operators, parts, trials = study.shape
    mean, cells = study.mean(), study.mean(axis=2)
    by_operator, by_part = study.mean(axis=(1, 2)), study.mean(axis=(0, 2))
    of_operator = parts * trials * float(np.sum((by_operator - mean) ** 2))
    of_part = operators * trials * float(np.sum((by_part - mean) ** 2))
    of_cell = trials * float(np.sum((cells - by_operator[:, np.newaxis] - by_part + mean) ** 2))
    error, freedom = float(np.sum((study - cells[:, :, np.newaxis]) ** 2)), operators * parts * (trials - 1)
    crossed = (operators - 1) * (parts - 1)
    pooled = False
    if crossed:
        inside = _effect("Operator x part", of_cell, crossed, error, freedom)
        pooled = (inside.p or 0.0) > alpha
        if pooled:
            error, freedom = error + of_cell, freedom + crossed
    against = (error, freedom) if pooled or not crossed else (of_cell, crossed)
    made = [_effect("Part", of_part, parts - 1, *against)]
    if crossed:
        made.insert(0, _effect("Operator", of_operator, operators - 1, *against))
        if not pooled:
            made.append(inside)
    return [*made, Effect("Repeatability", freedom, error / freedom)], pooled


def _effect(source: str, total: float, freedom: int, against: float, among: int) -> Effect:
    from scipy import special

    square = total / freedom
    if against <= 0:
        return Effect(source, freedom, square)
    f = square / (against / among)
    return Effect(source, freedom, square, f, float(special.fdtrc(freedom, among, f)))


def _gauge(
    method: Literal["average and range", "ANOVA"],
    variances: dict[str, float],
    effects: list[Effect],
    tolerance: float | None,
    *,
    pooled: bool = False,
) -> Gauge:
    grr = variances["Repeatability"] + variances["Reproducibility"]
    parts = variances.pop("Part to part")
    total = grr + parts
    every = {"Gauge R&R": grr, **variances, "Part to part": parts, "Total": total}
    components = [
        Component(
            name,
            sigma := math.sqrt(variance),
            100 * sigma / math.sqrt(total),
            100 * variance / total,
            None if tolerance is None else 600 * sigma / tolerance,
        )
        for name, variance in every.items()
    ]
    # The manual multiplies by 1.41, not by the root of two.
    ndc = math.floor(1.41 * math.sqrt(parts / grr)) if grr > 0 else 99
    return Gauge(method, components, min(ndc, 99), effects, pooled)
