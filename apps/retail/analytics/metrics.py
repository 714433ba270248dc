"""How good a forecast was. Definitions follow the M4 and M5 competitions.

Makridakis, Spiliotis, Assimakopoulos (2020), "The M4 Competition", Int. J. of Forecasting 36(1): sMAPE, MASE, OWA;
the same authors (2022), "M5 accuracy competition", 38(4): RMSSE and the pinball loss.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]


def smape(actual: Values, forecast: Values) -> float:
    """Symmetric mean absolute percentage error in percent, 0 to 200. Where both are zero the error is zero."""
    spread = np.abs(actual) + np.abs(forecast)
    error = np.divide(np.abs(actual - forecast), spread, out=np.zeros_like(spread), where=spread > 0)
    return float(200 * error.mean())


def step(training: Values, season: int = 1) -> float:
    """Mean absolute change over `season` periods of the training part: the scale of MASE. NaN where undefined."""
    if len(training) <= season:
        return float("nan")
    scale = float(np.abs(training[season:] - training[:-season]).mean())
    return scale if scale > 0 else float("nan")


def mase(actual: Values, forecast: Values, training: Values, season: int = 1) -> float:
    """Mean absolute error over the mean change of the training part; NaN for a constant training part."""
    return float(np.abs(actual - forecast).mean()) / step(training, season)


def rmsse(actual: Values, forecast: Values, training: Values) -> float:
    """Root of the mean squared error over the mean squared one-step change; NaN for a constant training part."""
    change = float(np.square(np.diff(training)).mean()) if len(training) > 1 else 0.0
    return float(np.sqrt(np.square(actual - forecast).mean() / change)) if change > 0 else float("nan")


def pinball(actual: Values, quantile: Values, level: float) -> float:
    """Mean pinball loss of a quantile forecast at `level` (0 to 1), in units of the series."""
    miss = actual - quantile
    return float(np.maximum(level * miss, (level - 1) * miss).mean())


def bias(actual: Values, forecast: Values) -> float:
    """Mean of forecast minus actual, in units of the series: positive means that too much was forecast."""
    return float((forecast - actual).mean())
