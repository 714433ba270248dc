"""What the Quality Inspector reports. Numbers have six significant digits, points as many as tell them apart."""

from __future__ import annotations

import math
from typing import Literal

from pydantic import BaseModel

from apps.common.widgets import Tone


class Attention(BaseModel):
    """One thing to look at, with the causes to look for, the likeliest first."""

    characteristic: str
    chart: str
    place: str
    """The sample, or the first and the last of several."""
    what: str
    rules: list[str]
    value: float | None = None
    extreme: float | None = None
    """How far its farthest point is from the centre, in standard errors."""
    causes: list[str] = []
    weight: float


class ChartReport(BaseModel):
    """One chart. Of a long one, each point stands for so many samples: the farthest from the centre is kept."""

    title: str
    statistic: str
    samples: int
    each: int = 1
    labels: list[str]
    points: list[float | None]
    centre: list[float | None]
    lower: list[float | None]
    upper: list[float | None]
    signals: dict[int, str] = {}
    """By place among the points: what the rules say of it."""
    stages: dict[int, str] = {}
    """By place among the points: the stages after the first one."""
    beyond: int = 0
    """How many samples lie beyond a limit."""


class IndexReport(BaseModel):
    name: str
    value: float
    low: float | None = None
    high: float | None = None


class CapabilityReport(BaseModel):
    lower: float | None
    upper: float | None
    target: float | None
    mean: float
    within: float
    overall: float
    indices: list[IndexReport]
    anderson_darling: float | None
    normal_p: float | None
    seen_ppm: float
    expected_ppm: float
    bins: list[str]
    """The middle of each class of the histogram."""
    counts: list[int]
    where: list[Literal["below", "within", "above"]]

    def index(self, name: str) -> IndexReport | None:
        return next((index for index in self.indices if index.name == name), None)


class CharacteristicReport(BaseModel):
    name: str
    kind: str
    """The charts, for example ``Xbar-R``."""
    why: str
    values: int
    samples: int
    charts: list[ChartReport]
    signals: int
    """How many stretches of samples a rule marks."""
    capability: CapabilityReport | None = None
    verdict: str
    tone: Tone


class ComponentReport(BaseModel):
    name: str
    sigma: float
    of_total: float
    of_variance: float
    of_tolerance: float | None = None


class EffectReport(BaseModel):
    source: str
    freedom: int
    square: float
    f: float | None = None
    p: float | None = None


class MethodReport(BaseModel):
    method: str
    grr: float
    ndc: int
    pooled: bool
    components: list[ComponentReport]
    effects: list[EffectReport]


class GaugeReport(BaseModel):
    """A gauge study. Charts show each operator as a stage: means about the centre of all, ranges below one limit."""

    name: str
    operators: list[str]
    parts: list[str]
    trials: int
    methods: list[MethodReport]
    charts: list[ChartReport]
    verdict: str
    tone: Tone


class LotReport(BaseModel):
    lot: str
    size: int
    letter: str
    sample: int
    accept: int
    severity: str
    found: int | None
    decision: Literal["accept", "reject", "not looked at"]
    note: str = ""


class PlanReport(BaseModel):
    """The plan that most lots have, and how it tells good lots from bad ones. Qualities are in percent."""

    letter: str
    sample: int
    accept: int
    severity: str
    lot: int
    aql: float
    producer_risk: float
    consumer_quality: float
    """Of which one lot in ten is accepted."""
    good_quality: float
    """Of which 95 lots in 100 are accepted."""
    outgoing_limit: float
    quality: list[float]
    accepted: list[float]
    outgoing: list[float]


class SamplingReport(BaseModel):
    level: str
    plan: PlanReport
    lots: list[LotReport]


class SliceReport(BaseModel):
    name: str
    count: float
    share: float
    cumulated: float
    vital: bool


class QualityReport(BaseModel):
    study: str
    verdict: str
    tone: Tone
    reasons: list[str]
    """In the order of their weight."""
    rules: list[str] = []
    attention: list[Attention] = []
    found: int = 0
    """How many things to look at there are; the first of them are listed."""
    capable: float = 1.33
    """The Cpk that is asked for."""
    characteristics: list[CharacteristicReport] = []
    gauges: list[GaugeReport] = []
    sampling: SamplingReport | None = None
    pareto: list[SliceReport] = []
    unit: str = ""
    notes: list[str] = []


def rounded(value: float, digits: int = 6) -> float:
    return float(f"{value:.{digits}g}")


def finite(value: float | None, digits: int = 6) -> float | None:
    return rounded(value, digits) if value is not None and math.isfinite(value) else None
