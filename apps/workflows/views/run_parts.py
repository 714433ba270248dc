"""What the page of a run is made of: its causes, the graph, the timeline, and the panel of one step."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, Final
from uuid import UUID

from django.http import QueryDict
from django.utils import timezone

from apps.accounts.models import User
from apps.agents.finding import agent_shown
from apps.agents.permissions import RUNS_VIEW
from apps.common import formats
from apps.common.permissions import Principal
from apps.workflows import causes, details, effects, givens, reading, selectors
from apps.workflows.conditions import condition_sentence
from apps.workflows.durations import duration_text
from apps.workflows.engine.ledger import STEP
from apps.workflows.graphs import graph_of, title_of
from apps.workflows.kinds.outward import AgentStep, SubWorkflow
from apps.workflows.models import Approval, WorkflowRun
from apps.workflows.payloads import Payload, payload_of
from apps.workflows.permissions import WORKFLOWS_RUN
from apps.workflows.progress import RunProgress, StepProgress, Try, run_progress
from apps.workflows.shapes import Shape, shape_of
from apps.workflows.undo_paths import undo_path
from apps.workflows.views.decision_parts import DecisionPanel

TABS: Final = ("summary", "input", "output", "log", "attempts", "items")
TICKS: Final = 6
QUESTIONS_SHOWN: Final = 25
RETRIED: Final = frozenset({"agent", "http", "workflow"})
"""Kinds of steps of which it is told also that they are not tried again."""
ORIGINS: Final = {
    "console": "By hand",
    "api": "API",
    "schedule": "Schedule",
    "webhook": "Webhook",
    "workflow": "Another workflow",
    "workflow_end": "The end of another workflow",
    "retry": "Retry",
    "move": "Moved from another version",
    "backfill": "Backfill",
    "demo": "Demonstration",
}


@dataclass(frozen=True)
class Bar:
    """A span of time on the timeline, its place in percent of it."""

    left: str
    width: str
    tone: str
    """A key of the console's statuses; `tried`: a try that failed before the last one."""
    title: str


@dataclass(frozen=True)
class TimelineRow:
    progress: StepProgress
    bars: list[Bar]
    took: str


@dataclass(frozen=True)
class Timeline:
    rows: list[TimelineRow]
    begins: datetime
    ends: datetime
    ticks: list[str]


def page_parts(who: Principal, user: User, run: WorkflowRun, query: QueryDict) -> dict[str, Any]:
    """The context of a run's page. The number of statements is the same for every run of a kind."""
    progress = run_progress(who=who, run=run)
    told = causes.causes_of(who=who, progress=progress)
    chosen = _chosen(progress, told, str(query.get("step") or ""))
    status, word = _status(run, told)
    newest = run.workflow.published
    return {
        "run": run,
        "progress": progress,
        "status": status,
        "status_word": word,
        "origin": ORIGINS.get(run.origin, run.origin),
        "newest": newest.number if newest is not None and newest.pk != run.version_id else None,
        "causes": told,
        "offered": {cause.action for cause in told},
        "graph": graph_of(run.version.definition).as_json(progress.states),
        "timeline": timeline_of(progress),
        "panel": Panel(who, progress, chosen, query, user),
        "undo": undo_path(who=who, progress=progress),
        "effects": effects.effects_of_run(who=who, run=run),
        "retries": reading.retries_of(who=who, run=run),
        "inputs": Shown.of(run.inputs),
        "outputs": Shown.of(run.outputs),
        "can_run": who.can(WORKFLOWS_RUN),
    }


@dataclass(frozen=True)
class Shown:
    """What a run was given or gave: in the words and tables of a reader, and as programs see it."""

    shape: Shape
    json: Payload

    @classmethod
    def of(cls, value: Any) -> Shown:
        return cls(shape_of(value), payload_of(value))


