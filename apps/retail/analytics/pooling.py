"""Weights of forecasts learned from many series of an organisation, and how much they help.

A series has three backtest origins at most, so its own weights are uncertain. Weights that are right for its group on
average are more certain and less its own; between the two lies the best (Diebold and Pauly 1990, "The use of prior
information in forecast combination", Int. J. of Forecasting 6). The learned ones are those of least squared error that
are not negative and sum to one (Granger and Ramanathan 1984, "Improved methods of combining forecasts", J. of
Forecasting 3). Errors are divided by those of the series itself, so that each series counts alike.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import nnls

from .combining import ORIGINS, Pooled, Trials, others, trials_of, weights_of
from .metrics import Values
from .reading import Series

FOLDS = 5
"""Parts of the series: each is judged by what was learned from the others."""
FEWEST = 20
"""Series of a group that weights are learned from."""
SHARES = tuple(round(0.1 * n, 1) for n in range(11))
_TO_ONE = 1e3
"""How heavily the sum of weights counts beside errors of about one."""


@dataclass(frozen=True)
class Learned:
    """Weights by group, and how far forecasts were off at the latest origin of each series that was judged.

    Errors are over those of the candidates' plain mean: 1 is as good as that. `own` is with the series' own weights
    alone, `pooled` with those learned from other series and earlier origins, `now` with the weights in use, if any.
    """

    groups: dict[str, Pooled]
    counts: dict[str, int]
    """Series of each group, those of groups that were too small included."""
    own: Values
    pooled: Values
    now: Values | None

    @property
    def gain(self) -> tuple[float, float, float]:
        """Mean of own less pooled error, and its 99 % interval over the series (normal approximation): whoever trains
        often would find a gain by chance at 95 %."""
        gains = self.own - self.pooled
        mean = float(gains.mean())
        reach = 2.576 * float(gains.std(ddof=1)) / np.sqrt(len(gains)) if len(gains) > 1 else float("inf")
        return mean, mean - reach, mean + reach


def trials(
    panel: Sequence[Series],
    horizon: int,
    seasons: tuple[int, ...],
    tell: Callable[[int, int, str], None] = lambda d, t, n: None,
) -> list[Trials]:
    """The trials of each series that is long enough for one origin more than its own weights are made of: with fewer
    these would be worse when they are judged than when they are used."""
    made = []
    for done, series in enumerate(panel):
        tell(done, len(panel), f"Trying models on {series.item}")
        tried = trials_of(series.values, horizon, seasons, ORIGINS + 1)
        if tried is not None and len(tried.actual) > ORIGINS:
            made.append(tried)
    return made


def learn(tried: Sequence[Trials], now: Mapping[str, Pooled] | None = None) -> Learned:
    """Learn weights for each group that is large enough. Raises `ValueError` where none is.

    How good they are is told by series that had no part in them, at an origin after all that they were learned from.
    What is returned for use is learned from every series and origin.
    """
    by_group: dict[str, list[Trials]] = {}
    for one in tried:
        by_group.setdefault(one.group, []).append(one)
    counts = {group: len(members) for group, members in sorted(by_group.items())}
    large = {group: members for group, members in by_group.items() if len(members) >= FEWEST}
    if not large:
        raise ValueError(f"no group has {FEWEST} series with {ORIGINS + 1} backtest origins")
    groups, own, pooled, used = {}, [], [], []
    for group, members in sorted(large.items()):
        for fold in range(FOLDS):
            rest = [one for n, one in enumerate(members) if n % FOLDS != fold]
            pool = _pooled(rest, slice(1, None))
            for one in members[fold::FOLDS]:
                own.append(_latest(one, None))
                pooled.append(_latest(one, pool))
                used.append(_latest(one, (now or {}).get(group)))
        share = _pooled(members, slice(1, None)).share
        groups[group] = Pooled(_least_squares(members, slice(None)), share)
    return Learned(groups, counts, np.array(own), np.array(pooled), np.array(used) if now else None)


def _pooled(members: Sequence[Trials], origins: slice) -> Pooled:
    """Weights from the errors at `origins`, with the share that was best for the same series at the latest origin."""
    weights = _least_squares(members, origins)
    errors = [float(np.mean([_latest(one, Pooled(weights, share)) for one in members])) for share in SHARES]
    return Pooled(weights, SHARES[int(np.argmin(errors))])


def _least_squares(members: Sequence[Trials], origins: slice) -> dict[str, float]:
    names = members[0].names
    moments = np.zeros((len(names), len(names)))
    for one in members:
        for actual, made in zip(one.actual[origins], one.made[origins], strict=True):
            errors = actual - made
            size = float(np.square(errors).mean())
            if size > 0:
                moments += errors @ errors.T / (size * errors.shape[1])
    moments /= max(float(np.trace(moments)) / len(names), np.finfo(float).tiny)
    # Least squares of a root of the moments; the last row keeps the sum at one.
    values, vectors = np.linalg.eigh(moments)
    root = np.sqrt(np.maximum(values, 0))[:, np.newaxis] * vectors.T
    found, _ = nnls(np.vstack([root, np.full(len(names), _TO_ONE)]), np.append(np.zeros(len(names)), _TO_ONE))
    return {name: float(weight / found.sum()) for name, weight in zip(names, found, strict=True)}


def _latest(one: Trials, pool: Pooled | None) -> float:
    """The error at the latest origin, weighted by what was known before, over that of the candidates' mean."""
    actual, made = one.actual[0], one.made[0]
    weights = weights_of(one.names, others(one.errors, 0), pool)
    off, mean = _error(one, actual - weights @ made), _error(one, actual - made.mean(axis=0))
    return off / mean if mean > 0 else 1.0


def _error(one: Trials, miss: Values) -> float:
    """As candidates are judged: absolute, but squared for demand with many empty periods."""
    return float(np.sqrt(np.square(miss).mean()) if one.is_intermittent else np.abs(miss).mean())
