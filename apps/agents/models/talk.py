"""What people asked models about runs, and what these answered."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from apps.agents.models.runs import AgentRun
from apps.common.ids import uuid7
from apps.tenants.fields import PayloadField


class AgentMessage(models.Model):
    """Something a person had a model say about the result of a run: an explanation, an answer, or a draft."""

    class Kind(models.TextChoices):
        EXPLANATION = "explanation", "Explanation"
        ANSWER = "answer", "Answer"
        DRAFT = "draft", "Draft"

    class Status(models.TextChoices):
        QUEUED = "queued", "Queued"
        RUNNING = "running", "Being written"
        SUCCEEDED = "succeeded", "Written"
        FAILED = "failed", "Failed"
        CANCELLED = "cancelled", "Stopped"

    OPEN = (Status.QUEUED, Status.RUNNING)
    PLAIN = ("kind", "status", "problem_code")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    run = models.ForeignKey(AgentRun, on_delete=models.CASCADE, related_name="messages", db_index=False)
    number = models.PositiveSmallIntegerField(help_text="Among those of its run, from 1.")
    kind = models.CharField(max_length=20, choices=Kind.choices)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.QUEUED)
    seq = models.PositiveIntegerField(default=1, help_text="Rises with every change.")
    asked = PayloadField(null=True, help_text="The question, or what the draft is for, in the person's words.")
    said = PayloadField(null=True, help_text="The text, its checked numbers, the tools that were used.")
    problem = PayloadField(null=True)
    problem_code = models.CharField(max_length=50, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True)
    cancel_requested_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["run", "number"]
        constraints = [models.UniqueConstraint(fields=["run", "number"], name="agents_message_once")]

    def __str__(self) -> str:
        return f"{self.kind} {self.number}"

    @property
    def is_open(self) -> bool:
        return self.status in self.OPEN
