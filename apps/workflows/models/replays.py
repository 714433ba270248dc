"""Past runs, followed again through another definition: what would have been different."""

from __future__ import annotations

from django.db import models

from apps.common.ids import uuid7
from apps.tenants.fields import PayloadField
from apps.workflows.models.asked import Undertaking
from apps.workflows.models.runs import WorkflowRun
from apps.workflows.models.workflows import Workflow


class Replay(Undertaking):
    """A question: what would this definition have made of these runs?"""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    workflow = models.ForeignKey(Workflow, on_delete=models.CASCADE, related_name="replays")
    content = PayloadField(help_text="The definition as it was then.")
    asked = PayloadField(help_text="Which runs: how many, and of which kind.")
    total = models.PositiveIntegerField(default=0)
    summary = PayloadField(null=True, help_text="What changes in sum.")

    def __str__(self) -> str:
        return f"replay of {self.workflow_id}"


class ReplayRun(models.Model):
    """What one past run would have become."""

    PLAIN = ("verdict",)

    class Verdict(models.TextChoices):
        SAME = "same", "The same"
        CHANGED = "changed", "Changed"
        UNKNOWN = "unknown", "Cannot be told"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    replay = models.ForeignKey(Replay, on_delete=models.CASCADE, related_name="runs")
    run = models.ForeignKey(WorkflowRun, on_delete=models.CASCADE, related_name="+")
    verdict = models.CharField(max_length=10, choices=Verdict.choices)
    at = models.DateTimeField(auto_now_add=True)
    told = PayloadField(help_text="Before and after: its end, ways, approvals, cost and time.")

    class Meta:
        ordering = ["-run_id"]
        constraints = [models.UniqueConstraint(fields=["replay", "run"], name="workflows_replay_run_once")]
        indexes = [models.Index(fields=["replay", "verdict", "-run"], name="workflows_replay_run_verdict")]

    def __str__(self) -> str:
        return f"{self.verdict} {self.run_id}"
