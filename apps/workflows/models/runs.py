"""Runs, and the ledger of what happened to each of their steps."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import models

from apps.common.ids import uuid7
from apps.tenants.fields import PayloadField
from apps.workflows.models.workflows import Workflow, WorkflowVersion


class WorkflowRun(models.Model):
    """One run of a version. Only the holder of its work row's fence writes it once it is accepted."""

    PLAIN = ("status", "ending", "origin", "starters")

    class Status(models.TextChoices):
        QUEUED = "queued", "Queued"
        RUNNING = "running", "Running"
        WAITING = "waiting", "Waiting"
        PAUSED = "paused", "Paused"
        UNDOING = "undoing", "Undoing"
        SUCCEEDED = "succeeded", "Succeeded"
        FAILED = "failed", "Failed"
        CANCELLED = "cancelled", "Cancelled"

    OPEN = (Status.QUEUED, Status.RUNNING, Status.WAITING, Status.PAUSED, Status.UNDOING)

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    # An identity column (see the migration): people say "W-12", never a UUID.
    number = models.BigIntegerField(unique=True, db_default=0, editable=False)
    workflow = models.ForeignKey(Workflow, on_delete=models.CASCADE, related_name="runs")
    version = models.ForeignKey(WorkflowVersion, on_delete=models.PROTECT, related_name="+")
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.QUEUED)
    inputs = PayloadField()
    outputs = PayloadField(null=True)
    problem = PayloadField(null=True, help_text="Why the run failed: code, step, detail.")
    ending = models.CharField(
        max_length=10,
        blank=True,
        db_default="",
        help_text="While its steps are undone: what it ends as, failed or cancelled.",
    )
    seq = models.PositiveIntegerField(default=1, help_text="Rises with every change: readers of events see gaps by it.")
    parent = models.ForeignKey("self", null=True, on_delete=models.CASCADE, related_name="children")
    depth = models.PositiveSmallIntegerField(default=0, help_text="Runs above it that wait for it.")
    retry_of = models.ForeignKey("self", null=True, on_delete=models.SET_NULL, related_name="retries")
    root = models.UUIDField(
        null=True, help_text="Of runs that were tried again, the first whose effects these are; null: this one."
    )
    generation = models.PositiveSmallIntegerField(
        default=0, help_text="Rises when a person changes what a step is given: then its effects are others."
    )
    given = PayloadField(null=True, help_text="What a person gave steps instead, by name.")
    origin = models.CharField(max_length=20, help_text="What started it: console, api, schedule, webhook, workflow.")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    starters = models.JSONField(
        default=list,
        db_default=models.Value([], models.JSONField()),
        help_text="Who started the runs that it takes up, one after the other, by key.",
    )
    planned_at = models.DateTimeField(
        null=True, help_text="Of one that a schedule or a backfill started: for which of its times."
    )
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
            models.Index(
                fields=["workflow", "planned_at"],
                condition=models.Q(planned_at__isnull=False),
                name="workflows_run_by_plan",
            ),
        ]

    def __str__(self) -> str:
        return self.ref

    def save(self, *args: Any, **kwargs: Any) -> None:
        """A run that takes up another one is also that of whoever started it: its inputs are theirs."""
        if self._state.adding and self.retry_of is not None:
            earlier = [*self.retry_of.starters, self.retry_of.created_by_id]
            self.starters = list(dict.fromkeys(str(each) for each in earlier if each is not None))
        super().save(*args, **kwargs)

    @property
    def ref(self) -> str:
        return f"W-{self.number}"

    @property
    def is_open(self) -> bool:
        return self.status in self.OPEN

    @property
    def is_undo_stopped(self) -> bool:
        """Whether a person wants the undoing of its steps stopped: what asks that nothing more begins says so."""
        return bool(self.ending) and self.pause_requested_at is not None

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
