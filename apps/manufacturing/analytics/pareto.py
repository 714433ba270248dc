"""Pareto's order: which few kinds of defect make most of them (Juran, Quality Control Handbook, 1951)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .samples import Values

FEW = 80.0
"""Percent of all that the vital few make together."""


@dataclass(frozen=True)
class Slice:
    """One kind: its number, its share and that of it with all before it, in percent."""

    name: str
    count: float
    share: float
    cumulated: float
    vital: bool


def pareto(names: list[str], counts: Values) -> list[Slice]:
    """Kinds by falling number, those of one number in their given order. Kinds that never came are left out."""
    order = [int(at) for at in np.argsort(-counts, kind="stable") if counts[at] > 0]
    total, so_far, made = float(counts.sum()), 0.0, list[Slice]()
    for at in order:
        vital = so_far < FEW * total / 100
        so_far += float(counts[at])
        made.append(Slice(names[at], float(counts[at]), 100 * float(counts[at]) / total, 100 * so_far / total, vital))
    return made
