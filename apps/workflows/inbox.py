"""What waits for people: questions as an inbox, and what each decision rests on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from django.db.models import Count, Q, QuerySet
from django.db.models.functions import Coalesce
from django.utils import timezone

from apps.accounts.models import User
from apps.agents.finding import agent_shown
from apps.agents.permissions import RUNS_VIEW
from apps.common.permissions import Principal, demand
from apps.workflows import selectors
from apps.workflows.engine.ledger import STEP
from apps.workflows.engine.plan import Plan, PlanStep
from apps.workflows.kinds.outward import AgentStep
from apps.workflows.models import Approval, HttpCall, StepRun
from apps.workflows.permissions import WORKFLOWS_VIEW
from apps.workflows.shapes import Shape, shape_of
from apps.workflows.store import plan_of

PAGE: Final = 30
Tab = Literal["mine", "team", "done"]


@dataclass(frozen=True)
class InboxPage:
    approvals: list[Approval]
    page: int
    pages: int
    found: int


@dataclass(frozen=True)
class Waiting:
    """How many questions are open: those that one may answer oneself, and all."""

    mine: int
    late: int
    """Of one's own, those whose time is over."""
    team: int


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


def inbox_page(*, who: Principal, user: User, tab: Tab, search: str = "", page: int = 1) -> InboxPage:
    """A page of questions, those first whose time is over soonest; of answered ones, the latest. Two statements."""
    found = _searched(_of_tab(who, user, tab), search)
    number = found.count()
    pages = max(1, -(-number // PAGE))
    page = min(max(1, page), pages)
    rows = found.defer("details", *(f"run__{name}" for name in selectors.PAYLOADS))
    return InboxPage(list(rows[(page - 1) * PAGE : page * PAGE]), page, pages, number)


def _of_tab(who: Principal, user: User, tab: Tab) -> QuerySet[Approval]:
    if tab == "done":
        ended = selectors.approvals_query(who=who, user=user, status="")
        ended = ended.exclude(decided_at=None, withdrawn_at=None)
        return ended.order_by(Coalesce("decided_at", "withdrawn_at").desc(), "-id")
    return selectors.approvals_query(who=who, user=user, mine=tab == "mine").order_by("due_at", "id")


def _searched(found: QuerySet[Approval], search: str) -> QuerySet[Approval]:
    """What has these words in the names of its workflow, step and people, or is of the run of that number.

    What is asked is sealed, so the database does not know it.
    """
    for word in search.replace("\x00", "").split():
        found = found.filter(_about(word) | Q(decided_by__name__icontains=word) | Q(decided_by__email__icontains=word))
    return found


def _about(word: str) -> Q:
    number = word.upper().removeprefix("W-")
    by_number = Q(run__number=int(number)) if number.isdecimal() and len(number) < 18 else Q()
    return by_number | Q(run__workflow__title__icontains=word) | Q(step__icontains=word)


def waiting(*, who: Principal, user: User) -> Waiting:
    """How much is open, in one statement."""
    everything = selectors.approvals_query(who=who, user=user)
    mine = selectors.approvals_query(who=who, user=user, mine=True).values("pk")
    own = Q(pk__in=mine)
    counted = everything.aggregate(
        mine=Count("pk", filter=own), late=Count("pk", filter=own & Q(due_at__lt=timezone.now())), team=Count("pk")
    )
    return Waiting(**counted)


def mine_open(*, who: Principal, user: User, most: int) -> list[Approval]:
    """The questions that one may answer, the most urgent first. One statement."""
    found = selectors.approvals_query(who=who, user=user, mine=True).order_by("due_at", "id")
    return list(found.defer("details", *(f"run__{name}" for name in selectors.PAYLOADS))[:most])


def mine_count(*, who: Principal, user: User) -> int:
    return selectors.approvals_query(who=who, user=user, mine=True).count()


def evidence_of(*, who: Principal, approval: Approval) -> list[Evidence]:
    """What the steps gave that come before a question, the nearest first. One statement beside that of the version.

    Steps that only choose the way or wait are left out. What an agent gave is for those who may see its runs.
    """
    demand(who, WORKFLOWS_VIEW)
    plan = plan_of(approval.run.version)
    asked = next((each for each in plan.steps if each.name == approval.step), None)
    if asked is None:
        return []
    before = [step for step in _before(plan, asked) if not step.targets and step.step.kind != "wait"]
    rows = StepRun.objects.filter(
        run=approval.run_id, step__in=[step.index for step in before], item=STEP, ended=True, outcome="succeeded"
    )
    given = {row.step: row.output for row in rows.order_by("attempt")}
    return [_evidence(who, step, given[step.index]) for step in before if step.index in given]


def _before(plan: Plan, asked: PlanStep) -> Iterator[PlanStep]:
    """The steps that had to end before `asked`, nearest first."""
    seen: set[int] = set()
    level = list(asked.before)
    while level:
        found = [number for number in dict.fromkeys(level) if number not in seen]
        seen.update(found)
        yield from (plan.steps[number] for number in found)
        level = [number for each in found for number in plan.steps[each].before]


def _evidence(who: Principal, step: PlanStep, output: object) -> Evidence:
    title = step.step.title or step.name
    if not isinstance(step.step, AgentStep):
        return Evidence(step, title, "", shape_of(output), hidden=False)
    if not who.can(RUNS_VIEW):
        return Evidence(step, title, "", shape_of(None), hidden=True)
    return Evidence(step, title, _headline(step.step.agent, output), shape_of(output), hidden=False)


def _headline(key: str, output: object) -> str:
    """What an agent says of its result in a sentence; nothing where this release of it does not know the result."""
    agent = agent_shown(key)
    if agent is None:
        return ""
    try:
        return str(agent.headline(agent.output_type.model_validate(output)))
    except ValueError:
        return ""


def is_late(approval: Approval, now: datetime | None = None) -> bool:
    """Whether nobody answered in time, and the run has not gone on without an answer yet."""
    return approval.is_open and approval.due_at < (now or timezone.now())


def calls_unknown_count(*, who: Principal) -> int:
    """How many calls wait for a person to say what became of them."""
    return selectors.calls_query(who=who, status=HttpCall.Status.UNKNOWN).count()
