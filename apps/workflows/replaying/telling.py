"""What one past run would have become: before and after side by side, and the differences in words. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from itertools import islice
from typing import Any, Final, Literal

from pydantic import BaseModel

from apps.common import formats
from apps.workflows.comparing import MOST_CHANGES, changes
from apps.workflows.engine.plan import PlanStep
from apps.workflows.graphs import title_of
from apps.workflows.payloads import without_credentials
from apps.workflows.replaying.answering import ASSUMED, RECOMPUTED
from apps.workflows.replaying.past import PastRun
from apps.workflows.replaying.simulating import UNTOLD, Course

Verdict = Literal["same", "changed", "unknown"]
MOST: Final = 40
"""Sentences that are kept of one run."""
MOST_WITHIN: Final = 3
"""Of those, sentences about a run that one of its steps started."""
LONGER: Final = timedelta(minutes=1)
SHARE: Final = 0.1
"""A run takes another time where it is other by more than both of these."""
PEOPLE: Final = frozenset({"approval"})
OUTSIDE: Final = frozenset({"http", "act", "workflow"})

END_WORDS: Final = {
    "succeeded": "succeeded",
    "failed": "failed",
    "cancelled": "cancelled",
    "waiting": "waits for a person",
    "refused": "not started",
    "untold": "cannot be told",
}


class Side(BaseModel):
    """How a run went, or would have gone."""

    end: str
    took: float | None = None
    """Seconds by the clock of the run; None: it cannot be told."""
    cost: Decimal | None = None
    """Of models, in the tenant's currency; None: it cannot be told."""
    approvals: int = 0
    """Questions to people."""
    calls: int = 0
    """Things done outside: requests, actions, other workflows."""
    ran: list[str] = []
    """Steps that gave something, by name."""
    choices: dict[str, str] = {}
    """Cases that steps came to, by name of the step."""
    verdicts: dict[str, str] = {}
    """Of agents, by name of their step."""


class Changed(BaseModel):
    """A place of the outputs that is other."""

    place: str
    before: str
    after: str


class Told(BaseModel):
    """What is kept of one run of a replay."""

    before: Side
    after: Side
    sentences: list[str] = []
    outputs: list[Changed] = []
    why: list[str] = []
    """Why something cannot be told, or what was taken for granted."""
    recomputed: int = 0
    """Agents that were asked anew."""


@dataclass(frozen=True)
class Sides:
    """A past run by its own ledger, and by another definition."""

    run: PastRun
    past: Course
    course: Course
    cost: Decimal
    cost_now: Decimal | None
    titles: Mapping[str, str] = field(default_factory=dict)
    within: Mapping[str, list[str]] = field(default_factory=dict)
    """What changes inside of other workflows, by name of the step that starts them."""


def tell(sides: Sides) -> tuple[Verdict, Told]:
    """What changes for one run. Where something cannot be told it is `unknown`, unless a change is known anyway."""
    before, after = _before(sides), _after(sides)
    sentences = list(islice(_sentences(sides, before, after), MOST))
    outputs = list(islice(_outputs(sides), MOST_CHANGES))
    if outputs:
        sentences.append(f"It gives something else: {', '.join(each.place for each in outputs[:4])}.")
    told = Told(before=before, after=after, sentences=sentences, outputs=outputs, why=list(_why(sides)))
    told.recomputed = sum(each.answer.source == RECOMPUTED for each in sides.course.asked)
    if sentences:
        return "changed", told
    return ("unknown" if _is_untold(sides) else "same"), told


def tell_refused(run: PastRun, past: Course, cost: Decimal, why: str) -> tuple[Verdict, Told]:
    """Of a run that could not even be started."""
    before = _side(past, end=run.status, cost=cost)
    return "changed", Told(before=before, after=Side(end="refused"), sentences=[f"It could not be started: {why}"])


def _before(sides: Sides) -> Side:
    return _side(sides.past, end=sides.run.status, cost=sides.cost)


