"""What runs decided, what people made of it, and what came of it."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from apps.agents.models.runs import AgentRun
from apps.common.ids import uuid7
from apps.tenants.fields import PayloadField


class AgentDecision(models.Model):
    """A verdict of a run, with its reasons. Only its review is ever written afterwards."""

    class Review(models.TextChoices):
        NONE = "", "Not reviewed"
        WANTED = "wanted", "Waits for a person"
        CONFIRMED = "confirmed", "Confirmed"
        OVERRIDDEN = "overridden", "Overridden"

    # What is counted and compared over many runs; who or what was judged, and why, is sealed.
    PLAIN = ("agent_key", "agent_version", "verdict", "review", "override")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    run = models.ForeignKey(AgentRun, on_delete=models.CASCADE, related_name="decisions", db_index=False)
    position = models.PositiveSmallIntegerField(help_text="Among those of its run, from 0.")
    agent_key = models.CharField(max_length=100)
    agent_version = models.CharField(max_length=20)
    verdict = models.CharField(max_length=40, help_text="As the agent came to it.")
    score = models.FloatField(null=True)
    record = PayloadField(help_text="The whole `Decision`.")
    created_at = models.DateTimeField(auto_now_add=True)
    review = models.CharField(max_length=10, choices=Review.choices, blank=True, default="", db_default="")
    override = models.CharField(
        max_length=40, blank=True, default="", db_default="", help_text="What a person decided."
    )
    reviewed_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    reviewed_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["run", "position"]
        constraints = [models.UniqueConstraint(fields=["run", "position"], name="agents_decision_once")]
        indexes = [
            models.Index(fields=["agent_key", "created_at"], name="agents_decision_by_agent"),
            models.Index(fields=["created_at"], name="agents_decision_waiting", condition=models.Q(review="wanted")),
        ]

    def __str__(self) -> str:
        return f"{self.agent_key}: {self.verdict}"

    @property
    def stands(self) -> str:
        """The verdict that holds: a person's where there is one."""
        return self.override or self.verdict


class AgentReview(models.Model):
    """What a person holds of a decision, and why. None is ever changed: the last one stands."""

    PLAIN = ("verdict",)

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    decision = models.ForeignKey(AgentDecision, on_delete=models.CASCADE, related_name="reviews", db_index=False)
    number = models.PositiveSmallIntegerField(help_text="Among those of its decision, from 1.")
    verdict = models.CharField(max_length=40, help_text="That holds from then on; the agent's own where it is right.")
    reason = PayloadField(null=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["decision", "number"]
        constraints = [models.UniqueConstraint(fields=["decision", "number"], name="agents_review_once")]

    def __str__(self) -> str:
        return f"{self.number}: {self.verdict}"


class AgentAction(models.Model):
    """A proposed action that was carried out, or is being: once for each proposal of a decision."""

    class Status(models.TextChoices):
        DONE = "done", "Done"
        FAILED = "failed", "Failed"

    PLAIN = ("kind", "status", "link")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    decision = models.ForeignKey(AgentDecision, on_delete=models.CASCADE, related_name="actions_taken", db_index=False)
    position = models.PositiveSmallIntegerField(help_text="Among the proposals of its decision, from 0.")
    kind = models.CharField(max_length=60)
    status = models.CharField(max_length=10, choices=Status.choices)
    outcome = PayloadField(null=True, help_text="What came of it, in words; why it failed.")
    link = models.CharField(max_length=300, blank=True, help_text="Path of the page of what it made.")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["decision", "position"]
        constraints = [models.UniqueConstraint(fields=["decision", "position"], name="agents_action_once")]

    def __str__(self) -> str:
        return f"{self.kind}: {self.status}"


class AgentFeedback(models.Model):
    """Whether somebody found a run's result right. One of each person for a run: the last one holds."""

    PLAIN = ()

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    run = models.ForeignKey(AgentRun, on_delete=models.CASCADE, related_name="feedback", db_index=False)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    is_right = models.BooleanField()
    comment = PayloadField(null=True)
    at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["-at"]
        constraints = [models.UniqueConstraint(fields=["run", "by"], name="agents_feedback_once")]

    def __str__(self) -> str:
        return "right" if self.is_right else "wrong"
