"""The first steps that workflows ask of a person: to build one, to run one, to decide on a question."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from apps.console.first_steps import FirstStep, first_step
from apps.console.tallies import number_of, tally
from apps.workflows.models import Approval, Workflow
from apps.workflows.permissions import APPROVALS_DECIDE, WORKFLOWS_EDIT, WORKFLOWS_RUN

_any = tally("workflows.any", lambda request: Workflow.objects.order_by()[:1], permission=WORKFLOWS_EDIT)


def _decided(request: HttpRequest) -> Any:
    """A question that this person has answered, where there is one."""
    return Approval.objects.filter(decided_by=request.user.pk).order_by()[:1]


_answered = tally("workflows.answered", _decided, permission=APPROVALS_DECIDE)
first_step(
    FirstStep(
        key="workflows.build",
        title="Build a workflow",
        text="Take a blueprint of your industry and answer a few questions, or begin with an empty one.",
        url=lambda: reverse("workflows:blueprints"),
        icon="route",
        permission=WORKFLOWS_EDIT,
        done=lambda request: number_of(request, _any.key) > 0,
        order=30,
    )
)
first_step(
    FirstStep(
        key="workflows.run",
        title="Run a workflow",
        text="Start one by hand with a sample, and follow it step by step.",
        url=lambda: reverse("workflows:workflows"),
        icon="player-play",
        permission=WORKFLOWS_RUN,
        done=lambda request: number_of(request, "workflows.ran") > 0,
        order=35,
    )
)
first_step(
    FirstStep(
        key="workflows.decide",
        title="Decide on an approval",
        text="Workflows ask before they do what counts. What waits for you is in the inbox.",
        url=lambda: reverse("workflows:approvals"),
        icon="user-check",
        permission=APPROVALS_DECIDE,
        done=lambda request: number_of(request, _answered.key) > 0,
        order=40,
    )
)
