"""One step of a run closely: its tries, its items, and what happened to it, in words."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.urls import reverse

from apps.agents import selectors as agents
from apps.agents.permissions import RUNS_VIEW
from apps.common.permissions import Principal, demand
from apps.workflows.durations import duration_text
from apps.workflows.engine.ledger import STEP
from apps.workflows.engine.plan import PlanStep
from apps.workflows.models import Approval, HttpCall, StepRun, WorkflowRun
from apps.workflows.permissions import WORKFLOWS_VIEW
from apps.workflows.progress import Try, add_entry

ITEMS_SHOWN: Final = 25
LOG_SHOWN: Final = 50


@dataclass(frozen=True)
class Doer:
    """Who or what carries out a try of a step."""

    label: str
    url: str
    status: str


@dataclass(frozen=True)
class Item:
    number: int
    """From 0."""
    tries: list[Try]
    status: str
    problem: dict[str, Any] | None


@dataclass(frozen=True)
class ItemPage:
    items: list[Item]
    page: int
    pages: int
    found: int


@dataclass(frozen=True)
class Line:
    """One entry of the ledger in words."""

    at: datetime
    text: str
    status: str
    seq: int


@dataclass(frozen=True)
class Log:
    lines: list[Line]
    newer: int | None
    """Pass as `after` to go on; None at the end."""


def step_tries(*, who: Principal, run: WorkflowRun, step: PlanStep, item: int = STEP) -> list[Try]:
    """The tries of a step, or of one of its items, with why those failed that did. One statement."""
    demand(who, WORKFLOWS_VIEW)
    tries: list[Try] = []
    for row in StepRun.objects.filter(run=run, step=step.index, item=item).defer("output").order_by("seq"):
        add_entry(tries, row, with_problem=True)
    return tries


def step_output(*, who: Principal, run: WorkflowRun, step: PlanStep, item: int = STEP) -> tuple[bool, Any]:
    """Whether a step, or an item of one, gave something, and what. One statement."""
    demand(who, WORKFLOWS_VIEW)
    given = StepRun.objects.filter(run=run, step=step.index, item=item, ended=True, outcome="succeeded")
    row = given.order_by("-attempt").first()
    return (False, None) if row is None else (True, row.output)


def step_items(*, who: Principal, run: WorkflowRun, step: PlanStep, page: int, found: int) -> ItemPage:
    """A page of the items of a step that have begun, by number. One statement, of that page alone."""
    demand(who, WORKFLOWS_VIEW)
    pages = max(1, -(-found // ITEMS_SHOWN))
    page = min(max(1, page), pages)
    first = (page - 1) * ITEMS_SHOWN
    rows = StepRun.objects.filter(run=run, step=step.index, item__gte=first, item__lt=first + ITEMS_SHOWN)
    tries: dict[int, list[Try]] = {}
    for row in rows.defer("output").order_by("item", "seq"):
        add_entry(tries.setdefault(row.item, []), row, with_problem=True)
    items = [Item(number, made, _status(run, made), made[-1].problem) for number, made in tries.items()]
    return ItemPage(items, page, pages, found)


def step_log(*, who: Principal, run: WorkflowRun, step: PlanStep, item: int | None = None, after: int = 0) -> Log:
    """What happened to a step, oldest first: a page of it that begins behind the entry `after`. One statement."""
    demand(who, WORKFLOWS_VIEW)
    rows = StepRun.objects.filter(run=run, step=step.index, seq__gt=after)
    if item is not None:
        rows = rows.filter(item=item)
    found = list(rows.defer("output").order_by("seq")[: LOG_SHOWN + 1])
    lines = [Line(row.at, _said(step, row), _tone(row), row.seq) for row in found[:LOG_SHOWN]]
    return Log(lines, lines[-1].seq if len(found) > LOG_SHOWN else None)


def doers(*, who: Principal, step: PlanStep, refs: Iterable[UUID]) -> dict[UUID, Doer]:
    """Who or what carries out the tries of these refs, with the page that shows it. One statement."""
    demand(who, WORKFLOWS_VIEW)
    wanted, kind = list(refs), step.step.kind
    if not wanted:
        return {}
    if kind == "agent":
        found = agents.runs_by_id(who=who, ids=wanted) if who.can(RUNS_VIEW) else {}
        return {id: Doer(run.ref, reverse("agents:run", args=[run.number]), run.status) for id, run in found.items()}
    if kind == "workflow":
        children = WorkflowRun.objects.filter(pk__in=wanted).only("number", "status")
        return {each.pk: Doer(each.ref, reverse("workflows:run", args=[each.number]), each.status) for each in children}
    if kind == "http":
        calls = HttpCall.objects.filter(pk__in=wanted).only("status")
        return {each.pk: Doer("Call", call_url(each.pk), each.status) for each in calls}
    if kind == "approval":
        asked = Approval.objects.filter(pk__in=wanted).only("decided_at", "withdrawn_at", "approved")
        return {each.pk: Doer("Approval", approval_url(each.pk), _answer(each)) for each in asked}
    return {}


def approval_url(id: UUID) -> str:
    """Where a question is answered."""
    return reverse("workflows:approval", args=[id])


def call_url(id: UUID) -> str:
    """Where it is said what became of a call."""
    return reverse("workflows:call", args=[id])


def retry_words(step: PlanStep) -> str:
    """When a step that failed is tried again."""
    retry = step.retry
    if retry is None or retry.attempts == 1:
        return "Not tried again"
    growing = f", each wait {retry.factor:g} times the one before" if retry.factor != 1 else ""
    only = f", only after {', '.join(retry.only)}" if retry.only else ""
    return f"{retry.attempts} attempts, {duration_text(retry.delay)} apart{growing}{only}"


def error_words(step: PlanStep) -> str:
    """What becomes of the run when the step has failed for good."""
    if step.on_error.do == "continue":
        return "The run goes on with a value set for it"
    if step.on_error.do == "go":
        return f"The step {step.on_error.to} deals with it"
    return "The run fails"


def _answer(approval: Approval) -> str:
    if approval.is_open:
        return "waiting"
    if approval.decided_at is None:
        return "withdrawn"
    return "approved" if approval.approved else "rejected"


def _status(run: WorkflowRun, tries: list[Try]) -> str:
    last = tries[-1]
    if last.outcome == "opened":
        return "running" if run.is_open else "stopped"
    return ("retrying" if run.is_open else "stopped") if last.outcome == "failed" and last.due else last.outcome


_ASKED: Final = {
    "agent": "The agent was asked",
    "approval": "The question was asked",
    "http": "The call was made ready",
    "act": "It was begun to do what was proposed",
    "workflow": "The workflow was started",
    "wait": "It began to wait",
}


def _said(step: PlanStep, row: StepRun) -> str:
    item = f"Item {row.item + 1:,}: " if row.item != STEP else ""
    tried = f", attempt {row.attempt}" if row.attempt > 1 else ""
    if not row.ended:
        return f"{item}{_ASKED.get(step.step.kind, 'It was begun')}{tried}"
    if row.outcome == "succeeded":
        return f"{item}Done{tried}"
    if row.outcome == "skipped":
        return f"{item}Skipped: nothing led to it" + (", or its condition did not hold" if step.when else "")
    again = "it is tried again" if row.due else "it failed for good"
    return f"{item}{(row.problem or {}).get('detail', 'Failed')} (attempt {row.attempt}: {again})"


def _tone(row: StepRun) -> str:
    if not row.ended:
        return "running"
    return "retrying" if row.outcome == "failed" and row.due else row.outcome
