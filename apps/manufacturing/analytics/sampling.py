"""Acceptance sampling by attributes: single plans of ISO 2859-1, what they let through, and when to switch.

The standard's master tables follow one pattern, which is written here rather than its cells: sample sizes and limits
(AQL) grow by the same steps, so that the acceptance number depends only on how many steps code letter and AQL are from
the first. The pattern is that of ISO 2859-1:1999, tables 1, 2-A, 2-B and 2-C; normal and tightened inspection are as in
MIL-STD-105E, which is in the public domain. Probabilities are those of the binomial distribution for items, and of
Poisson's for defects per 100 items.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Literal

import numpy as np

from .samples import Values

Severity = Literal["normal", "tightened", "reduced"]
Level = Literal["S-1", "S-2", "S-3", "S-4", "I", "II", "III"]

AQLS = (
    0.010, 0.015, 0.025, 0.040, 0.065, 0.10, 0.15, 0.25, 0.40, 0.65, 1.0, 1.5, 2.5, 4.0, 6.5, 10.0,
    15.0, 25.0, 40.0, 65.0, 100.0, 150.0, 250.0, 400.0, 650.0, 1000.0,
)  # fmt: skip
"""Percent of nonconforming items up to 10, nonconformities per 100 items throughout."""
MOST_PERCENT = 10.0
LETTERS = "ABCDEFGHJKLMNPQRS"
"""Without I and O. S stands only below R, in tightened inspection."""
SIZES = (2, 3, 5, 8, 13, 20, 32, 50, 80, 125, 200, 315, 500, 800, 1250, 2000, 3150)
REDUCED_SIZES = (2, 2, 2, 3, 5, 8, 13, 20, 32, 50, 80, 125, 200, 315, 500, 800)
LOTS = (8, 15, 25, 50, 90, 150, 280, 500, 1200, 3200, 10_000, 35_000, 150_000, 500_000)
"""The largest lot of each line of table 1; the last line has none."""
CODES: dict[Level, str] = {
    "S-1": "AAAABBBBCCCCDDD",
    "S-2": "AAABBBCCCDDDEEE",
    "S-3": "AABBCCDDEEFFGGH",
    "S-4": "AABCCDEEFGGHJJK",
    "I": "AABCCDEFGHJKLMN",
    "II": "ABCDEFGHJKLMNPQ",
    "III": "BCDEFGHJKLMNPQR",
}
"""Table 1: the letter of each lot size, by inspection level."""
ZERO = 14
"""How many steps letter and AQL together are away from the first where a plan accepts no defect."""
# Acceptance numbers from there on, step by step; an arrow says to take the first plan below (v) or above (^) it.
STEPS: dict[Severity, tuple[int | str, ...]] = {
    "normal": (0, "^", "v", 1, 2, 3, 5, 7, 10, 14, 21),
    "tightened": ("v", 0, "v", "v", 1, 2, 3, 5, 8, 12, 18),
    "reduced": (0, "^", "v", "v", 1, 2, 3, 5, 6, 8, 10),
}
LARGE: dict[Severity, tuple[int, ...]] = {"normal": (30, 44), "tightened": (27, 41), "reduced": ()}
"""The two acceptance numbers after these, which the letters A to E have."""


class NoPlan(ValueError):
    """The standard has no such plan; the text says why, in a sentence for people."""


@dataclass(frozen=True)
class Plan:
    """Look at `size` items, accept the lot with at most `accept` defects. `letter` is the plan's, after arrows."""

    letter: str
    size: int
    accept: int
    aql: float
    severity: Severity = "normal"

    @property
    def per_item(self) -> bool:
        """Whether items are counted, rather than defects of which an item may have several."""
        return self.aql <= MOST_PERCENT

    def accepted(self, percent: Values) -> Values:
        """The chance that a lot of this quality is accepted, as points of the operating characteristic."""
        from scipy import special

        share = np.asarray(percent, dtype=np.float64) / 100
        if self.per_item:
            return np.asarray(special.bdtr(float(self.accept), self.size, share))
        return np.asarray(special.pdtr(float(self.accept), self.size * share))

    def quality_at(self, chance: float) -> float:
        """The quality, in percent, of which a lot is accepted with this chance."""
        from scipy import special

        if self.per_item:
            return 100 * float(special.betainccinv(self.accept + 1, self.size - self.accept, chance))
        return 100 * float(special.gammainccinv(self.accept + 1, chance)) / self.size

    @property
    def producer_risk(self) -> float:
        """The chance that a lot of exactly the AQL is rejected."""
        return 1 - float(self.accepted(np.array([self.aql]))[0])

    @property
    def consumer_quality(self) -> float:
        """The quality, in percent, of which one lot in ten is still accepted."""
        return self.quality_at(0.10)

    def outgoing(self, percent: Values, lot: int | None = None) -> Values:
        """Average outgoing quality in percent, where rejected lots are sorted: p Pa (1 - n / N)."""
        part = 1.0 if lot is None else max(0.0, 1 - self.size / lot)
        return np.asarray(percent) * self.accepted(percent) * part

    def worst_outgoing(self, lot: int | None = None) -> float:
        """The limit of average outgoing quality, in percent (AOQL)."""
        from scipy import optimize

        if lot is not None and self.size >= lot:
            return 0.0
        top = self.quality_at(1e-4)
        found = optimize.minimize_scalar(
            lambda at: -float(self.outgoing(np.array([at]), lot)[0]), bounds=(0, top), method="bounded",
            options={"xatol": top * 1e-9},
        )  # fmt: skip
        return -float(found.fun)


