"""The candidate models. Each takes a series and a horizon and answers a point forecast of that length.

statsforecast (Nixtla) supplies most of them; it is imported on first use, as the import takes seconds.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYet
from dataclasses import dataclass
from importlib import import_module

import numpy as np

from .metrics import Values

LONGEST = 520
"""Only the most recent periods feed a model: older ones cost time and say little about the next ones."""
SHAPE_CYCLES = 3
"""Whole cycles that must have been seen before a seasonal shape is estimated."""
RECENT_CYCLES = 5
"""Cycles that a seasonal shape is taken from; shapes change, and five beat ten and twenty on M4 weekly."""

Model = Callable[[Values, int], Values]


def load(tell: Callable[[int, int, str], None]) -> None:
    """Import the models, which takes seconds the first time, while progress is told."""
    with ThreadPoolExecutor(1) as aside:
        loading = aside.submit(import_module, "statsforecast.models")
        while not loading.done():
            tell(0, 1, "Loading the models")
            try:
                loading.result(timeout=0.5)
            except NotYet:
                continue
        loading.result()  # what went wrong with the import is no matter of the data


def naive(y: Values, horizon: int) -> Values:
    """The last value, repeated."""
    return np.repeat(y[-1:], horizon)


def _fitted(name: str, longest: int = LONGEST, **options: object) -> Model:
    def forecast(y: Values, horizon: int) -> Values:
        from statsforecast import models

        mean = getattr(models, name)(**options).forecast(y=y[-longest:].astype(float), h=horizon)["mean"]
        return np.asarray(mean, dtype=float)

    return forecast


REGULAR: dict[str, Model] = {
    "Complex smoothing": _fitted("AutoCES", season_length=1),
    "Damped trend": _fitted("AutoETS", longest=LONGEST // 2, season_length=1, model="AAN", damped=True),
    "Level": _fitted("SimpleExponentialSmoothingOptimized"),
}
"""For demand in most periods: complex exponential smoothing (Svetunkov), damped trend (Gardner), simple smoothing."""
INTERMITTENT: dict[str, Model] = {
    "Croston SBA": _fitted("CrostonSBA"),
    "TSB": _fitted("TSB", alpha_d=0.1, alpha_p=0.1),
    "ADIDA": _fitted("ADIDA"),
    "IMAPA": _fitted("IMAPA"),
}
"""For demand with many empty periods: Syntetos and Boylan; Teunter, Syntetos and Babai; Nikolopoulos; Petropoulos."""
LAST_CYCLE = "Last cycle's changes"
NAIVE = "Last value"


@dataclass(frozen=True)
class Shape:
    """The seasonal pattern of one cycle; entry 0 belongs to the period after the last one.

    `ratio` says that it multiplies the level rather than adds to it. `strength` is the share of the movement around the
    trend that it explains, corrected for the number of positions it was fitted with.
    """

    values: Values
    strength: float
    ratio: bool = False

    def around(self, count: int, start: int) -> Values:
        return self.values[np.arange(start, start + count) % len(self.values)]


def shape_of(y: Values, season: int) -> Shape | None:
    """The shape of `y`, or None when fewer than three cycles were seen or it explains nothing.

    A ratio is preferred where every value is positive and it explains more: a pattern that grows with its level.
    """
    if season < 2 or len(y) < SHAPE_CYCLES * season:
        return None
    recent = y[-RECENT_CYCLES * season :]
    found = _additive(recent, season)
    if recent.min() > 0:
        logarithmic = _additive(np.log(recent), season)
        if logarithmic.strength > found.strength:
            found = Shape(np.exp(logarithmic.values), logarithmic.strength, ratio=True)
    return found if found.strength > 0 else None


def _additive(recent: Values, season: int) -> Shape:
    """Classical decomposition: the median per position of the deviations from a centred average over one cycle.

    Shapes of a year of weeks are smoothed over three positions, since holidays move between weeks. The shape is shrunk
    by its strength, so that a pattern of pure chance is taken out only a little.
    """
    weights = np.r_[0.5, np.ones(season - 1), 0.5] / season if season % 2 == 0 else np.ones(season) / season
    half = len(weights) // 2
    deviation = recent[half : len(recent) - half] - np.convolve(recent, weights, mode="valid")
    position = (np.arange(half, len(recent) - half) - len(recent)) % season
    shape = np.array([np.median(deviation[position == place]) for place in range(season)])
    width = 3 if season == 52 else 1
    if width == 3:
        shape = (np.roll(shape, 1) + shape + np.roll(shape, -1)) / 3
    shape -= shape.mean()
    total, count = float(deviation.var()), len(deviation)
    left = float((deviation - shape[position]).var()) / total if total > 0 else 1.0
    strength = 1 - left * (count - 1) / max(1.0, count - 1 - season / width)
    strength = min(1.0, max(0.0, strength))
    return Shape(shape * strength, strength)


def without(shape: Shape | None, model: Model) -> Model:
    """`model` on the series less its shape, with the shape put back; plain `model` when there is none."""
    if shape is None:
        return model

    def forecast(y: Values, horizon: int) -> Values:
        past, ahead = shape.around(len(y), -len(y)), shape.around(horizon, 0)
        if shape.ratio:
            return model(y / past, horizon) * ahead
        return model(y - past, horizon) + ahead

    return forecast


def last_cycle(season: int) -> Model:
    """The last value, moved as the series moved one cycle before. Needs a cycle and one period."""

    def forecast(y: Values, horizon: int) -> Values:
        before = y[len(y) - season - 1 :]
        return np.asarray(np.resize(before[1:], horizon) - before[0] + y[-1])

    return forecast


def safe(model: Model, y: Values, horizon: int) -> Values:
    """The model's forecast, or the last value repeated where the model cannot be fitted to this series."""
    if np.ptp(y) == 0:
        return naive(y, horizon)
    try:
        with np.errstate(all="ignore"):
            made = model(y, horizon)
    except (ImportError, MemoryError):
        raise
    except Exception:  # noqa: BLE001 - the library raises a bare one for a series that it cannot fit
        return naive(y, horizon)
    return made if np.isfinite(made).all() else naive(y, horizon)
