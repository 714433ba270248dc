"""What the latest run of a workflow that succeeded was given and gave: samples beside what may be referred to."""

from __future__ import annotations

from typing import Any, Final

from django.db.models import F, IntegerField
from django.db.models.expressions import Func

from apps.common.errors import InvalidInput
from apps.common.permissions import Principal
from apps.workflows.engine.ledger import STEP
from apps.workflows.models import StepRun, WorkflowRun
from apps.workflows.payloads import without_credentials
from apps.workflows.permissions import WORKFLOWS_VIEW

LARGEST: Final = 64 * 1024
"""Bytes as stored of an output of which samples are taken."""


def samples_of(*, who: Principal, workflow: str) -> dict[str, Any]:
    """By root, as references name them, without credentials; empty where no run succeeded. Two statements.

    Whoever may not see runs gets none.
    """
    if not workflow or not who.can(WORKFLOWS_VIEW):
        return {}
    runs = WorkflowRun.objects.filter(workflow__name=workflow, status=WorkflowRun.Status.SUCCEEDED)
    run = runs.select_related("version").defer("outputs", "problem", "given").order_by("-id").first()
    if run is None:
        return {}
    try:
        names = dict(enumerate(run.version.definition.steps))
    except InvalidInput:  # written for an earlier release, which this one cannot read
        names = {}
    size = Func(F("output"), function="octet_length", output_field=IntegerField())
    rows = StepRun.objects.filter(run=run, item=STEP, ended=True, outcome="succeeded")
    small = rows.annotate(size=size).filter(size__lte=LARGEST).defer("problem").order_by("seq")
    steps = {names[row.step]: row.output for row in small if row.step in names}
    started = run.started_at.isoformat() if run.started_at else None
    told = {"id": str(run.pk), "number": run.number, "started_at": started}
    cleaned: dict[str, Any] = without_credentials({"inputs": run.inputs or {}, "steps": steps, "run": told})
    return cleaned
