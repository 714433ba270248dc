"""Whether decisions of an agent differ from those of a baseline: three tests on each whole window of decisions.

Decisions are looked at in windows of `WINDOW`, one after the other, each once, and each by

- its shares of verdicts: Fisher's exact test of each verdict against the others (Fisher, J R Stat Soc 1935;98:39-82),
  the smallest p times the number of verdicts (Bonferroni). It needs no least counts, and names the verdict;
- its scores: the rank-sum test (Mann and Whitney, Ann Math Stat 1947;18:50-60), corrected for ties. Scores have ends,
  and pile up at them: Welch's t test on their means alarmed 1.5 times in a hundred where it should 0.3 times, when one
  score in twenty was 1 and the others 0;
- its overrides: Fisher's exact test for more of them than before. Fewer are no alarm: the last decisions may not have
  been looked at yet.

A window alarms when one of the three has a p below a third of `ALPHA` (Bonferroni), so that of the windows of an agent
that decides as it did, at most `ALPHA` alarm: one in a hundred. The baseline is a sample as well, which the tests allow
for. Drift begins with a window that alarms, and ends with one in which no test has a p below `CALM`.

The stability index is told beside them, as the field knows it (Siddiqi, Credit Risk Scorecards, Wiley 2006: below 0.1
little has changed, above 0.25 much); it raises no alarm, as by chance alone it depends on how many were counted.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final, Literal

from pydantic import BaseModel

WINDOW: Final = 100
"""Decisions of a window."""
BASELINE: Final = 300
"""Decisions of a baseline that is taken from the first ones of a version."""
LEAST_BASELINE: Final = 100
"""Decisions that a chosen period must have."""
ALPHA: Final = 0.01
CALM: Final = 0.05
LEAST_EXPECTED: Final = 5.0
"""Of scores that are not the commonest one: with fewer on a side, the rank-sum test has no normal tail."""
LEAST_REVIEWED: Final = 20
"""Decisions of the baseline that people must have looked at, to hold those against them that all were looked at."""
LEAST_SCORES: Final = 20
"""Scores on each side without which they are not compared."""
MOST_BASELINE: Final = 2_000
"""The last decisions of a chosen period, which count."""
Kind = Literal["verdicts", "score", "overrides"]
KINDS: Final[tuple[Kind, ...]] = ("verdicts", "score", "overrides")


class Seen(BaseModel):
    """One decision, as far as it counts."""

    at: datetime
    verdict: str
    score: float | None = None
    reviewed: bool = False
    """Whether a person has said what holds."""
    overridden: bool = False


class Window(BaseModel):
    """Decisions that were made one after the other, in counts."""

    since: datetime
    until: datetime
    """When the first and the last of them were made."""
    count: int
    verdicts: dict[str, int]
    scores: int = 0
    """How many have a score."""
    mean: float | None = None
    reviewed: int = 0
    overridden: int = 0
    values: list[float] = []
    """The scores themselves, as long as they are to be compared."""

    @classmethod
    def of(cls, decisions: Sequence[Seen]) -> Window:
        scores = [each.score for each in decisions if each.score is not None]
        return cls(
            since=decisions[0].at,
            until=decisions[-1].at,
            count=len(decisions),
            verdicts=dict(Counter(each.verdict for each in decisions)),
            scores=len(scores),
            mean=math.fsum(scores) / len(scores) if scores else None,
            reviewed=sum(each.reviewed for each in decisions),
            overridden=sum(each.overridden for each in decisions),
            values=scores,
        )

    def share(self, verdict: str) -> float:
        return self.verdicts.get(verdict, 0) / self.count

    @property
    def override_rate(self) -> float:
        return self.overridden / self.count


class Test(BaseModel):
    """What one of the three tests says of a window."""

    __test__ = False  # the word of the field, and none of pytest's

    kind: Kind
    p: float | None
    """None where there is too little to compare."""
    verdict: str = ""
    """Of the shares: the verdict whose share has moved most, as the test sees it."""

    @property
    def alarms(self) -> bool:
        return self.p is not None and self.p < ALPHA / len(KINDS)

    @property
    def is_calm(self) -> bool:
        return self.p is None or self.p >= CALM


class Judgement(BaseModel):
    """A window beside the baseline."""

    window: Window
    tests: list[Test]
    stability: float
    """The population stability index of its verdicts."""

    @property
    def alarms(self) -> bool:
        return any(test.alarms for test in self.tests)

    @property
    def is_calm(self) -> bool:
        return all(test.is_calm for test in self.tests)

    def test(self, kind: Kind) -> Test:
        return next(test for test in self.tests if test.kind == kind)


def judge(baseline: Window, window: Window) -> Judgement:
    """Hold a window against the baseline."""
    tests = [
        verdicts_test(baseline, window),
        Test(kind="score", p=score_p(baseline, window)),
        Test(kind="overrides", p=overrides_p(baseline, window)),
    ]
    return Judgement(window=window, tests=tests, stability=round(stability(baseline, window), 4))


def drifts(before: bool, judgements: Iterable[Judgement]) -> bool:
    """Whether an agent drifts after these windows, when it did or did not before them."""
    for each in judgements:
        before = each.alarms or (before and not each.is_calm)
    return before


def verdicts_test(baseline: Window, window: Window) -> Test:
    """Of equal shares; no p where all decisions are alike."""
    from scipy.stats import fisher_exact

    names = sorted({*baseline.verdicts, *window.verdicts})
    if len(names) < 2:
        return Test(kind="verdicts", p=None)
    found = {
        name: float(
            fisher_exact(
                [
                    [baseline.verdicts.get(name, 0), baseline.count - baseline.verdicts.get(name, 0)],
                    [window.verdicts.get(name, 0), window.count - window.verdicts.get(name, 0)],
                ]
            ).pvalue
        )
        for name in names
    }
    moved = min(found, key=lambda name: found[name])
    tests = len(names) if len(names) > 2 else 1  # of two, the one moves as the other does
    return Test(kind="verdicts", p=min(1.0, tests * found[moved]), verdict=moved)


def score_p(baseline: Window, window: Window) -> float | None:
    """The p of scores that are no higher and no lower; None where there are too few, or nearly all are the same."""
    from scipy.stats import mannwhitneyu

    if min(baseline.scores, window.scores) < LEAST_SCORES:
        return None
    if baseline.mean != window.mean and len({*baseline.values}) == len({*window.values}) == 1:
        return 0.0  # each always the same, and not as the other
    _, commonest = Counter([*baseline.values, *window.values]).most_common(1)[0]
    others = baseline.scores + window.scores - commonest
    if others * min(baseline.scores, window.scores) / (baseline.scores + window.scores) < LEAST_EXPECTED:
        return None
    return float(mannwhitneyu(baseline.values, window.values, alternative="two-sided", method="asymptotic").pvalue)


def overrides_p(baseline: Window, window: Window) -> float | None:
    """The p of no more overrides than before; None where none was overridden.

    Where people have looked at most of a window, as they do while its decisions wait for them, its overrides are held
    against those among the decisions of the baseline that somebody has looked at: else to look would itself be a drift,
    which never ended. None where too few were looked at.
    """
    from scipy.stats import hypergeom

    overridden, before, now = baseline.overridden + window.overridden, baseline.count, window.count
    if 2 * window.reviewed > window.count:
        before, now = baseline.reviewed, window.reviewed
        if before < LEAST_REVIEWED:
            return None
    if not overridden:
        return None
    return float(hypergeom.sf(window.overridden - 1, before + now, overridden, now))


def stability(baseline: Window, window: Window) -> float:
    """The population stability index of verdicts; a count of a half stands in for none."""
    total = 0.0
    for name in {*baseline.verdicts, *window.verdicts}:
        was = max(baseline.verdicts.get(name, 0), 0.5) / baseline.count
        now = max(window.verdicts.get(name, 0), 0.5) / window.count
        total += (now - was) * math.log(now / was)
    return total