def _after(sides: Sides) -> Side:
    course = sides.course
    made = _side(course, end=_end(course), cost=sides.cost_now)
    if course.untold and (course.blocked or any(_takes_time(each.question.step) for each in course.untold)):
        made.took = None
    return made


def _end(course: Course) -> str:
    if course.status != "untold":
        return course.status
    asking = {each.question.step.name for each in course.untold if each.question.step.step.kind in PEOPLE}
    return "waiting" if asking & set(course.blocked.values()) else "untold"


def _takes_time(step: PlanStep) -> bool:
    return step.step.kind in PEOPLE | OUTSIDE


def _side(course: Course, *, end: str, cost: Decimal | None) -> Side:
    kinds = [each.question.step.step.kind for each in course.asked]
    outputs = course.state.env["steps"]
    verdicts = {}
    for step in course.state.plan.steps:
        if step.step.kind == "agent" and (verdict := _verdict(dict.get(outputs, step.name))):
            verdicts[step.name] = verdict
    return Side(
        end=end,
        took=course.took.total_seconds(),
        cost=cost,
        approvals=sum(kind in PEOPLE for kind in kinds),
        calls=sum(kind in OUTSIDE for kind in kinds),
        ran=[name for name, settled in course.settled.items() if settled == "succeeded"],
        choices=course.choices,
        verdicts=verdicts,
    )


def _verdict(output: Any) -> str:
    decision = output.get("decision") if isinstance(output, Mapping) else None
    verdict = decision.get("verdict") if isinstance(decision, Mapping) else None
    return verdict if isinstance(verdict, str) else ""


def _sentences(sides: Sides, before: Side, after: Side) -> Iterator[str]:
    """What changes in a way that somebody has to know of."""
    if after.end not in {before.end, "untold", "waiting"}:
        yield f"It ends otherwise: {END_WORDS[after.end]} instead of {END_WORDS[before.end]}{_because(sides)}."
    elif after.end == before.end == "failed" and _problem(sides.past) != _problem(sides.course):
        yield f"It fails otherwise{_because(sides)}."
    yield from _asked(sides)
    for name, inside in sides.within.items():
        yield from (f"The workflow that {_title(sides, name)} starts: {each}" for each in inside[:MOST_WITHIN])
    for name, case in after.choices.items():
        if before.choices.get(name, case) != case:
            yield f"{_title(sides, name)} comes to “{case}” instead of “{before.choices[name]}”."
    for name, verdict in after.verdicts.items():
        if before.verdicts.get(name, verdict) != verdict:
            yield f"{_title(sides, name)} says “{verdict}” instead of “{before.verdicts[name]}”."
    if after.took is not None and before.took is not None:
        other = timedelta(seconds=after.took - before.took)
        if abs(other) > LONGER and abs(other.total_seconds()) > SHARE * max(before.took, after.took):
            yield f"It takes {formats.duration(abs(other))} {'longer' if other > timedelta(0) else 'less'}."
    if sides.course.to_undo:
        yield f"{_listed([_title(sides, name) for name in sides.course.to_undo])} would be undone."


def _problem(course: Course) -> tuple[Any, Any]:
    told = course.problem or {}
    return told.get("code"), told.get("step")


def _because(sides: Sides) -> str:
    detail = str((sides.course.problem or {}).get("detail", "")).strip().rstrip(".")
    return f" ({detail[:200]})" if detail else ""


def _asked(sides: Sides) -> Iterator[str]:
    """What is asked of people and done outside more, less, and otherwise than then."""
    before, after = _counted(sides.past), _counted(sides.course)
    for name in dict.fromkeys([*after, *before]):
        kind = (after.get(name) or before[name])[0]
        was, now = before.get(name, ("", 0))[1], after.get(name, ("", 0))[1]
        reached = name not in sides.course.settled or sides.course.settled[name] is not None
        if now > was:
            yield _MORE[kind].format(title=_title(sides, name), often=_often(now - was, was))
        elif now < was and (reached or sides.course.status != "untold"):
            yield _LESS[kind].format(title=_title(sides, name), often=_often(was - now, now))
    other = [each.question.step for each in sides.course.asked if each.answer.source == ASSUMED]
    for name in dict.fromkeys(step.name for step in other if step.step.kind == "http"):
        yield f"{_title(sides, name)} sends something else than then."


