"""What workflows, their runs and decisions hold of people, and for how long."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.urls import reverse

from apps.tenants.personal import PersonalRows, RetainedRows
from apps.workflows.models import (
    Approval,
    ApprovalAssignee,
    ApprovalDecision,
    ApprovalMails,
    ApprovalNotice,
    Backfill,
    Delegation,
    HttpCall,
    Message,
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

_RUN_IS_OPEN = Q(run__status__in=WorkflowRun.OPEN)


class Workflows(PersonalRows):
    key = "workflows.workflow"
    title = "Workflows"
    what = "Their titles, and who made them."
    model = Workflow
    member = ("created_by",)
    texts = ("title",)

    def url_of(self, row: Workflow) -> str:
        return reverse("workflows:workflow", args=[row.name])


class Versions(PersonalRows):
    key = "workflows.version"
    title = "Versions of workflows"
    what = "What a workflow does, and who wrote it: a text or an address in a step may name people."
    model = WorkflowVersion
    member = ("created_by", "asked_by")
    texts = ("note",)
    json_texts = ("content",)
    when = "saved_at"

    def rows(self) -> QuerySet[Any]:
        return super().rows().select_related("workflow")

    def title_of(self, row: WorkflowVersion) -> str:
        return f"{row.workflow}, {row}"

    def url_of(self, row: WorkflowVersion) -> str:
        return reverse("workflows:workflow", args=[row.workflow.name])


class Runs(PersonalRows):
    key = "workflows.run"
    title = "Runs of workflows"
    what = "What a run was given and gave, and who started it."
    model = WorkflowRun
    member = ("created_by",)
    in_use = Q(status__in=WorkflowRun.OPEN)

    def url_of(self, row: WorkflowRun) -> str:
        return reverse("workflows:run", args=[row.number])


class _OfRuns(PersonalRows):
    """What belongs to a run of a workflow."""

    in_use = _RUN_IS_OPEN

    def rows(self) -> QuerySet[Any]:
        return super().rows().select_related("run")

    def title_of(self, row: Any) -> str:
        return f"{self.title}: {row.step} of {row.run}"

    def url_of(self, row: Any) -> str:
        return reverse("workflows:run", args=[row.run.number])


class Steps(_OfRuns):
    key = "workflows.step"
    title = "Steps of runs"
    what = "What a step gave, and why it failed."
    model = StepRun
    when = "at"


class Approvals(_OfRuns):
    key = "workflows.approval"
    title = "Questions to people"
    what = "What was asked, who decided, and their comment."
    model = Approval
    member = ("decided_by",)
    when = "asked_at"


class _OfApprovals(PersonalRows):
    """What belongs to a question of a run."""

    in_use = Q(approval__run__status__in=WorkflowRun.OPEN)

    def rows(self) -> QuerySet[Any]:
        return super().rows().select_related("approval__run")

    def title_of(self, row: Any) -> str:
        return f"{self.title}: {row.approval.step} of {row.approval.run}"

    def url_of(self, row: Any) -> str:
        return reverse("workflows:run", args=[row.approval.run.number])


class Assignees(_OfApprovals):
    key = "workflows.assignee"
    title = "Members who are asked by name"
    what = "Who was asked."
    erasure = "They are deleted."
    model = ApprovalAssignee
    member = removes = ("user",)
    when = "at"


class Decisions(_OfApprovals):
    key = "workflows.answer"
    title = "Answers to questions"
    what = "Who answered what, with their comment and what they filled in, and whose right it was."
    model = ApprovalDecision
    member = ("user", "holder")
    when = "at"


class Notices(_OfApprovals):
    key = "workflows.notice"
    title = "Mails about questions"
    what = "Who was told of which question, and when."
    erasure = "They are deleted."
    model = ApprovalNotice
    member = removes = ("user",)


class Mails(PersonalRows):
    key = "workflows.mails"
    title = "Wishes about mails"
    what = "Whether they want mails about questions."
    erasure = "They are deleted."
    model = ApprovalMails
    member = removes = ("user",)
    when = "changed_at"


class Delegations(PersonalRows):
    key = "workflows.delegation"
    title = "Delegations"
    what = "Who answered for whom, from when to when, and why."
    erasure = "They are deleted."
    model = Delegation
    member = removes = ("giver", "taker")
    texts = ("reason",)


class Edits(PersonalRows):
    key = "workflows.edit"
    title = "Workflows being changed"
    what = "Who changes a workflow, before it is saved."
    erasure = "They are deleted with their changes and trials."
    model = WorkflowEdit
    member = removes = ("user",)


class Changes(PersonalRows):
    key = "workflows.change"
    title = "Changes of workflows that are not saved"
    what = "What a workflow would do: a text or an address in a step may name people."
    model = WorkflowChange
    texts = ("what",)
    json_texts = ("content",)
    when = "at"


class Trials(PersonalRows):
    key = "workflows.trial"
    title = "Trials of workflows"
    what = "The sample that was tried, what its steps gave, and who tried it."
    erasure = "They are deleted."
    model = Trial
    member = removes = ("user",)


class Replays(PersonalRows):
    key = "workflows.replay"
    title = "Replays of runs"
    what = "What a definition would have made of past runs, and who asked."
    model = Replay
    member = ("created_by",)


class ReplayedRuns(PersonalRows):
    key = "workflows.replayed"
    title = "Runs as replayed"
    what = "What would have been different in a run."
    model = ReplayRun
    when = "at"


class Backfills(PersonalRows):
    key = "workflows.backfill"
    title = "Backfills of schedules"
    what = "Who had runs started for past times."
    model = Backfill
    member = ("created_by",)


class Calls(_OfRuns):
    key = "workflows.call"
    title = "Calls of other systems"
    what = "What was sent and answered, and who settled a call whose outcome nobody knew."
    model = HttpCall
    member = ("settled_by",)


class Acts(_OfRuns):
    key = "workflows.act"
    title = "What steps did of what agents proposed"
    what = "What was done and why."
    model = StepAct


class Triggers(PersonalRows):
    key = "workflows.trigger"
    title = "Triggers"
    what = "Their settings, and who made them."
    model = Trigger
    member = ("created_by",)
    sealed = ("told", "problem")  # the others are keys


class Messages(PersonalRows):
    key = "workflows.message"
    title = "Messages to webhooks"
    what = "The ids that their senders gave them."
    model = Message
    texts = ("message",)
    when = "at"


def _ended(model: Any, before: datetime, *, decided: bool) -> QuerySet[Any]:
    """Runs that have ended, that no other run is a part of, and in which somebody decided, or nobody did."""
    decisions = Approval.objects.filter(run=OuterRef("pk"), decided_at__isnull=False)
    parts = WorkflowRun.objects.filter(parent=OuterRef("pk"))
    rows = model.objects.filter(created_at__lt=before).exclude(status__in=WorkflowRun.OPEN)
    ended: QuerySet[Any] = rows.filter(~Exists(parts), Exists(decisions) if decided else ~Exists(decisions))
    return ended


class RunsKept(RetainedRows):
    key = "workflows.run"
    title = "Runs of workflows in which nobody decided"
    group = "Runs and decisions"
    what = "They are deleted with their steps, calls and payloads; the audit log keeps that they were."
    note = "As long as somebody may ask how a result came about. The EU AI Act asks for six months (Art. 26(6))."
    default = 400
    model = WorkflowRun

    def rows(self, before: datetime) -> QuerySet[Any]:
        return _ended(WorkflowRun, before, decided=False)


class DecidedRunsKept(RetainedRows):
    key = "workflows.decision"
    title = "Runs of workflows in which a person decided"
    group = "Runs and decisions"
    what = "They are deleted with their questions, answers, steps and payloads."
    note = "Evidence of decisions: in many trades six to ten years; at least the six months of the EU AI Act."
    default = 3653
    least = 183
    model = WorkflowRun

    def rows(self, before: datetime) -> QuerySet[Any]:
        return _ended(WorkflowRun, before, decided=True)


class EditsKept(RetainedRows):
    key = "workflows.edit"
    title = "Workflows being changed and not saved"
    group = "Runs and decisions"
    what = "What somebody began is deleted with its changes and trials; drafts and versions stay."
    note = "Counted from the last change of whoever made it. Nobody else sees it, and nothing runs by it."
    default = 180
    least = 7
    model = WorkflowEdit
    when = "changed_at"


class MessagesKept(RetainedRows):
    key = "workflows.message"
    title = "Ids of messages to webhooks"
    group = "Runs and decisions"
    what = "They are deleted; the runs that they started stay."
    note = "A message that comes again within two days is known by them."
    default = 7
    least = 2
    most = 365
    model = Message
    when = "at"
