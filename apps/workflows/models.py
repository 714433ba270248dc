"""Workflows, their versions, and their runs with the ledger of what happened to each step."""

from __future__ import annotations

import json
from datetime import timedelta

from django.conf import settings
from django.db import models

from apps.common.ids import uuid7
from apps.tenants.fields import PayloadField
from apps.workflows.definition import Definition, definition_parse


class Workflow(models.Model):
    """A process that people gave a name. What it does is told by its versions."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(max_length=60, unique=True)
    title = models.CharField(max_length=100)
    published = models.ForeignKey(
        "WorkflowVersion", null=True, on_delete=models.PROTECT, related_name="+", help_text="What new runs follow."
    )
    is_paused = models.BooleanField(default=False, help_text="No trigger starts a run; what runs goes on.")
    archived_at = models.DateTimeField(null=True)
    seq = models.PositiveIntegerField(default=1, help_text="Rises with every change.")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    is_demo = models.BooleanField(default=False)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.title

    @property
    def is_at_rest(self) -> bool:
        """Whether no trigger starts a run of it."""
        return self.is_paused or self.archived_at is not None


class WorkflowVersion(models.Model):
    """What a workflow does. A draft may change; what was published never does, and runs stay on it."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    workflow = models.ForeignKey(Workflow, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField(null=True, help_text="From 1 in order of publication; null: the draft.")
    # Text rather than a JSON column, which would forget the order of steps.
    content = models.TextField(help_text="The definition, as JSON.")
    note = models.CharField(max_length=200, blank=True, help_text="What changed, in a sentence.")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    saved_at = models.DateTimeField(auto_now=True)
    published_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(fields=["workflow", "number"], name="workflows_version_number"),
            models.UniqueConstraint(
                fields=["workflow"], condition=models.Q(number=None), name="workflows_version_one_draft"
            ),
        ]

    def __str__(self) -> str:
        return f"version {self.number}" if self.number else "draft"

    @property
    def definition(self) -> Definition:
        """What it does, read anew."""
        return definition_parse(json.loads(self.content))


class WorkflowRun(models.Model):
    """One run of a version. Only the holder of its work row's fence writes it once it is accepted."""

    PLAIN = ("status", "origin")

    class Status(models.TextChoices):
        QUEUED = "queued", "Queued"
        RUNNING = "running", "Running"
        WAITING = "waiting", "Waiting"
        PAUSED = "paused", "Paused"
        SUCCEEDED = "succeeded", "Succeeded"
        FAILED = "failed", "Failed"
        CANCELLED = "cancelled", "Cancelled"

    OPEN = (Status.QUEUED, Status.RUNNING, Status.WAITING, Status.PAUSED)

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    # An identity column (see the migration): people say "W-12", never a UUID.
    number = models.BigIntegerField(unique=True, db_default=0, editable=False)
    workflow = models.ForeignKey(Workflow, on_delete=models.CASCADE, related_name="runs")
    version = models.ForeignKey(WorkflowVersion, on_delete=models.PROTECT, related_name="+")
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.QUEUED)
    inputs = PayloadField()
    outputs = PayloadField(null=True)
    problem = PayloadField(null=True, help_text="Why the run failed: code, step, detail.")
    seq = models.PositiveIntegerField(default=1, help_text="Rises with every change: readers of events see gaps by it.")
    parent = models.ForeignKey("self", null=True, on_delete=models.CASCADE, related_name="children")
    depth = models.PositiveSmallIntegerField(default=0, help_text="Runs above it that wait for it.")
    retry_of = models.ForeignKey("self", null=True, on_delete=models.SET_NULL, related_name="retries")
    root = models.UUIDField(null=True, help_text="The first of runs that were tried again; null: this one.")
    generation = models.PositiveSmallIntegerField(
        default=0, help_text="Rises when a person changes what a step is given: then its effects are others."
    )
    given = PayloadField(null=True, help_text="What a person gave steps instead, by name.")
    origin = models.CharField(max_length=20, help_text="What started it: console, api, schedule, webhook, workflow.")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    is_demo = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    cancel_requested_at = models.DateTimeField(null=True)
    pause_requested_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["workflow", "-id"], name="workflows_run_by_workflow"),
            models.Index(fields=["status", "-id"], name="workflows_run_by_status"),
            models.Index(fields=["created_at"], name="workflows_run_by_time"),
        ]

    def __str__(self) -> str:
        return self.ref

    @property
    def ref(self) -> str:
        return f"W-{self.number}"

    @property
    def is_open(self) -> bool:
        return self.status in self.OPEN

    @property
    def duration(self) -> timedelta | None:
        """From acceptance to end; None while it has not ended."""
        return self.finished_at - self.created_at if self.finished_at else None