class Panel:
    """One step of a run closely, as the query string chooses; each tab reads what it shows and nothing else."""

    def __init__(
        self, who: Principal, progress: RunProgress, step: StepProgress, query: QueryDict, user: User | None = None
    ) -> None:
        self._who, self._user, self._query = who, user, query
        self._run, self._plan = progress.run, progress.plan
        self.progress, self.step = step, step.step
        self.item = _number(query.get("item", ""), STEP, least=0)
        wanted = query.get("tab", "")
        self.tab = wanted if wanted in self.tabs else "summary"

    @property
    def tabs(self) -> list[str]:
        """Those that there are: a step with items shows those, and what an item gave is its own."""
        return [tab for tab in TABS if tab != "items" or self.is_many]

    @property
    def is_many(self) -> bool:
        return self.step.items is not None or self.progress.items is not None

    @property
    def is_whole(self) -> bool:
        """Whether the panel is about a step with items as a whole: then there is no one input or output."""
        return self.is_many and self.item == STEP and not self.progress.tries

    @cached_property
    def tries(self) -> list[Try]:
        return details.step_tries(who=self._who, run=self._run, step=self.step, item=self.item)

    @cached_property
    def doers(self) -> list[tuple[Try, details.Doer | None]]:
        """Each try with who carried it out, the newest first."""
        refs = [each.ref for each in self.tries if each.ref is not None]
        found = details.doers(who=self._who, step=self.step, refs=refs)
        return [(each, found.get(each.ref) if each.ref else None) for each in reversed(self.tries)]

    @cached_property
    def agent_runs(self) -> list[UUID]:
        """The runs of an agent that are its tries, or those of the item that was chosen, for whoever may see runs."""
        if self.step.step.kind != "agent" or self.is_whole or not self._who.can(RUNS_VIEW):
            return []
        return [each.ref for each in self.tries if each.ref is not None]

    @cached_property
    def questions(self) -> list[Approval]:
        """What a step that asks people still asks, of all its items or of one, the most urgent first."""
        if self.step.step.kind != "approval" or self._user is None or not self._run.is_open:
            return []
        found = selectors.approvals_query(who=self._who, user=self._user, run=self._run.pk).filter(step=self.step.name)
        if self.item != STEP:
            found = found.filter(item=self.item)
        asked = list(found.order_by("due_at", "item")[:QUESTIONS_SHOWN])
        for each in asked:
            each.run = self._run
        return asked

    @cached_property
    def decision(self) -> DecisionPanel | None:
        """The panel of the one question that there is; None where there is none, or a choice."""
        if len(self.questions) != 1 or self._user is None:
            return None
        return DecisionPanel(self._who, self._user, self.questions[0], back="run")

    @property
    def failure(self) -> dict[str, Any] | None:
        """Why its last try failed."""
        return self.tries[-1].problem if self.tries else None

    def value(self, which: str) -> Any:
        """What the step was given, or gave; None where there is nothing."""
        if which == "output":
            return details.step_output(who=self._who, run=self._run, step=self.step, item=self.item)[1]
        if not self.tries:
            return None  # it was not begun
        ref = next((each.ref for each in reversed(self.tries) if each.ref is not None), None)
        return givens.step_input(who=self._who, run=self._run, plan=self._plan, step=self.step, item=self.item, ref=ref)

    @property
    def payload(self) -> Payload | None:
        """What the tab shows of it."""
        value = self.value(self.tab)
        return None if value is None else payload_of(value)

    @property
    def is_given(self) -> bool:
        """Whether a person gave the step its input."""
        return bool(self._run.given) and self.step.name in self._run.given

    @property
    def log(self) -> details.Log:
        item = None if self.item == STEP else self.item
        after = _number(self._query.get("after", ""), 0, least=0)
        return details.step_log(who=self._who, run=self._run, step=self.step, item=item, after=after)

    @property
    def items(self) -> details.ItemPage:
        found = self.progress.items.begun if self.progress.items else 0
        page = _number(self._query.get("page", ""), 1, least=1)
        return details.step_items(who=self._who, run=self._run, step=self.step, page=page, found=found)

    @property
    def facts(self) -> list[tuple[str, str]]:
        """What the definition says of the step: name and value."""
        step, said = self.step.step, []
        kind = step.label
        if isinstance(step, AgentStep):
            agent = agent_shown(step.agent)
            kind = f"Agent · {agent.title if agent else step.agent}"
        elif isinstance(step, SubWorkflow):
            kind = f"Workflow · {step.workflow}"
        said.append(("Runs as", kind))
        if self.step.undoes is not None:
            said.append(("Runs only to undo", self._titles((self.step.undoes,))[0]))
        else:
            said.append(("After", ", ".join(self._titles(self.step.before)) or "The start"))
        if step.when is not None:
            said.append(("Only if", condition_sentence(step.when)))
        if step.for_each is not None:
            said.append(("For each item", f"{step.for_each.concurrency} at a time"))
        if self.step.retry is not None or step.kind in RETRIED:
            said.append(("Retry rule", details.retry_words(self.step)))
        if step.timeout is not None:
            said.append(("Time limit", duration_text(step.timeout)))
        if self.step.undoes is None:
            said.append(("On failure", details.error_words(self.step)))
        else:
            said.append(("On failure", "People are told that it remains, and the other undos go on"))
        if self.step.undo is not None:
            said.append(("Undone by", self._titles((self.step.undo,))[0]))
        return said

    @property
    def can_edit(self) -> bool:
        return givens.is_editable(self._plan, self.step) and self.step.undoes is None

    def _titles(self, indexes: tuple[int, ...]) -> list[str]:
        steps = [self._plan.steps[index] for index in indexes]
        return [title_of(step.name, step.step) for step in steps]


