"""A workflow, with all that may come of it."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from tests.isolation.ground import credentials


def workflow(id: UUID, ended: UUID, marker: str, owner: Any, deputy: Any) -> tuple[str, str]:
    """A workflow, with an open run, an approval, a call, an act and a schedule that are all of this id, and a run that
    has `ended` and of which a dead letter is left; its name, and a webhook. The owner lets the deputy stand in."""
    from datetime import timedelta

    from django.utils import timezone

    from apps.dispatch.models import DeadLetter
    from apps.tenants.context import current_schema
    from apps.workflows.models import (
        Approval,
        ApprovalNotice,
        Backfill,
        Delegation,
        HttpCall,
        Replay,
        ReplayRun,
        StepAct,
        StepRun,
        Trial,
        Trigger,
        Workflow,
        WorkflowChange,
        WorkflowEdit,
        WorkflowRun,
        WorkflowVersion,
    )

    now = timezone.now()
    name = f"w{id.int}"
    content: dict[str, Any] = {
        "name": name,
        "title": f"Flow {marker}",
        "steps": {"a": {"kind": "transform", "set": {"x": marker}}},
    }
    workflow = Workflow.objects.create(id=id, name=name, title=content["title"], created_by=owner)
    about = {"workflow": workflow, "note": f"Note {marker}", "published_at": now}
    for version, title in ((1, f"First {marker}"), (2, f"Flow {marker}")):
        told = json.dumps(content | {"title": title})
        latest = WorkflowVersion.objects.create(
            id=UUID(int=id.int + 1000 * version), number=version, content=told, **about
        )
    Workflow.objects.filter(pk=id).update(published=latest)
    draft = json.dumps(content | {"title": f"Draft {marker}"})
    WorkflowVersion.objects.create(id=UUID(int=id.int + 3000), number=None, content=draft, workflow=workflow)
    edit = WorkflowEdit.objects.create(id=id, workflow=workflow, user=owner, seq=workflow.seq)
    changed = json.dumps({"definition": content | {"title": f"Edit {marker}"}, "triggers": []})
    WorkflowChange.objects.create(edit=edit, number=0, what=f"Began {marker}", content=changed)
    Trial.objects.create(id=id, edit=edit, user=owner, content=content, inputs={"said": f"Sample {marker}"})
    of_both: dict[str, Any] = {"workflow": workflow, "version": latest, "inputs": {}, "created_by": owner}
    run = WorkflowRun.objects.create(id=id, number=1000 + id.int, origin="console", **of_both)
    over: dict[str, Any] = {"status": "succeeded", "outputs": {"x": marker}, "started_at": now, "finished_at": now}
    WorkflowRun.objects.create(id=ended, number=1000 + ended.int, origin="console", **of_both, **over)
    letter = {"tenant": current_schema(), "queue": "flow", "cause": f"Cause {marker}"}
    DeadLetter.objects.create(id=ended, kind="workflows.run", **letter)
    for attempt in (1, 2):
        StepRun.objects.create(
            run=run, step=0, item=0, attempt=attempt, ended=True, outcome="failed", output={"x": marker}, at=now
        )
    until = now + timedelta(days=1)
    asked: dict[str, Any] = {"roles": ["approver"], "risk": "low", "remind_at": now, "due_at": until}
    approval = Approval.objects.create(id=id, run=run, step="a", question=f"Question {marker}", **asked)
    over_id = UUID(int=id.int + 2000)
    Approval.objects.create(id=over_id, run=run, step="a", question=f"Over {marker}", withdrawn_at=now, **asked)
    reason = f"Reason {marker}"
    Delegation.objects.create(id=id, giver=owner, taker=deputy, reason=reason, begins_at=now, ends_at=until)
    ApprovalNotice.objects.create(id=id, approval=approval, user=deputy, reason="asked")
    request: dict[str, Any] = {"method": "POST", "url": f"http://127.0.0.1:9/{marker}", "headers": {}, "body": None}
    HttpCall.objects.create(id=id, run=run, step="call", key=id, is_repeatable=False, request=request)
    done = {"done": [{"title": f"Done {marker}", "kind": "agents.run", "text": "", "link": ""}], "left": []}
    acts = {"runs": [str(ended)], "kinds": ["agents.run"]}
    StepAct.objects.create(id=id, run=run, step="act", asked=acts, output=done)
    replayed = {"against": f"Against {marker}", "ids": [str(ended)]}
    of_replays: dict[str, Any] = {"workflow": workflow, "content": content, "created_by": owner, "summary": {}}
    replay = Replay.objects.create(id=id, asked=replayed, total=2, **of_replays)
    Replay.objects.create(id=UUID(int=id.int + 1000), asked=replayed, status="cancelled", **of_replays)
    sides = {"before": {"end": "succeeded"}, "after": {"end": "failed"}, "sentences": [f"Sentence {marker}"]}
    for followed in (id, ended):
        ReplayRun.objects.create(id=followed, replay=replay, run_id=followed, verdict="changed", told=sides)
    due, webhook = now - timedelta(minutes=1), UUID(int=id.int + 1000)
    schedule = {"kind": "schedule", "told": {"every": "1h"}, "due_at": due, "problem": f"Problem {marker}"}
    timed = Trigger.objects.create(id=id, workflow=workflow, **schedule)
    span: dict[str, Any] = {"begins_at": now - timedelta(days=2), "ends_at": now - timedelta(days=1), "total": 24}
    Backfill.objects.create(id=id, trigger=timed, problem=f"Problem {marker}", created_by=owner, **span)
    secret = credentials.webhook_secret(marker)
    Trigger.objects.create(id=webhook, workflow=workflow, kind="webhook", told={}, secret=secret)
    return name, str(webhook)
