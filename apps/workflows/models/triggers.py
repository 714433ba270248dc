"""What starts workflows by itself."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from apps.common.ids import uuid7
from apps.tenants.fields import PayloadField
from apps.workflows.models.asked import Undertaking
from apps.workflows.models.runs import WorkflowRun
from apps.workflows.models.workflows import Workflow


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


class Backfill(Undertaking):
    """Runs for the times at which a schedule would have started some, had it been there."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    trigger = models.ForeignKey(Trigger, on_delete=models.CASCADE, related_name="backfills")
    begins_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    again = models.BooleanField(
        default=False, db_default=False, help_text="Whether it takes times, too, for which a run was started before."
    )
    total = models.PositiveIntegerField(help_text="Times of the schedule between the two, for which it starts runs.")
    at = models.DateTimeField(null=True, help_text="The latest time that a run was started for.")

    def __str__(self) -> str:
        return f"{self.begins_at} to {self.ends_at}"
