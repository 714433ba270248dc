"""What steps do outside, and whether it was done."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from apps.common.ids import uuid7
from apps.tenants.fields import PayloadField
from apps.workflows.models.runs import WorkflowRun


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
