"""All that is kept of a run as one JSON document: for whoever asks why, or keeps records outside."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

from apps.common.permissions import Principal, demand
from apps.tenants.context import current_tenant, tenant_context
from apps.workflows import auditing
from apps.workflows.definition import definition_dump
from apps.workflows.models import StepRun, WorkflowRun
from apps.workflows.payloads import without_credentials
from apps.workflows.permissions import WORKFLOWS_VIEW
from apps.workflows.store import plan_of

FORMAT: Final = 1
ROWS: Final = 200
"""Entries of the ledger that are read at a time."""


def run_bundle(*, who: Principal, run: WorkflowRun) -> Iterator[str]:
    """The document in pieces: definition, inputs, outputs and problem of the run, then its ledger in order.

    Credentials are left out as on pages. Each piece enters the tenant anew: they are read after the answer has begun.
    """
    demand(who, WORKFLOWS_VIEW)
    auditing.download_note(who=who, subject=auditing.run_subject(run), what=f"all that is kept of {run.ref}")
    tenant, plan = current_tenant(), plan_of(run.version)
    head = _head(run)

    def pieces() -> Iterator[str]:
        yield f'{json.dumps(head, ensure_ascii=False, indent=2)[:-2]},\n  "ledger": ['
        seen, between = 0, "\n    "
        while True:
            with tenant_context(tenant):
                rows = list(StepRun.objects.filter(run=run, seq__gt=seen).order_by("seq")[:ROWS])
                told = [json.dumps(_entry(row, plan.steps[row.step].name), ensure_ascii=False) for row in rows]
            if not rows:
                break
            yield between + ",\n    ".join(told)
            seen, between = rows[-1].seq, ",\n    "
        yield "\n  ]\n}\n"

    return pieces()


def _head(run: WorkflowRun) -> dict[str, Any]:
    moments = {name: getattr(run, name) for name in ("created_at", "started_at", "finished_at")}
    return {
        "format": FORMAT,
        "run": run.ref,
        "id": str(run.pk),
        "workflow": run.workflow.name,
        "version": run.version.number,
        "status": run.status,
        "origin": run.origin,
        "started_by": run.created_by.email if run.created_by else None,
        "retry_of": run.retry_of.ref if run.retry_of else None,
        "generation": run.generation,
        **{name: moment.isoformat() if moment else None for name, moment in moments.items()},
        "definition": definition_dump(run.version.definition),
        "inputs": without_credentials(run.inputs),
        "given": without_credentials(run.given),
        "outputs": without_credentials(run.outputs),
        "problem": run.problem,
    }


def _entry(row: StepRun, step: str) -> dict[str, Any]:
    return {
        "seq": row.seq,
        "step": step,
        "item": None if row.item < 0 else row.item,
        "attempt": row.attempt,
        "outcome": row.outcome,
        "output": without_credentials(row.output),
        "problem": row.problem,
        "due": row.due.isoformat() if row.due else None,
        "at": row.at.isoformat(),
    }