def code_letter(lot: int, level: Level = "II") -> str:
    """The sample size code letter of a lot (table 1). Raises `NoPlan` for a lot of fewer than 2 items."""
    if lot < 2:
        raise NoPlan(f"A lot of {lot:,} is not sampled: plans begin at 2 items.")
    return CODES[level][sum(lot > most for most in LOTS)]


@cache
def single_plan(letter: str, aql: float, severity: Severity = "normal") -> Plan:
    """The single plan for a code letter. Raises `NoPlan` for an AQL that the standard does not have."""
    if aql not in AQLS:
        raise NoPlan(f"{aql:g} is none of the standard's AQLs: {', '.join(f'{each:g}' for each in AQLS)}.")
    if severity == "reduced" and aql > MOST_PERCENT:
        raise NoPlan("Reduced inspection is known here up to an AQL of 10 only: use normal inspection.")
    row, column = LETTERS.index(letter), AQLS.index(aql)
    rows = len(LETTERS) if severity == "tightened" and aql == 0.025 else len(LETTERS) - 1
    found = _cell(row, column, severity)
    step = -1 if found == "^" else 1
    while not isinstance(found, int):
        row += step
        if not 0 <= row < rows:  # nothing there: the nearest plan the other way is the only one
            step, row = -step, row - step
        found = _cell(row, column, severity)
    sizes = REDUCED_SIZES if severity == "reduced" else SIZES
    return Plan(LETTERS[row], sizes[row], found, aql, severity)


def _cell(row: int, column: int, severity: Severity) -> int | str:
    step = row + column - ZERO
    if step < 0 or (severity == "tightened" and row == 0 and step == 1):  # two items with none defective are too few
        return "v"
    held = STEPS[severity]
    if step < len(held):
        return held[step]
    large = LARGE[severity]
    beyond = step - len(held)
    return large[beyond] if row <= LETTERS.index("E") and beyond < len(large) else "^"


def plan_for(lot: int, aql: float, level: Level = "II", severity: Severity = "normal") -> Plan:
    """The single plan for a lot. Where the sample would be the whole lot, all of it is looked at."""
    plan = single_plan(code_letter(lot, level), aql, severity)
    return plan if plan.size < lot else Plan(plan.letter, lot, plan.accept, aql, severity)


@dataclass(frozen=True)
class Decided:
    """What becomes of one lot; `accepted` is None for a lot that was not looked at yet."""

    plan: Plan
    accepted: bool | None
    switched: str = ""
    """Why the severity changed with this lot, in words."""


@dataclass
class Switching:
    """The switching rules of ISO 2859-1:1999, clause 9.3: severity follows from the lots before."""

    aql: float
    severity: Severity = "normal"
    score: int = 0
    """Towards reduced inspection, 30 being enough."""
    recent: list[bool] = field(default_factory=list)
    rejected_tightened: int = 0
    stopped: bool = False

    def told(self, plan: Plan, found: int, lot: int, level: Level) -> str:
        """Take note of a lot that was looked at. Returns why the severity changes, empty where it does not."""
        accepted = found <= plan.accept
        self.recent = [*self.recent[-4:], accepted]
        if self.severity == "tightened":
            return self._from_tightened(accepted=accepted)
        if self.severity == "reduced":
            return "" if accepted else self._to("normal", "a lot was rejected in reduced inspection")
        self.score = self._scored(plan, found, lot, level) if accepted else 0
        if self.recent.count(False) >= 2:
            return self._to("tightened", "two of five or fewer lots in a row were rejected")
        if self.score >= 30 and self.aql <= MOST_PERCENT:
            return self._to("reduced", "the switching score reached 30")
        return ""

    def _scored(self, plan: Plan, found: int, lot: int, level: Level) -> int:
        """Clause 9.3.3.2: 3 for a lot that a one step smaller AQL had accepted, 2 where the plan allows 0 or 1."""
        if plan.accept <= 1:
            return self.score + 2
        tighter = plan_for(lot, AQLS[AQLS.index(self.aql) - 1], level)
        return self.score + 3 if found <= tighter.accept else 0

    def _from_tightened(self, *, accepted: bool) -> str:
        self.rejected_tightened += not accepted
        if self.rejected_tightened >= 5:
            self.stopped = True
            return "five lots were rejected in tightened inspection: acceptance stops until the supplier has improved"
        if len(self.recent) == 5 and all(self.recent):
            return self._to("normal", "five lots in a row were accepted in tightened inspection")
        return ""

    def _to(self, severity: Severity, why: str) -> str:
        self.severity, self.score, self.recent, self.rejected_tightened = severity, 0, [], 0
        return f"{severity} from here on: {why}"


def decide(
    lots: Sequence[int],
    found: Sequence[int | None],
    aql: float,
    level: Level = "II",
    severity: Severity | Literal["switching"] = "normal",
) -> list[Decided]:
    """Plan and decision for each lot in turn; with ``switching`` the severity follows the lots before."""
    state = Switching(aql, "normal" if severity == "switching" else severity)
    made = []
    for lot, count in zip(lots, found, strict=True):
        plan = plan_for(lot, aql, level, state.severity)
        accepted = None if count is None else count <= plan.accept
        why = ""
        if severity == "switching" and count is not None and not state.stopped:
            why = state.told(plan, count, lot, level)
        made.append(Decided(plan, accepted, why))
    return made
