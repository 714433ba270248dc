"""Runs on each row of a file."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from apps.agents.models.runs import AgentConfiguration
from apps.common.ids import uuid7
from apps.tenants.fields import PayloadField


class AgentBatch(models.Model):
    """Runs of an agent on each row of a file."""

    class Status(models.TextChoices):
        OPENING = "opening", "Starting its runs"
        RUNNING = "running", "Running"
        ENDED = "ended", "Ended"
        FAILED = "failed", "Failed"
        CANCELLED = "cancelled", "Cancelled"

    OPEN = (Status.OPENING, Status.RUNNING)
    PLAIN = ("agent_key", "agent_version", "status", "source", "origin")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    # An identity column (see the migration): people say "B-12".
    number = models.BigIntegerField(unique=True, db_default=0, editable=False)
    agent_key = models.CharField(max_length=100)
    agent_version = models.CharField(max_length=20)
    configuration = models.ForeignKey(
        AgentConfiguration, null=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.OPENING)
    source = models.CharField(max_length=255, help_text="Name of the dataset, for people.")
    input = PayloadField(help_text="The dataset, which column feeds which field, and what every row has in common.")
    total = models.PositiveIntegerField(default=0, help_text="Rows.")
    opened = models.PositiveIntegerField(default=0, help_text="Rows whose run was started, or refused.")
    refused = PayloadField(null=True, help_text="Rows whose input was refused, and why.")
    problem = PayloadField(null=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    origin = models.CharField(max_length=20)
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True)
    cancel_requested_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["agent_key", "-id"], name="agents_batch_by_agent")]

    def __str__(self) -> str:
        return self.ref

    @property
    def ref(self) -> str:
        return f"B-{self.number}"

    @property
    def is_open(self) -> bool:
        return self.status in self.OPEN
