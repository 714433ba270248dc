"""Start a workflow on what an agent has found."""

from __future__ import annotations

from typing import Any

from django.urls import reverse

from apps.accounts.models import User
from apps.common.actions import ActionKind, Outcome
from apps.common.errors import Conflict
from apps.common.permissions import Principal
from apps.common.schemas import StrictModel
from apps.workflows import selectors, services
from apps.workflows.acting import DEPTH
from apps.workflows.permissions import WORKFLOWS_RUN


class WorkflowStart(StrictModel):
    workflow: str
    """Its name."""
    inputs: dict[str, Any] = {}


class StartWorkflow(ActionKind[WorkflowStart]):
    """Start a run of a published workflow."""

    kind, title, permission, icon = "workflows.start", "Start a workflow", WORKFLOWS_RUN, "route"

    def perform(self, *, who: Principal, user: User | None, arguments: WorkflowStart) -> Outcome:
        workflow = selectors.workflow_get(who=who, name=arguments.workflow)
        depth = DEPTH.get()
        if depth > services.DEEPEST:
            raise Conflict(
                f"{workflow.title} was not started: {services.DEEPEST} runs have started one another already.",
                remedy="See whether the workflow starts itself, by what its agent proposes.",
            )
        run = services.run_start(
            who=who, user=user, workflow=workflow, data=arguments.inputs, origin="action", depth=depth
        )
        return Outcome(f"{workflow.title} was started as {run.ref}.", reverse("workflows:run", args=[run.number]))