def timeline_of(progress: RunProgress) -> Timeline:
    """The steps over time: from when the run was taken up to its end, or to now."""
    run = progress.run
    begins = run.started_at or run.created_at
    ends = max(run.finished_at or timezone.now(), begins + timedelta(milliseconds=1))
    shown = [step for step in progress.steps if step.status != "standby"]  # what only undoes, and had not to
    rows = [TimelineRow(step, _bars(step, begins, ends), _took(step)) for step in shown]
    ticks = [formats.duration((ends - begins) * n / TICKS) if n else "0 s" for n in range(TICKS + 1)]
    return Timeline(rows, begins, ends, ticks)


def _bars(step: StepProgress, begins: datetime, ends: datetime) -> list[Bar]:
    if step.kept or step.status in {"skipped", "unreached"}:
        return []
    if step.items is not None:
        over = step.items.ended if step.is_over else ends
        return [_bar(step.items.began, over, begins, ends, step.status, step.note)]
    made = []
    for each in step.tries:
        over = each.ended or (ends if step.status not in {"stopped"} else each.began or ends)
        is_last = each is step.tries[-1]
        tone = step.status if is_last and step.status != "retrying" else "tried"
        took = formats.duration(over - each.began) if each.began else "at once"
        failed = " (failed attempt)" if each.outcome == "failed" else ""
        made.append(_bar(each.began or over, over, begins, ends, tone, f"{took}{failed}"))
    return made


def _bar(began: datetime, ended: datetime, begins: datetime, ends: datetime, tone: str, title: str) -> Bar:
    whole = (ends - begins).total_seconds()
    left = min(99.4, max(0.0, 100 * (began - begins).total_seconds() / whole))
    width = max(0.6, min(100 - left, 100 * (ended - began).total_seconds() / whole))
    return Bar(f"{left:.2f}%", f"{width:.2f}%", tone, title)


def _took(step: StepProgress) -> str:
    if step.kept:
        return "kept"
    if step.took is not None and step.took >= timedelta(milliseconds=1):
        return formats.duration(step.took)
    if step.status in {"succeeded", "failed"}:
        return "at once"
    return ""


def _chosen(progress: RunProgress, told: list[causes.Cause], asked: str) -> StepProgress:
    """The step that is looked at: that which was asked for, else what is told of, else the last that was done."""
    wanted = [asked, *(cause.step for cause in told)]
    found = next((step for name in wanted if name and (step := progress.of(name)) is not None), None)
    if found is not None:
        return found
    active = [step for step in progress.steps if step.status in {"running", "retrying", "waiting", "resting"}]
    done = [step for step in progress.steps if step.status == "succeeded"]
    return (active or done[-1:] or progress.steps)[0]


def _status(run: WorkflowRun, told: list[causes.Cause]) -> tuple[str, str]:
    """The status of the run as a key of the console's, and its word where it is another."""
    if run.is_open and run.cancel_requested_at is not None and run.status != WorkflowRun.Status.UNDOING:
        return run.status, "Cancelling"
    if run.status == WorkflowRun.Status.WAITING:
        tones = {cause.icon for cause in told}
        if "help" in tones:
            return "unknown", ""
        return ("waiting", "") if "user-check" in tones else ("resting", "")
    return run.status, ""


def _number(text: str, otherwise: int, *, least: int) -> int:
    return int(text) if text.isdecimal() and len(text) < 10 and int(text) >= least else otherwise
