"""What changes in sum: added up run by run, so that it is there while the replay goes on."""

from __future__ import annotations

from decimal import Decimal
from typing import Self

from pydantic import BaseModel

from apps.workflows.replaying.telling import Side, Told


class Pair(BaseModel):
    """Something before and after."""

    before: int = 0
    after: int = 0

    @property
    def more(self) -> int:
        return self.after - self.before


class StepSum(BaseModel):
    """In how many runs a step gave something."""

    title: str
    ran: Pair = Pair()


class Summary(BaseModel):
    """Sums over the runs that were followed so far. Of time and cost, over those in which both are known."""

    same: int = 0
    changed: int = 0
    unknown: int = 0
    ends: dict[str, dict[str, int]] = {}
    """How runs ended, and would: `ends[before][after]`."""
    verdicts: dict[str, dict[str, int]] = {}
    """Of agents and of steps that choose: by title of the step, ``before → after`` where it is other."""
    approvals: Pair = Pair()
    asks_more: int = 0
    asks_less: int = 0
    """Runs in which people are asked more, or less, than then."""
    calls: Pair = Pair()
    steps: dict[str, StepSum] = {}
    timed: int = 0
    took_before: float = 0.0
    took_after: float = 0.0
    costed: int = 0
    cost_before: Decimal = Decimal(0)
    cost_after: Decimal = Decimal(0)
    recomputed: int = 0
    """Agents that were asked anew."""
    spent: Decimal = Decimal(0)
    """What models have cost for that."""

    def add(self, verdict: str, told: Told, titles: dict[str, str]) -> Self:
        before, after = told.before, told.after
        setattr(self, verdict, getattr(self, verdict) + 1)
        ends = self.ends.setdefault(before.end, {})
        ends[after.end] = ends.get(after.end, 0) + 1
        self.approvals = _added(self.approvals, before.approvals, after.approvals)
        self.calls = _added(self.calls, before.calls, after.calls)
        self.asks_more += after.approvals > before.approvals
        self.asks_less += after.approvals < before.approvals
        self._steps(before, after, titles)
        for one, other in ((before.verdicts, after.verdicts), (before.choices, after.choices)):
            for name in one.keys() & other.keys():
                if one[name] != other[name]:
                    counted = self.verdicts.setdefault(titles.get(name, name), {})
                    way = f"{one[name]} → {other[name]}"
                    counted[way] = counted.get(way, 0) + 1
        if before.took is not None and after.took is not None:
            self.timed += 1
            self.took_before += before.took
            self.took_after += after.took
        if before.cost is not None and after.cost is not None:
            self.costed += 1
            self.cost_before += before.cost
            self.cost_after += after.cost
        self.recomputed += told.recomputed
        return self

    def _steps(self, before: Side, after: Side, titles: dict[str, str]) -> None:
        for name, title in titles.items():
            kept = self.steps.setdefault(name, StepSum(title=title))
            kept.title, kept.ran = title, _added(kept.ran, name in before.ran, name in after.ran)

    @property
    def count(self) -> int:
        return self.same + self.changed + self.unknown

    def ended(self, end: str) -> Pair:
        """In how many runs it ended so, before and after."""
        before = sum(self.ends.get(end, {}).values())
        return Pair(before=before, after=sum(after.get(end, 0) for after in self.ends.values()))


def _added(pair: Pair, before: int, after: int) -> Pair:
    return Pair(before=pair.before + before, after=pair.after + after)
