"""What a decision of a person rests on: what the steps before it gave, what agents decided in them; and what it sets
off that cannot be taken back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from django.urls import reverse

from apps.agents import decisions
from apps.agents.finding import agent_shown
from apps.agents.models import AgentDecision
from apps.agents.permissions import RUNS_VIEW
from apps.common.decisions import Decision, Verdict
from apps.common.permissions import Principal, demand
from apps.workflows.engine.ledger import STEP
from apps.workflows.engine.plan import Plan, PlanStep
from apps.workflows.graphs import title_of
from apps.workflows.kinds.outward import AgentStep, Http, SubWorkflow
from apps.workflows.models import Approval, StepRun
from apps.workflows.permissions import WORKFLOWS_VIEW
from apps.workflows.shapes import Shape, shape_of
from apps.workflows.store import plan_of

DECISIONS_SHOWN: Final = 5
"""Of one step; its run has the others."""
REASONS_SHOWN: Final = 5


@dataclass(frozen=True)
class Judged:
    """A decision of an agent, as whoever answers sees it."""

    row: AgentDecision
    said: Decision
    stands: Verdict
    """A person's verdict where there is one."""

    @property
    def url(self) -> str:
        """Where its whole record stands."""
        return f"{reverse('agents:run', args=[self.row.run.number])}?decision={self.row.position}#decision"

    @property
    def subject(self) -> str:
        """What it is about; empty where its summary begins with that."""
        return "" if self.said.summary.startswith(self.said.subject) else self.said.subject

    @property
    def reasons(self) -> list[str]:
        """The heaviest first."""
        return [each.text for each in self.said.reasons[:REASONS_SHOWN]]

    @property
    def sureness(self) -> str:
        """How likely the agent holds it to be right, in percent; empty where it cannot tell."""
        return "" if self.said.confidence is None else f"{self.said.confidence:.0%} sure"


@dataclass(frozen=True)
class Evidence:
    """What a step before the question gave."""

    step: PlanStep
    title: str
    headline: str
    """In a sentence, where an agent says it so."""
    shape: Shape
    hidden: bool
    """Whether this person may not see it."""
    item: int = STEP
    """Of a step that works on the same items as the question: the one that is asked about."""
    judged: list[Judged] = field(default_factory=list)
    more: bool = False
    """Whether decisions of the step are left out."""


@dataclass(frozen=True)
class Effect:
    """A step after the question that acts on the world outside."""

    title: str
    words: str
    """What it does, in its kind's words."""
    icon: str
    undone_by: str
    """The step that takes it back; empty: none does."""
    is_final: bool
    """Whether nothing takes it back."""


def evidence_of(*, who: Principal, approval: Approval) -> list[Evidence]:
    """What the steps gave that come before a question, the nearest first. Two statements beside that of the version.

    Steps that only choose the way or wait are left out. What an agent gave and decided is for those who may see its
    runs. Of steps that work on the items of which the question is about one, only that item is shown.
    """
    demand(who, WORKFLOWS_VIEW)
    plan, asked = _place(approval)
    if asked is None:
        return []
    before = [step for step in _before(plan, asked) if not step.targets and step.step.kind != "wait"]
    items = {step.index: approval.item if _same_items(asked, step, approval) else STEP for step in before}
    given, refs = _ledger(approval, items)
    judged = _judged(who, refs)
    return [_evidence(who, step, items[step.index], given, judged) for step in before if step.index in given]


def effects_of(*, who: Principal, approval: Approval) -> list[Effect]:
    """What follows a question that acts outside, in the order of the definition. No statement beside the version's."""
    demand(who, WORKFLOWS_VIEW)
    plan, asked = _place(approval)
    if asked is None:
        return []
    later = sorted(plan.from_step(asked.index) - {asked.index})
    return [found for number in later if (found := _effect(plan, plan.steps[number])) is not None]


def _place(approval: Approval) -> tuple[Plan, PlanStep | None]:
    plan = plan_of(approval.run.version)
    return plan, next((each for each in plan.steps if each.name == approval.step), None)


