"""Processes with a fault that is known, and what an inspector has to say of each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from apps.manufacturing.agents.quality_report import QualityReport

SAMPLES, SIZE, BEGINS = 60, 5, 40
WITHIN = 10
"""Samples after its beginning in which a fault has to be found."""
Rows = list[dict[str, Any]]
Change = Callable[[np.ndarray, int, np.random.Generator], np.ndarray]
"""What a fault makes of a sample that is so many samples after its beginning."""


@dataclass(frozen=True)
class Fault:
    """A fault that begins with sample 41, the chart that shows it, and in how many processes of 100 it is found."""

    title: str
    chart: str
    bar: float
    change: Change

    def found(self, report: QualityReport) -> bool:
        """Whether the report marks a sample of the fault in time; for a process without one, whether it marks any."""
        if not self.chart:
            return bool(report.attention)
        for chart in report.characteristics[0].charts:
            if chart.title != self.chart:
                continue
            marked = [int(chart.labels[at]) for at in chart.signals]
            return any(BEGINS < sample <= BEGINS + WITHIN for sample in marked)
        return False


FAULTS = {
    "none": Fault("process without a fault", "", 0.0, lambda values, after, chance: values),
    "shift": Fault("shift of one deviation", "Xbar", 95.0, lambda values, after, chance: values + 1.0),
    "large shift": Fault("shift of two deviations", "Xbar", 99.0, lambda values, after, chance: values + 2.0),
    "trend": Fault("drift of 0.2 a sample", "Xbar", 90.0, lambda values, after, chance: values + 0.2 * after),
    "spread": Fault("twice the deviation", "R", 90.0, lambda values, after, chance: 2 * values),
    "mistake": Fault(
        "every value of one sample off by two deviations", "Xbar", 90.0,
        lambda values, after, chance: values + (2.0 if after == 1 else 0.0),
    ),
}  # fmt: skip


def process(fault: str, seed: int) -> Rows:
    """Sixty samples of five normal values, of which the last twenty have the fault."""
    chance, change = np.random.default_rng([seed, len(fault)]), FAULTS[fault].change
    rows: Rows = []
    for sample in range(1, SAMPLES + 1):
        values = chance.normal(0, 1, SIZE)
        if sample > BEGINS:
            values = change(values, sample - BEGINS, chance)
        rows += [{"sample": sample, "value": round(float(value), 5)} for value in 50 + values]
    return rows
