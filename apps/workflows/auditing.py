"""What of workflows, their runs, and what people decide in them is recorded. What a run was given and gave is not."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import Any, Final

from django.db import transaction

from apps.audit.actors import Actor
from apps.audit.fingerprints import fingerprint
from apps.audit.kinds import entry_kind, subject_kind
from apps.audit.services import Subject, record
from apps.common.errors import InvalidInput
from apps.common.permissions import Principal
from apps.common.redaction import redacted
from apps.workflows.differences import definition_difference
from apps.workflows.models import Trigger, Workflow, WorkflowRun, WorkflowVersion

MOST_CHANGES: Final = 50
"""Sentences on what is other in a definition; of more, their number is told."""

# By what people and addresses call them.
subject_kind("workflows.workflow", "Workflow", url="workflows:workflow", argument="name")
subject_kind("workflows.workflowrun", "Run of a workflow", url="workflows:run", argument="number")

SAVED = entry_kind("workflows.saved", "Draft saved", "saved a draft of {subject}")
DISCARDED = entry_kind("workflows.discarded", "Draft discarded", "discarded the draft of {subject}")
PUBLISHED = entry_kind(
    "workflows.published", "Workflow published", "published version {after[version]} of {subject}", personal=["note"]
)
PUBLICATION_ASKED = entry_kind(
    "workflows.publication_asked", "Publication asked for", "asked for the publication of the draft of {subject}"
)
SECOND_PERSON = entry_kind(
    "workflows.second_person",
    "Second person for publication",
    "made publishing {subject} need a second person: {after[needed]}",
    category="configuration",
)
ROLLED_BACK = entry_kind(
    "workflows.rolled_back",
    "Workflow rolled back",
    "went back to version {former} of {subject}, as version {after[version]}",
)
PAUSED = entry_kind("workflows.paused", "Workflow paused", "let no trigger start {subject}")
RESUMED = entry_kind("workflows.resumed", "Workflow resumed", "let triggers start {subject} again")
ARCHIVED = entry_kind("workflows.archived", "Workflow archived", "archived {subject}")
TRIGGER_MADE = entry_kind("workflows.trigger_made", "Trigger made", "made a trigger of {subject}: {after[kind]}")
TRIGGER_CHANGED = entry_kind("workflows.trigger_changed", "Trigger changed", "changed a trigger of {subject}: {what}")
TRIGGER_DELETED = entry_kind(
    "workflows.trigger_deleted", "Trigger deleted", "deleted a trigger of {subject}: {before[kind]}"
)
SECRET_ROTATED = entry_kind(
    "workflows.secret_rotated", "Secret of a webhook changed", "gave a webhook of {subject} another secret"
)
BACKFILL_STARTED = entry_kind(
    "workflows.backfill_started",
    "Backfill started",
    "started {count} runs of {subject} for times of a schedule from {begins_at} to {ends_at}",
    category="run",
)
BACKFILL_CANCELLED = entry_kind(
    "workflows.backfill_cancelled",
    "Backfill cancelled",
    "cancelled a backfill of {subject} after {done} of {count} runs",
    category="run",
)

RUN_STARTED = entry_kind("workflows.run_started", "Run started", "started {subject} of {workflow}", category="run")
RUNS_STARTED = entry_kind("workflows.runs_started", "Runs started", "started {count} runs of {subject}", category="run")
RUN_RETRIED = entry_kind("workflows.run_retried", "Run tried again", "tried {of} again as {subject}", category="run")
RUN_MOVED = entry_kind(
    "workflows.run_moved",
    "Run moved to the newest version",
    "let {of} go on as {subject}, on version {after[version]}",
    category="run",
)
RUN_ENDED = entry_kind("workflows.run_ended", "Run ended", "ended {subject} of {workflow}: {status}", category="run")
RUNS_ENDED = entry_kind(
    "workflows.runs_ended", "Runs ended", "ended {count} runs of {subject} as they should: {runs}", category="run"
)
RUN_UNDOING = entry_kind(
    "workflows.run_undoing",
    "Undoing begun",
    "began to undo steps of {subject}: {steps}",
    category="run",
)
UNDO_STOPPED = entry_kind(
    "workflows.undo_stopped",
    "Undoing stopped",
    "stopped the undoing of {subject} before its end",
    category="run",
)
RUN_CANCELLED = entry_kind("workflows.run_cancelled", "Run cancelled", "wants {subject} cancelled", category="run")
RUNS_CANCELLED = entry_kind("workflows.runs_cancelled", "Runs cancelled", "wants {runs} cancelled", category="run")
RUN_PAUSED = entry_kind("workflows.run_paused", "Run paused", "paused {subject}", category="run")
RUN_RESUMED = entry_kind("workflows.run_resumed", "Run resumed", "let {subject} go on", category="run")

ANSWERED = entry_kind(
    "workflows.answered",
    "Approval decided",
    "answered {answer} to what step {step} of {subject} asks",
    category="decision",
    personal=["comment", "for_whom"],
)
ASKED = entry_kind(
    "workflows.asked",
    "Questions asked",
    "asked {count} times what step {step} of {subject} wants to know",
    category="decision",
    personal=["people", "left_out"],
)
REMINDED = entry_kind(
    "workflows.reminded",
    "Reminded of a question",
    "reminded {count} members of what step {step} of {subject} asks",
    category="decision",
)
ESCALATED = entry_kind(
    "workflows.escalated",
    "Question escalated",
    "let {roles} answer what step {step} of {subject} asks",
    category="decision",
)
MAILED = entry_kind(
    "workflows.mailed",
    "Mail about questions sent",
    "sent {subject} a mail about {count} questions",
    category="decision",
    personal=["subject"],
)
MAILS_AGAIN = entry_kind(
    "workflows.mails_again",
    "Mails about questions sent again",
    "had mails about questions sent again to {count} members",
    category="decision",
)
MAILS_WANTED = entry_kind(
    "workflows.mails_wanted",
    "Wish about mails changed",
    "chose whether they get mails about questions: {after[mails]}",
    category="decision",
    personal=["subject"],
)
DELEGATED = entry_kind(
    "workflows.delegated",
    "Right to answer delegated",
    "let {subject} answer in their name until {after[ends_at]}",
    category="access",
    personal=["subject", "reason"],
)
DELEGATION_REVOKED = entry_kind(
    "workflows.delegation_revoked",
    "Delegation taken back",
    "ended the delegation with {subject}",
    category="access",
    personal=["subject"],
)
SETTLED = entry_kind(
    "workflows.settled",
    "Call settled",
    "said of the call of step {step} of {subject} that it {happened}",
    category="decision",
    personal=["note"],
)
REPLAY_STARTED = entry_kind(
    "workflows.replay_started", "Replay started", "followed {count} past runs of {subject} through {against}"
)
REPLAY_CANCELLED = entry_kind("workflows.replay_cancelled", "Replay cancelled", "cancelled a replay of {subject}")
DOWNLOADED = entry_kind("workflows.downloaded", "Run downloaded", "downloaded {what}", category="data")


def download_note(*, who: Principal, subject: Subject, what: str, **facts: Any) -> None:
    """Record that somebody takes data with them, before they get it. Raises `AuditNotWritten`: then they do not."""
    with transaction.atomic():
        record(DOWNLOADED, who=who, subject=subject, what=what, **facts)


def workflow_subject(workflow: Workflow) -> Subject:
    return Subject("workflows.workflow", workflow.name, workflow.title)


def run_subject(run: WorkflowRun) -> Subject:
    return Subject("workflows.workflowrun", str(run.number), run.ref)


def run_actor(run: WorkflowRun) -> Actor:
    """Who acts where a run does: the workflow, in the name of whoever started it."""
    return Actor("workflow", run.created_by_id, run.workflow.title, via=run.ref)


def version_told(version: WorkflowVersion | None) -> dict[str, Any]:
    """What stands for a definition in an entry: its number where it has one, its size, and its digest."""
    if version is None:
        return {}
    return {"version": version.number or "draft", **fingerprint(version.content)}


def changes_told(former: WorkflowVersion | None, version: WorkflowVersion) -> dict[str, Any]:
    """What is other in a definition, in words. Whatever looks like a credential in them is not told."""
    if former is None:
        return {}
    try:
        found = definition_difference(former.definition, version.definition)
    except InvalidInput:  # written for an earlier release, which this one cannot read
        return {"changes": ["The former definition cannot be read any more."]}
    more = [f"And {len(found) - MOST_CHANGES} more."] if len(found) > MOST_CHANGES else []
    return {"changes": [*map(redacted, found[:MOST_CHANGES]), *more]}


def trigger_told(trigger: Trigger) -> dict[str, Any]:
    return {"kind": trigger.kind, "is_enabled": trigger.is_enabled, "settings": trigger.told}


def started_told(run: WorkflowRun) -> dict[str, Any]:
    return {"workflow": run.workflow.name, "version": run.version.number, "origin": run.origin}


def many_told(runs: Sequence[WorkflowRun]) -> dict[str, Any]:
    """Which runs they are, whatever their number: the first, the last, and a digest of all ids in their order."""
    digest = hashlib.sha256("\n".join(str(run.pk) for run in runs).encode()).hexdigest()
    return {"count": len(runs), "first": runs[0].ref, "last": runs[-1].ref, "ids_sha256": digest}


def refs_told(runs: Iterable[WorkflowRun]) -> str:
    """Runs by their numbers, those that follow one another as a range: ``W-3, W-7 to W-70``."""
    spans: list[list[int]] = []
    for number in sorted(run.number for run in runs):
        if spans and spans[-1][1] == number - 1:
            spans[-1][1] = number
        else:
            spans.append([number, number])
    return ", ".join(f"W-{first}" if first == last else f"W-{first} to W-{last}" for first, last in spans)
