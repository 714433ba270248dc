"""How agents are set up, their runs, and the results of these."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db import models

from apps.common.ids import uuid7
from apps.tenants.fields import PayloadField


class AgentConfiguration(models.Model):
    """A version of how a tenant has set an agent up. The newest holds; none is ever changed."""

    PLAIN = ("agent_key", "roles", "note")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    agent_key = models.CharField(max_length=100)
    number = models.PositiveIntegerField(help_text="From 1, in order.")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    settings = PayloadField(help_text="What differs from the agent's own settings.")
    roles = models.JSONField(null=True, help_text="Who may run it by hand or over the API; null: whoever runs agents.")
    note = models.CharField(max_length=200, blank=True, help_text="What changed, in a sentence.")
    former: AgentConfiguration | None
    """The version before it, of one that `configurations.formers_read` was given."""

    class Meta:
        ordering = ["-number"]
        constraints = [models.UniqueConstraint(fields=["agent_key", "number"], name="agents_configuration_once")]

    def __str__(self) -> str:
        return f"{self.agent_key} {self.number}"


class AgentRun(models.Model):
    """One run of an agent on one input. Only the holder of its work row's fence writes it once it is queued."""

    class Status(models.TextChoices):
        QUEUED = "queued", "Queued"
        RUNNING = "running", "Running"
        SUCCEEDED = "succeeded", "Succeeded"
        FAILED = "failed", "Failed"
        CANCELLED = "cancelled", "Cancelled"

    OPEN = (Status.QUEUED, Status.RUNNING)
    # What lists show, search and count; everything else is sealed.
    PLAIN = (
        "agent_key",
        "agent_version",
        "status",
        "note",
        "source",
        "headline",
        "verdict",
        "problem_code",
        "origin",
        "caller_kind",
    )

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    # An identity column (see the migration): people say "R-12", never a UUID.
    number = models.BigIntegerField(unique=True, db_default=0, editable=False)
    agent_key = models.CharField(max_length=100)
    agent_version = models.CharField(max_length=20)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.QUEUED)
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)
    note = models.CharField(max_length=200, blank=True)
    seq = models.PositiveIntegerField(default=1, help_text="Rises with every change: readers of events see gaps by it.")
    configuration = models.ForeignKey(
        AgentConfiguration,
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,  # a version is never deleted, and nobody looks for its runs
        help_text="Null: the agent's own.",
    )
    input = PayloadField()
    source = models.CharField(max_length=255, blank=True, help_text="Name of the dataset, for people.")
    headline = models.CharField(max_length=300, blank=True)
    verdict = models.CharField(
        max_length=40, blank=True, default="", db_default="", help_text="Of its first decision, as it stands now."
    )
    answered_from = models.ForeignKey(
        "self",
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
        db_index=False,
        help_text="The run whose result this one was given, as its input was the same.",
    )
    worked_out_at = models.DateTimeField(null=True, help_text="When its result was, where it is another run's.")
    is_fresh = models.BooleanField(
        default=False, db_default=False, help_text="It was asked to be worked out, whatever result is at hand."
    )
    batch = models.ForeignKey(
        "agents.AgentBatch", null=True, on_delete=models.CASCADE, related_name="runs", db_index=False
    )
    batch_row = models.PositiveIntegerField(null=True, help_text="Row of the batch's file, from 1.")
    # It quotes cells of the input, so it is a payload; its code, which is asked for, is the same for all.
    problem = PayloadField(
        null=True, db_column="problem_sealed", help_text="Why the run failed: code, title, detail, remedy, issues."
    )
    problem_code = models.CharField(max_length=50, blank=True, default="", db_default="")
    attempts = models.PositiveSmallIntegerField(default=0)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    origin = models.CharField(max_length=20, help_text="Where it was started: console, api or demo.")
    caller_kind = models.CharField(max_length=60, blank=True, help_text="Kind of the work that waits for its end.")
    caller = models.UUIDField(null=True, help_text="Key of the work that waits for its end.")
    is_demo = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    cancel_requested_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-id"]  # keys are UUIDv7: newest first, and the primary key is the index of it
        indexes = [
            models.Index(fields=["agent_key", "-id"], name="agents_run_by_agent"),
            models.Index(fields=["status", "-id"], name="agents_run_by_status"),
            models.Index(fields=["created_at"], name="agents_run_by_time"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["batch", "batch_row"], name="agents_run_once_a_row", condition=models.Q(batch__isnull=False)
            )
        ]

    def __str__(self) -> str:
        return self.ref

    @property
    def ref(self) -> str:
        return f"R-{self.number}"

    @property
    def is_open(self) -> bool:
        return self.status in self.OPEN

    @property
    def duration(self) -> timedelta | None:
        """From first start to end; None while it has not ended or when it never started."""
        return self.finished_at - self.started_at if self.finished_at and self.started_at else None

    @property
    def percent(self) -> int:
        return min(100, 100 * self.done // self.total) if self.total else 0


class AgentResult(models.Model):
    """The output of a run that succeeded. Apart from the run, so that lists of runs never read it."""

    run = models.OneToOneField(AgentRun, primary_key=True, on_delete=models.CASCADE, related_name="result")
    output = PayloadField()
    record = PayloadField(
        null=True, help_text="What it came from: hash of the input, versions, settings, data; null: before records."
    )
    created_at = models.DateTimeField(auto_now_add=True)
