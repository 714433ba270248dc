"""What control charts are drawn of: samples in the order of time, parted into stages, some of them the baseline."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]
Counts = NDArray[np.int64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Order:
    """The names of samples in the order of time, and what divides them.

    `stages` holds the number of the first sample of each stage, from 0; `names` those of the stages. `baseline` marks
    the samples that limits are computed from; None: all of them.
    """

    labels: list[str]
    stages: list[int] = field(default_factory=lambda: [0])
    names: list[str] = field(default_factory=lambda: [""])
    baseline: Mask | None = None

    @property
    def spans(self) -> list[tuple[int, int]]:
        """Where each stage begins and ends."""
        return list(pairwise([*self.stages, len(self.labels)]))

    @cached_property
    def begins(self) -> Counts:
        """For each sample, the number of the first one of its stage."""
        lengths = np.diff([*self.stages, len(self.labels)])
        return np.repeat(np.array(self.stages, dtype=np.int64), lengths)

    def based(self, start: int, stop: int) -> Mask:
        """Which samples of a stage are its baseline. A stage without a marked sample has its own limits, of all."""
        if self.baseline is None or not self.baseline[start:stop].any():
            return np.ones(stop - start, dtype=bool)
        return self.baseline[start:stop]


@dataclass(frozen=True)
class Samples:
    """Measurements, those of a sample side by side; `starts` holds the place of the first one of each sample."""

    values: Values
    starts: Counts
    order: Order

    @classmethod
    def of(cls, groups: list[list[float]], order: Order | None = None) -> Samples:
        """Samples given one by one."""
        starts = np.cumsum([0, *(len(group) for group in groups[:-1])])
        names = Order([str(number) for number in range(1, len(groups) + 1)])
        return cls(np.concatenate([np.asarray(group, dtype=np.float64) for group in groups]), starts, order or names)

    @cached_property
    def sizes(self) -> Counts:
        return np.diff(np.append(self.starts, len(self.values)))

    @cached_property
    def means(self) -> Values:
        return np.add.reduceat(self.values, self.starts) / self.sizes

    @cached_property
    def ranges(self) -> Values:
        return np.maximum.reduceat(self.values, self.starts) - np.minimum.reduceat(self.values, self.starts)

    @cached_property
    def deviations(self) -> Values:
        """The standard deviation within each sample; not a number for a sample of one."""
        away = self.values - np.repeat(self.means, self.sizes)
        squares = np.add.reduceat(away**2, self.starts)
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.sqrt(squares / (self.sizes - 1))
