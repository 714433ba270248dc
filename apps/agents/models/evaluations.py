"""What agents are held against: cases, their evaluations, and the watch over what they decide."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from apps.agents.models.runs import AgentConfiguration, AgentRun
from apps.common.ids import uuid7
from apps.tenants.fields import PayloadField


class AgentCase(models.Model):
    """An input of a tenant's own with what an agent should make of it: a case of its evaluations."""

    PLAIN = ("agent_key", "name")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    agent_key = models.CharField(max_length=100)
    name = models.CharField(max_length=100)
    input = PayloadField()
    expected = PayloadField(help_text="Facts of the result, as of the cases that ship with the product.")
    run = models.ForeignKey(
        AgentRun, null=True, on_delete=models.SET_NULL, related_name="+", db_index=False, help_text="It came from."
    )
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["agent_key", "name"]
        constraints = [models.UniqueConstraint(fields=["agent_key", "name"], name="agents_case_once")]

    def __str__(self) -> str:
        return self.name


class AgentEvaluation(models.Model):
    """An agent's version with its settings, held against its cases."""

    class Status(models.TextChoices):
        QUEUED = "queued", "Queued"
        RUNNING = "running", "Running"
        ENDED = "ended", "Ended"
        FAILED = "failed", "Failed"

    PLAIN = ("agent_key", "agent_version", "status")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    agent_key = models.CharField(max_length=100)
    agent_version = models.CharField(max_length=20)
    configuration = models.ForeignKey(
        AgentConfiguration, null=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.QUEUED)
    total = models.PositiveIntegerField(default=0)
    done = models.PositiveIntegerField(default=0)
    passed = models.PositiveIntegerField(default=0)
    results = PayloadField(null=True, help_text="Of each case: whether it passed, each fact with what was found, time.")
    problem = PayloadField(null=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["agent_key", "-id"], name="agents_evaluation_by_agent")]

    def __str__(self) -> str:
        return f"{self.agent_key} {self.agent_version}"

    @property
    def is_open(self) -> bool:
        return self.status in (self.Status.QUEUED, self.Status.RUNNING)

    @property
    def percent(self) -> int:
        return min(100, 100 * self.done // self.total) if self.total else 0


class AgentWatch(models.Model):
    """How a tenant watches the decisions of an agent for drift. Everything in it is counts and shares."""

    PLAIN = ("agent_key", "baseline", "finding")

    agent_key = models.CharField(primary_key=True, max_length=100)
    baseline = models.JSONField(null=True, help_text="Shares of verdicts, mean score, overrides: since, until, count.")
    falls_back = models.BooleanField(default=False, help_text="While it drifts, each decision waits for a person.")
    finding = models.JSONField(null=True, help_text="What was found at the last look.")
    looked_at = models.DateTimeField(null=True)
    drifting_since = models.DateTimeField(null=True)
    changed_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")

    def __str__(self) -> str:
        return self.agent_key


class DriftMails(models.Model):
    """A member wants mails when an agent begins to drift, and when that is over. Who never said so gets none."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, primary_key=True, on_delete=models.CASCADE, related_name="drift_mails"
    )
    since = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return str(self.user_id)


class DriftNotice(models.Model):
    """What a member is still to be told of the drift of an agent. It goes with the mail that tells it."""

    class What(models.TextChoices):
        BEGAN = "began", "It began"
        ENDED = "ended", "It ended"
        REBASED = "rebased", "Another baseline"
        UNWATCHED = "unwatched", "Watched no longer"

    PLAIN = ("agent_key", "what")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    agent_key = models.CharField(max_length=100)
    what = models.CharField(max_length=10, choices=What.choices)
    since = models.DateTimeField(help_text="When the drift began.")
    created_at = models.DateTimeField(auto_now_add=True)
    tries = models.PositiveSmallIntegerField(default=0)
    sending_at = models.DateTimeField(null=True, help_text="When a mail about it was begun that nobody has ended.")

    def __str__(self) -> str:
        return f"{self.agent_key} {self.what}"
