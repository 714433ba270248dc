"""An agent held against cases, and two such results side by side. Nothing here is stored."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, Final, Literal

from pydantic import BaseModel, ValidationError

from apps.agents.contract import RunCancelled, RunContext
from apps.agents.evaluations.cases import AnyAgent, Case, scores_of
from apps.agents.evaluations.facts import Judged, found_at, judge
from apps.agents.inputs import input_parse
from apps.common.errors import InvalidInput, Problem
from apps.common.schemas import Table

MOMENT: Final = datetime(2026, 1, 1, 12, tzinfo=UTC)
"""When every case takes place, so that one version gives the same on any day."""
LONGEST: Final = 60.0
"""Seconds that one case may take."""
FIGURES: Final = 1e-9
"""A figure has changed when it differs by more, as a share of itself."""

Load = Callable[[Table], Any]


class Stopped(Exception):
    """The evaluation was told to stop while a case was under way."""


class Result(BaseModel):
    """What an agent made of a case."""

    name: str
    own: bool = False
    """Whether the tenant keeps it, and not the product."""
    passed: bool
    """Whether each fact holds that must."""
    score: float
    """The weight of the facts that hold, as a share of all, from 0 to 1."""
    verdict: str = ""
    facts: list[Judged]
    scores: dict[str, float | None] = {}
    problem: str = ""
    """Why there is no result; empty where the case expects that, or there is one."""
    seconds: float
    note: str = ""

    @property
    def percent(self) -> float:
        return 100 * self.score


def case_judge(
    agent: AnyAgent,
    case: Case,
    settings: dict[str, Any],
    *,
    load: Load,
    own: bool = False,
    stopping: Callable[[], bool] = lambda: False,
    longest: float = LONGEST,
    trained: Callable[[str], BaseModel | None] = lambda key: None,
    asks: Mapping[str, Any] = MappingProxyType({}),
) -> Result:
    """Have the agent work on a case with these settings, and hold what it made of it against what is expected.

    `settings` are those that differ from the agent's own; the case's go before them. `trained` are the models trained
    here that are in use. Raises `Stopped`.
    """
    began = time.monotonic()
    context = RunContext(
        now=MOMENT,
        load=load,
        stopping=lambda: stopping() or time.monotonic() - began > longest,
        trained=trained,
        **asks,
    )
    try:
        facts = _made(agent, case, settings, context)
    except RunCancelled as cancelled:
        if stopping():
            raise Stopped from cancelled
        facts = _refused("case_too_long", f"It took longer than {longest:g} s.")
    judged = [judge(fact, facts) for fact in case.expect]
    problem = facts["problem"]
    expected = any(fact.path.startswith("problem") for fact in case.expect)
    whole = sum(each.weight for each in judged)
    return Result(
        name=case.name,
        own=own,
        passed=all(each.holds or not each.must for each in judged) and (problem is None or expected),
        score=round(sum(each.weight for each in judged if each.holds) / whole, 4),
        verdict=facts["decision"]["verdict"] if facts["decision"] else "",
        facts=judged,
        scores=scores_of(case.scores, lambda place: found_at(place, facts)),
        problem=problem["detail"] if problem and not expected else "",
        seconds=round(time.monotonic() - began, 3),
        note=case.note,
    )


def _made(agent: AnyAgent, case: Case, settings: dict[str, Any], context: RunContext) -> dict[str, Any]:
    """What facts are looked up in: as a run would have it, from the look at the input to the decisions."""
    try:
        held = agent.settings_type.model_validate({**settings, **case.settings})
        data = input_parse(agent=agent, data=case.data(agent))
        agent.inspect(data, context)
        report = agent.output_type.model_validate(agent.run(data, held, context))
        decisions = [decision.model_dump(mode="json") for decision in agent.decide(report, held)]
    except ValidationError as error:
        return _refused(
            "invalid_input", str(InvalidInput.from_pydantic(error)), error=InvalidInput.from_pydantic(error)
        )
    except Problem as problem:
        return _refused(problem.code, problem.detail, error=problem)
    except LookupError as error:
        return _refused("case_unusable", str(error))
    except RunCancelled:
        raise
    except Exception as error:  # noqa: BLE001  # whatever else it is, it is of the agent's making: the case fails
        return _refused("agent_failed", f"The agent met an error of its own: {type(error).__name__}.")
    return {
        "output": report.model_dump(mode="json"),
        "headline": agent.headline(report),
        "decisions": decisions,
        "decision": decisions[0] if decisions else None,
        "problem": None,
    }


def _refused(code: str, detail: str, *, error: Problem | None = None) -> dict[str, Any]:
    issues = [issue.model_dump() for issue in error.issues] if error else []
    problem = {"code": code, "detail": detail, "issues": issues, "remedy": error.remedy if error else ""}
    return {"output": None, "headline": "", "decisions": [], "decision": None, "problem": problem}


def passed(results: Iterable[Result]) -> int:
    return sum(result.passed for result in results)


Change = Literal["broken", "mended", "worse", "better", "other", "same", "new", "gone"]
CHANGES: Final[dict[Change, str]] = {
    "broken": "passed before, and fails",
    "worse": "fewer facts hold",
    "mended": "failed before, and passes",
    "better": "more facts hold",
    "other": "the same facts hold; verdict or figures differ",
    "new": "was not there before",
    "gone": "is not there any more",
    "same": "no difference",
}
"""The worst first."""


@dataclass(frozen=True)
class Pair:
    """A case in two evaluations."""

    before: Result | None
    after: Result | None

    @property
    def name(self) -> str:
        either = self.after or self.before
        return either.name if either else ""

    @property
    def change(self) -> Change:
        before, after = self.before, self.after
        if before is None or after is None:
            return "new" if before is None else "gone"
        if before.passed != after.passed:
            return "mended" if after.passed else "broken"
        if before.score != after.score:
            return "better" if after.score > before.score else "worse"
        return "same" if before.verdict == after.verdict and not self.moved else "other"

    @property
    def moved(self) -> list[tuple[str, float | None, float | None]]:
        """The figures that differ, with both values."""
        before = self.before.scores if self.before else {}
        after = self.after.scores if self.after else {}
        both = [(name, before.get(name), after.get(name)) for name in dict.fromkeys([*before, *after])]
        return [each for each in both if _differ(each[1], each[2])]


def _differ(before: float | None, after: float | None) -> bool:
    if before is None or after is None:
        return before is not after
    return abs(before - after) > FIGURES * max(abs(before), abs(after))


def side_by_side(before: Sequence[Result], after: Sequence[Result]) -> list[Pair]:
    """Every case of either, those that changed for the worse first, else in the order of `after`."""
    earlier = {(each.own, each.name): each for each in before}
    pairs = [Pair(earlier.pop((each.own, each.name), None), each) for each in after]
    pairs += [Pair(each, None) for each in earlier.values()]
    order = list(CHANGES)
    return sorted(pairs, key=lambda pair: order.index(pair.change))
