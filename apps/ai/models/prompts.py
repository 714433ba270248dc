"""Prompts as versioned objects, and trials of their versions."""

from __future__ import annotations

from decimal import Decimal

from django.conf import settings
from django.db import models
from django.db.models import Q

from apps.common.ids import uuid7
from apps.tenants.fields import PayloadField


class Prompt(models.Model):
    """Words that a model is given. What they are is told by its versions."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    key = models.CharField(max_length=80, unique=True)
    title = models.CharField(max_length=100)
    published = models.ForeignKey("PromptVersion", null=True, on_delete=models.PROTECT, related_name="+")
    seq = models.PositiveIntegerField(default=1)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["key"]

    def __str__(self) -> str:
        return self.title


class PromptVersion(models.Model):
    """A wording. A draft may change; what was published never does."""

    PLAIN = ("note",)

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    prompt = models.ForeignKey(Prompt, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField(null=True, help_text="From 1 in order of publication; null: the draft.")
    content = PayloadField()
    note = models.CharField(max_length=200, blank=True, help_text="What changed, in a sentence.")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    saved_at = models.DateTimeField(auto_now=True)
    published_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(fields=["prompt", "number"], name="ai_prompt_number"),
            models.UniqueConstraint(fields=["prompt"], condition=Q(number=None), name="ai_prompt_one_draft"),
        ]

    def __str__(self) -> str:
        return f"version {self.number}" if self.number else "draft"


class PromptCase(models.Model):
    """Values of a prompt's variables that a tenant keeps, to try wordings out on."""

    PLAIN = ("prompt_key", "title")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    prompt_key = models.CharField(max_length=80)
    title = models.CharField(max_length=100)
    values = PayloadField()
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["prompt_key", "title"]
        constraints = [models.UniqueConstraint(fields=["prompt_key", "title"], name="ai_prompt_case_once")]

    def __str__(self) -> str:
        return self.title


class PromptTrial(models.Model):
    """Two wordings or models, or both, asked the same and laid side by side."""

    class Status(models.TextChoices):
        QUEUED = "queued", "Queued"
        RUNNING = "running", "Running"
        ENDED = "ended", "Ended"
        FAILED = "failed", "Failed"

    OPEN = (Status.QUEUED, Status.RUNNING)
    PLAIN = ("prompt_key", "status", "marks")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    prompt_key = models.CharField(max_length=80)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.QUEUED)
    sides = PayloadField(help_text="The words and the model of each side, as they were then.")
    cases = PayloadField(help_text="What they are asked: titles and values.")
    marks = models.JSONField(default=dict, help_text="Which side a person found better, by the number of the case.")
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)
    problem = PayloadField(null=True, help_text="Why it was broken off; while it is open: that it is to be.")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["prompt_key", "-id"], name="ai_trial_by_prompt")]

    def __str__(self) -> str:
        return f"trial of {self.prompt_key}"

    @property
    def is_open(self) -> bool:
        return self.status in self.OPEN

    @property
    def percent(self) -> int:
        return 100 * self.done // self.total if self.total else 0


class PromptAnswer(models.Model):
    """What one side of a trial answered in one case."""

    PLAIN = ("currency",)

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    trial = models.ForeignKey(PromptTrial, on_delete=models.CASCADE, related_name="answers")
    position = models.PositiveSmallIntegerField(help_text="Of the case.")
    side = models.PositiveSmallIntegerField()
    answered = PayloadField(help_text="Its text, or why there is none.")
    tokens_input = models.PositiveIntegerField(default=0)
    tokens_output = models.PositiveIntegerField(default=0)
    money = models.DecimalField(max_digits=18, decimal_places=8, default=Decimal(0))
    currency = models.CharField(max_length=3, default="USD")
    ms = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["position", "side"]
        constraints = [models.UniqueConstraint(fields=["trial", "position", "side"], name="ai_trial_answer_once")]

    def __str__(self) -> str:
        return f"{self.trial_id} {self.position} {self.side}"