_MORE: Final = {
    "approval": "A person is asked by {title}{often}, and was not then.",
    "http": "{title} sends a request{often} that was not sent then.",
    "act": "{title} does{often} what was not done then.",
    "workflow": "{title} starts a workflow{often} that was not started then.",
}
_LESS: Final = {
    "approval": "No person is asked by {title}{often}, as one was then.",
    "http": "{title} sends no request{often}, as it did then.",
    "act": "{title} does nothing{often}, as it did then.",
    "workflow": "{title} starts no workflow{often}, as it did then.",
}


def _often(count: int, others: int) -> str:
    if count == 1 and not others:
        return ""
    return f" {count:,} more times" if others and count > 1 else " once more" if others else f" {count:,} times"


def _counted(course: Course) -> dict[str, tuple[str, int]]:
    """Questions to people and things done outside, by name of their step: of which kind, and how many."""
    found: dict[str, tuple[str, int]] = {}
    for each in course.asked:
        step = each.question.step
        if step.step.kind in PEOPLE | OUTSIDE:
            found[step.name] = step.step.kind, found.get(step.name, ("", 0))[1] + 1
    return found


def _outputs(sides: Sides) -> Iterator[Changed]:
    """Of the outputs that both definitions name, the places that are other."""
    past, course = sides.past.outputs, sides.course.outputs
    if not isinstance(past, dict) or not isinstance(course, dict) or course is UNTOLD:
        return
    shared = [name for name in course if name in past]
    one, other = ({name: of[name] for name in shared} for of in (past, course))
    for each in changes(without_credentials(one), without_credentials(other)):
        yield Changed(place=each.place, before=each.before, after=each.after)


def _is_untold(sides: Sides) -> bool:
    course = sides.course
    return course.status == "untold" or course.outputs is UNTOLD or bool(course.blocked) or _parts_untold(course)


def _parts_untold(course: Course) -> bool:
    """Whether it is not known what an agent says, or what a workflow does that is started, whoever reads it."""
    return any(each.question.step.step.kind in {"agent", "workflow"} for each in course.untold)


def _why(sides: Sides) -> Iterator[str]:
    course, before, after = sides.course, _counted(sides.past), _counted(sides.course)
    for each in {each.question.step.name: each for each in course.untold}.values():
        name = each.question.step.name
        if name in after and after[name][1] > before.get(name, ("", 0))[1]:
            continue  # that it is asked more than then is told as a change
        yield f"{_title(sides, name)}: {each.answer.why}"
    for name, of in course.blocked.items():
        if name:
            yield f"{_title(sides, name)} needs what {_title(sides, of)} gives, so that what follows cannot be told."
        else:
            yield f"What the run gives depends on {_title(sides, of)}."
    for step in {each.question.step.name: each.question.step for each in course.asked if _is_assumed(each)}.values():
        who = "The person" if step.step.kind in PEOPLE else "The other system"
        yield f"{who} is taken to have answered {_title(sides, step.name)} as then, though asked something else."


def _is_assumed(each: Any) -> bool:
    return bool(each.answer.source == ASSUMED)


def _title(sides: Sides, name: str) -> str:
    return f"“{sides.titles.get(name, name)}”"


def _listed(words: list[str]) -> str:
    return ", ".join(words[:-1]) + f" and {words[-1]}" if len(words) > 1 else "".join(words)


def titles_of(*courses: Course) -> dict[str, str]:
    """What steps are called, by name: as the last of these has it."""
    found: dict[str, str] = {}
    for course in courses:
        found |= {step.name: title_of(step.name, step.step) for step in course.state.plan.steps}
    return found
