"""What people change in workflows before it is saved, and what they try of it."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from apps.common.ids import uuid7
from apps.tenants.fields import PayloadField
from apps.workflows.models.workflows import Workflow


class WorkflowEdit(models.Model):
    """What one person is changing: kept with every change, whether or not it could be saved as a draft yet."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    workflow = models.ForeignKey(
        Workflow, null=True, on_delete=models.CASCADE, related_name="edits", help_text="Null: one that is to be made."
    )
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    seq = models.PositiveIntegerField(null=True, help_text="That of the workflow as this began.")
    at = models.PositiveIntegerField(default=0, help_text="Number of the change that holds: undone ones come after it.")
    created_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["-changed_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["workflow", "user"],
                condition=models.Q(workflow__isnull=False),
                name="workflows_edit_one_a_person",
            )
        ]

    def __str__(self) -> str:
        return f"{self.workflow_id} by {self.user_id}"


class WorkflowChange(models.Model):
    """The content of an edit after one change: what undo goes back to."""

    edit = models.ForeignKey(WorkflowEdit, on_delete=models.CASCADE, related_name="changes")
    number = models.PositiveIntegerField()
    what = models.CharField(max_length=200, help_text="What changed, in a sentence.")
    # Text rather than a JSON column, which would forget the order of steps.
    content = models.TextField(help_text="A definition that need not be whole, and triggers to be made, as JSON.")
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["number"]
        constraints = [models.UniqueConstraint(fields=["edit", "number"], name="workflows_change_number")]

    def __str__(self) -> str:
        return self.what


class Trial(models.Model):
    """A definition tried with a sample, step by step, without effects outside."""

    PLAIN = ("status",)

    class Status(models.TextChoices):
        READY = "ready", "Ready"
        RUNNING = "running", "Running"
        WAITING = "waiting", "Waiting"
        SUCCEEDED = "succeeded", "Succeeded"
        FAILED = "failed", "Failed"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    edit = models.ForeignKey(WorkflowEdit, on_delete=models.CASCADE, related_name="trials")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    content = PayloadField(help_text="The definition as it was then.")
    inputs = PayloadField()
    answers = PayloadField(null=True, help_text="What stands for systems and people, by name of the step.")
    entries = PayloadField(null=True, help_text="What happened to its steps: a ledger of its own.")
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.READY)
    outputs = PayloadField(null=True)
    problem = PayloadField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"trial of {self.edit_id}"
