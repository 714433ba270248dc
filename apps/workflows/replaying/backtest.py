"""In how many past runs a condition would have held: what a person sees while they build one."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.db.models import Count, F, IntegerField, Q, Sum, Window
from django.db.models.expressions import Func
from django.utils import timezone

from apps.common.errors import InvalidInput
from apps.common.permissions import Principal, demand
from apps.workflows.conditions import Group, Test, condition_compile, every_test
from apps.workflows.definition import Definition
from apps.workflows.engine.ledger import STEP
from apps.workflows.models import StepRun, Workflow, WorkflowRun, WorkflowVersion
from apps.workflows.payloads import veiled
from apps.workflows.permissions import WORKFLOWS_VIEW
from apps.workflows.values import references_in

DAYS: Final = 30
MOST: Final = 1_000
"""Runs that are looked at, the newest."""
SECONDS: Final = 1.0
"""Of work on them: what was not looked at by then is left out, and that is told."""
BYTES: Final = 8 * 1024 * 1024
"""Of payloads as stored that are read for it."""
MOST_ITEMS: Final = 200
"""Items of a step that are read: of one with more, the run is left out."""


@dataclass(frozen=True)
class Backtest:
    """In `held` of `of` runs the condition would have held; runs since `since` were looked at."""

    held: int
    of: int
    since: datetime
    left_out: int = 0
    """Runs in which something that the condition refers to never came about."""
    is_sample: bool = False
    """Whether there are more runs than were looked at."""

    @property
    def share(self) -> float:
        """From 0 to 1."""
        return self.held / self.of if self.of else 0.0

    @property
    def sentence(self) -> str:
        """In words, for a person who builds the condition."""
        if not self.of:
            return f"No run of the last {DAYS} days tells in how many it would have held."
        runs = "run" if self.of == 1 else "runs"
        which = "latest " if self.is_sample else ""
        return f"Would have held in {self.held:,} of {self.of:,} {which}{runs} of the last {DAYS} days."


def backtest(
    *,
    who: Principal,
    workflow: Workflow | None,
    definition: Definition | Mapping[str, Any],
    step_name: str,
    condition: Test | Group,
) -> Backtest:
    """Hold a condition of the step `step_name` of `definition` against what past runs of the workflow came to.

    A run counts where all that the condition refers to had come about by its end: its steps were there, of the same
    kind, and had ended or were skipped. Three statements, whatever the number of runs.
    """
    demand(who, WORKFLOWS_VIEW)
    since = timezone.now() - timedelta(days=DAYS)
    wanted = _wanted(condition)
    if workflow is None or wanted is None or step_name in wanted:
        return Backtest(0, 0, since)
    until = time.monotonic() + SECONDS
    runs, is_sample = _runs(workflow, since)
    places = _places(runs, wanted, _kinds(definition)) if wanted else {}
    outputs = _outputs(runs, places) if wanted else {}
    holds = condition_compile(condition)
    held = of = left_out = 0
    for run in runs:
        if time.monotonic() > until:
            is_sample = True
            break
        steps = _steps(run, wanted, places, outputs)
        if steps is None:
            left_out += 1
            continue
        named = {"id": str(run.id), "number": run.number, "started_at": run.created_at.isoformat()}
        of += 1
        # Veiled: how many runs a condition holds in would tell credentials letter by letter.
        held += holds({"inputs": veiled(run.inputs), "steps": veiled(steps), "run": named})
    return Backtest(held, of, since, left_out, is_sample)


def _wanted(condition: Test | Group) -> set[str] | None:
    """The steps that a condition refers to; None: it reads what no ledger tells (an item, an error)."""
    steps: set[str] = set()
    for _, test in every_test(condition, ""):
        for reference in [test.reference, *(found for _, found in references_in(test.value))]:
            if reference.root not in {"inputs", "steps", "run"}:
                return None
            if reference.step is not None:
                steps.add(reference.step)
    return steps


def _size(column: str) -> Func:
    return Func(F(column), function="octet_length", output_field=IntegerField())


def _runs(workflow: Workflow, since: datetime) -> tuple[list[WorkflowRun], bool]:
    """The newest runs that have ended, as many as may be read; and whether there are more."""
    ended = WorkflowRun.objects.filter(workflow=workflow, created_at__gte=since).exclude(status__in=WorkflowRun.OPEN)
    newest = WorkflowRun.objects.filter(pk__in=ended.order_by("-id").values("pk")[: MOST + 1])
    sized = newest.annotate(read=Window(Sum(_size("inputs")), order_by=F("id").desc()), there=Window(Count("id")))
    within = sized.filter(read__lte=BYTES).order_by("-id")
    found: list[Any] = list(within.only("id", "number", "inputs", "created_at", "version_id"))
    runs = found[:MOST]
    return runs, bool(runs) and runs[0].there > len(runs)


def _kinds(definition: Definition | Mapping[str, Any]) -> dict[str, str]:
    """The kinds of the steps of a definition, which may be unfinished."""
    if isinstance(definition, Definition):
        return {name: step.kind for name, step in definition.steps.items()}
    steps = definition.get("steps")
    given = steps.items() if isinstance(steps, Mapping) else ()
    return {str(name): str(step.get("kind", "")) for name, step in given if isinstance(step, Mapping)}


Places = dict[UUID, dict[str, int]]
"""Of each version: the numbers of the steps that are wanted, by name; less than all: its runs do not count."""


def _places(runs: Iterable[WorkflowRun], wanted: set[str], kinds: Mapping[str, str]) -> Places:
    places: Places = {}
    for version in WorkflowVersion.objects.filter(pk__in={run.version_id for run in runs}):
        try:
            steps = version.definition.steps
        except InvalidInput:  # written for an earlier release, which this one cannot read
            continue
        numbers = {name: n for n, name in enumerate(steps)}
        places[version.id] = {
            name: numbers[name] for name in wanted if name in steps and kinds.get(name) == steps[name].kind
        }
    return places


def _outputs(runs: Iterable[WorkflowRun], places: Places) -> dict[tuple[UUID, int], list[StepRun]]:
    """The ends of the wanted steps, by run and number of step, in one statement."""
    by_version: dict[UUID, list[UUID]] = {}
    for run in runs:
        if places.get(run.version_id):
            by_version.setdefault(run.version_id, []).append(run.id)
    if not by_version:
        return {}
    these = Q()
    for version, ids in by_version.items():
        these |= Q(run__in=ids, step__in=places[version].values())
    rows = StepRun.objects.filter(these, ended=True, item__lte=MOST_ITEMS).exclude(outcome="failed", due__isnull=False)
    sized = rows.annotate(read=Window(Sum(_size("output")), order_by=[F("run_id").desc(), F("seq").asc()]))
    found: dict[tuple[UUID, int], list[StepRun]] = {}
    within = sized.filter(Q(read__lte=BYTES) | Q(read=None)).order_by("-run_id", "seq").defer("problem")
    for row in within:
        found.setdefault((row.run_id, row.step), []).append(row)
    return found


def _steps(
    run: WorkflowRun, wanted: set[str], places: Places, outputs: Mapping[tuple[UUID, int], list[StepRun]]
) -> dict[str, Any] | None:
    """What the steps gave that the condition refers to; None where one of them never came about."""
    numbers = places.get(run.version_id, {}) if wanted else {}
    if len(numbers) < len(wanted):
        return None
    steps: dict[str, Any] = {}
    for name, number in numbers.items():
        rows = outputs.get((run.id, number))
        if not rows or rows[-1].item >= MOST_ITEMS:
            return None
        if rows[-1].item == STEP:
            steps[name] = rows[-1].output if rows[-1].outcome == "succeeded" else None
        else:
            given = {row.item: row.output for row in rows}
            steps[name] = [given.get(item) for item in range(max(given) + 1)]
    return steps
