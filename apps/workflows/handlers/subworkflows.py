"""Steps that another workflow carries out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any
from uuid import UUID

from apps.audit.services import Record, record_many
from apps.common import work
from apps.common.errors import Conflict, NotFound
from apps.workflows import auditing, services
from apps.workflows.definition import Step
from apps.workflows.kinds.outward import SubWorkflow
from apps.workflows.models import Workflow, WorkflowRun
from apps.workflows.performers import KIND, Ask, Outcome, Performer


class SubWorkflowPerformer(Performer):
    kind = "workflow"

    def prepare(self, run: WorkflowRun, step: Step, asked: Any) -> Any:
        """The published version of the workflow, with its inputs validated. Raises `NotFound`, `InvalidInput`."""
        if run.depth >= services.DEEPEST:
            raise ValueError(
                f"Workflows call each other {services.DEEPEST} deep here: the innermost one was not started."
            )
        assert isinstance(step, SubWorkflow)  # noqa: S101  # a performer gets steps of its kind only
        found = Workflow.objects.select_related("published").filter(name=step.workflow, archived_at=None).first()
        if found is None or found.published is None:
            raise NotFound(f"There is no published workflow {step.workflow!r} here.")
        return found, services.inputs_parse(version=found.published, data=asked)

    def begin(self, asks: Sequence[Ask]) -> None:
        runs = WorkflowRun.objects.filter(pk__in={ask.run.id for ask in asks})
        starters = dict(runs.values_list("pk", "starters"))
        children = [_child(ask, starters.get(ask.run.id, [])) for ask in asks]
        WorkflowRun.objects.bulk_create(children)
        record_many([_said(ask, child) for ask, child in zip(asks, children, strict=True)])
        work.schedule_many(KIND, [ask.ref for ask in asks])

    def collect(self, refs: Sequence[UUID]) -> Mapping[UUID, Outcome]:
        ended = WorkflowRun.objects.filter(pk__in=refs).exclude(status__in=WorkflowRun.OPEN)
        return {run.id: _outcome(run) for run in ended}

    def cancel(self, refs: Sequence[UUID]) -> None:
        for run in WorkflowRun.objects.filter(pk__in=refs, status__in=WorkflowRun.OPEN):
            with suppress(Conflict):  # it has ended meanwhile, or is being undone already
                services.run_stop(run=run)


def _said(ask: Ask, child: WorkflowRun) -> Record:
    """Of the start of a run by a step of another."""
    told = {**auditing.started_told(child), "parent": ask.run.ref, "step": ask.name}
    return Record(auditing.RUN_STARTED, auditing.run_actor(ask.run), auditing.run_subject(child), facts=told)


def _child(ask: Ask, starters: list[str]) -> WorkflowRun:
    workflow, inputs = ask.asked
    return WorkflowRun(
        id=ask.ref,
        workflow=workflow,
        version=workflow.published,
        inputs=inputs,
        parent=ask.run,
        depth=ask.run.depth + 1,
        origin="workflow",
        created_by_id=ask.run.created_by_id,
        starters=starters,
        is_demo=ask.run.is_demo,
    )


def _outcome(run: WorkflowRun) -> Outcome:
    if run.status == WorkflowRun.Status.SUCCEEDED:
        return Outcome(output=run.outputs)
    told = run.problem or {"code": "cancelled", "detail": "It was cancelled."}
    return Outcome(problem={**told, "detail": f"{run.ref}: {told.get('detail', '')}"})