class StepRun(models.Model):
    """One thing that happened to a step of a run: that it was opened, or how a try of it ended. Never changed."""

    PLAIN = ("outcome",)

    pk = models.CompositePrimaryKey("run_id", "step", "item", "attempt", "ended")
    run = models.ForeignKey(WorkflowRun, on_delete=models.CASCADE, related_name="ledger", db_index=False)
    step = models.SmallIntegerField(help_text="Number of the step in its version, from 0.")
    item = models.IntegerField(help_text="-1: the step as a whole.")
    attempt = models.SmallIntegerField()
    ended = models.BooleanField()
    # An identity column (see the migration): the order in which things happened.
    seq = models.BigIntegerField(db_default=0, editable=False)
    outcome = models.CharField(max_length=10)
    ref = models.UUIDField(null=True, help_text="Of an opened one: what carries it out.")
    output = PayloadField(null=True)
    problem = PayloadField(null=True)
    due = models.DateTimeField(null=True)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.step}.{self.item}.{self.attempt} {self.outcome}"


class Approval(models.Model):
    """A question to a person, asked by a step of a run."""

    PLAIN = ("step", "roles")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    run = models.ForeignKey(WorkflowRun, on_delete=models.CASCADE, related_name="approvals")
    step = models.CharField(max_length=40, help_text="Name of the step that asks.")
    question = PayloadField()
    details = PayloadField(null=True)
    roles = models.JSONField(help_text="Who may answer, by role.")
    asked_at = models.DateTimeField(auto_now_add=True)
    due_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True)
    approved = models.BooleanField(null=True)
    comment = PayloadField(null=True)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    withdrawn_at = models.DateTimeField(null=True, help_text="When nobody waited for an answer any more.")

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(
                fields=["due_at"],
                condition=models.Q(decided_at=None, withdrawn_at=None),
                name="workflows_approval_open",
            )
        ]

    def __str__(self) -> str:
        return f"{self.step} of {self.run_id}"

    @property
    def is_open(self) -> bool:
        return self.decided_at is None and self.withdrawn_at is None


class HttpCall(models.Model):
    """A request of a step to another system. That it is about to be sent is recorded before it is (rule R8)."""

    PLAIN = ("step", "status")

    class Status(models.TextChoices):
        READY = "ready", "Ready"
        SENT = "sent", "Sent"
        CONFIRMED = "confirmed", "Confirmed"
        FAILED = "failed", "Failed"
        UNKNOWN = "unknown", "Unknown"
        CANCELLED = "cancelled", "Cancelled"

    ENDED = (Status.CONFIRMED, Status.FAILED, Status.CANCELLED)

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    run = models.ForeignKey(WorkflowRun, on_delete=models.CASCADE, related_name="calls")
    step = models.CharField(max_length=40, help_text="Name of the step that asks.")
    key = models.UUIDField(help_text="Of its effect: what is sent as the Idempotency-Key, the same in every try.")
    is_repeatable = models.BooleanField(help_text="Whether it may be sent again while its outcome is not known.")
    request = PayloadField()
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.READY)
    answer = PayloadField(null=True)
    problem = PayloadField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    sent_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    settled_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["key"], name="workflows_call_by_key"),
            models.Index(fields=["created_at"], condition=models.Q(status="unknown"), name="workflows_call_unknown"),
        ]

    def __str__(self) -> str:
        return f"{self.step} of {self.run_id}"


class StepAct(models.Model):
    """What a step has done of what an agent proposed."""

    PLAIN = ("step",)

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    run = models.ForeignKey(WorkflowRun, on_delete=models.CASCADE, related_name="acts")
    step = models.CharField(max_length=40, help_text="Name of the step.")
    asked = PayloadField(help_text="The runs of agents, and the kinds of actions that may be done.")
    output = PayloadField(null=True, help_text="What was done, and what was left and why.")
    problem = PayloadField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["created_at"], condition=models.Q(ended_at=None), name="workflows_act_open"),
        ]

    def __str__(self) -> str:
        return f"{self.step} of {self.run_id}"


class Trigger(models.Model):
    """Something that starts a workflow by itself."""

    PLAIN = ("kind", "listens_to")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    workflow = models.ForeignKey(Workflow, on_delete=models.CASCADE, related_name="triggers")
    kind = models.CharField(max_length=20)
    told = PayloadField(help_text="Its settings, by its kind.")
    listens_to = models.CharField(
        max_length=60, blank=True, db_index=True, help_text="Name of the workflow whose end it waits for."
    )
    secret = PayloadField(null=True, help_text="What messages of a webhook are signed with.")
    former_secret = PayloadField(null=True, help_text="The one before it, while both are taken.")
    former_until = models.DateTimeField(null=True, help_text="How long the former secret is taken.")
    is_enabled = models.BooleanField(default=True)
    due_at = models.DateTimeField(null=True, help_text="Of a schedule: its next time.")
    fired_at = models.DateTimeField(null=True)
    problem = PayloadField(null=True, help_text="Why it could not start a run the last time.")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.kind} of {self.workflow_id}"


class Message(models.Model):
    """A message that a webhook has taken in: the same one is taken in once."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    trigger = models.ForeignKey(Trigger, on_delete=models.CASCADE, related_name="messages")
    message = models.CharField(max_length=200, help_text="The id that its sender gave it.")
    run = models.ForeignKey(WorkflowRun, null=True, on_delete=models.SET_NULL, related_name="+")
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["trigger", "message"], name="workflows_message_once")]
        indexes = [models.Index(fields=["at"], name="workflows_message_by_time")]

    def __str__(self) -> str:
        return self.message