def _before(plan: Plan, asked: PlanStep) -> Iterator[PlanStep]:
    """The steps that had to end before `asked`, nearest first; before one that undoes another, that one."""
    seen: set[int] = set()
    level = list(asked.before) if asked.undoes is None else [asked.undoes]
    while level:
        found = [number for number in dict.fromkeys(level) if number not in seen]
        seen.update(found)
        yield from (plan.steps[number] for number in found)
        level = [number for each in found for number in plan.steps[each].before]


def _same_items(asked: PlanStep, step: PlanStep, approval: Approval) -> bool:
    """Whether item n of a step is what item n of the question is about: both go over one list, or one over the other's
    results."""
    if approval.item == STEP or step.step.for_each is None or asked.step.for_each is None:
        return False
    return asked.step.for_each.items in (step.step.for_each.items, f"${{steps.{step.name}}}")


def _ledger(approval: Approval, items: dict[int, int]) -> tuple[dict[int, Any], dict[int, UUID]]:
    """What steps gave, and by what key the last try of each was carried out."""
    rows = StepRun.objects.filter(run=approval.run_id, step__in=items, item__in=set(items.values()))
    given: dict[int, Any] = {}
    refs: dict[int, UUID] = {}
    for row in rows.order_by("attempt"):
        if items[row.step] != row.item:
            continue
        if row.ended and row.outcome == "succeeded":
            given[row.step] = row.output
        elif not row.ended and row.ref is not None:
            refs[row.step] = row.ref
    return given, refs


def _judged(who: Principal, refs: dict[int, UUID]) -> dict[int, list[Judged]]:
    """What agents decided in steps, by the number of the step. One statement; none for who may not see runs."""
    if not refs or not who.can(RUNS_VIEW):
        return {}
    step_of = {ref: step for step, ref in refs.items()}
    found: dict[int, list[Judged]] = {}
    rows = decisions.decisions_query(who=who).filter(run__in=step_of, position__lte=DECISIONS_SHOWN)
    for row in rows.order_by("position"):
        stands = decisions.verdict_of(row.agent_key, row.stands)
        found.setdefault(step_of[row.run_id], []).append(Judged(row, decisions.decision_of(row), stands))
    return found


def _evidence(
    who: Principal, step: PlanStep, item: int, given: dict[int, Any], judged: dict[int, list[Judged]]
) -> Evidence:
    title, output = title_of(step.name, step.step), given[step.index]
    if not isinstance(step.step, AgentStep):
        return Evidence(step, title, "", shape_of(output), hidden=False, item=item)
    if not who.can(RUNS_VIEW):
        return Evidence(step, title, "", shape_of(None), hidden=True, item=item)
    told: Sequence[Judged] = judged.get(step.index, [])
    return Evidence(
        step,
        title,
        _headline(step.step.agent, output),
        shape_of(output),
        hidden=False,
        item=item,
        judged=list(told[:DECISIONS_SHOWN]),
        more=len(told) > DECISIONS_SHOWN,
    )


def _headline(key: str, output: object) -> str:
    """What an agent says of its result in a sentence; nothing where this release of it does not know the result."""
    agent = agent_shown(key)
    if agent is None:
        return ""
    try:
        return str(agent.headline(agent.output_type.model_validate(output)))
    except ValueError:
        return ""


def _effect(plan: Plan, step: PlanStep) -> Effect | None:
    kind, title = step.step, title_of(step.name, step.step)
    if not kind.has_effect or (isinstance(kind, Http) and kind.method == "GET"):
        return None
    undo = plan.steps[step.undo] if step.undo is not None else None
    undone_by = title_of(undo.name, undo.step) if undo is not None else ""
    if isinstance(kind, SubWorkflow):
        words = f"Starts a run of “{kind.workflow}”, which has steps of its own"
        return Effect(title, words, kind.icon, undone_by, is_final=False)
    words = "Carries out what an agent proposed"
    if isinstance(kind, Http):
        words = f"Sends a {kind.method} request to another system"
    return Effect(title, words, kind.icon, undone_by, is_final=undo is None)
