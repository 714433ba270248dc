"""Agents that a tenant made by a form."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from apps.common.ids import uuid7
from apps.tenants.fields import PayloadField


class CustomAgent(models.Model):
    """An agent of the tenant's own. What it does is told by its versions."""

    PLAIN = ("key", "title", "summary", "icon")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    key = models.CharField(max_length=100, unique=True, help_text="As runs and workflows name it: custom.<name>.")
    title = models.CharField(max_length=80)
    summary = models.CharField(max_length=200, blank=True)
    icon = models.CharField(max_length=40, default="robot")
    published = models.ForeignKey(
        "CustomAgentVersion", null=True, on_delete=models.PROTECT, related_name="+", help_text="What new runs follow."
    )
    archived_at = models.DateTimeField(null=True)
    seq = models.PositiveIntegerField(default=1, help_text="Rises with every change.")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    is_demo = models.BooleanField(default=False)

    class Meta:
        ordering = ["title"]

    def __str__(self) -> str:
        return self.title


class CustomAgentVersion(models.Model):
    """What a custom agent does. A draft may change; what was published never does, and runs stay on it."""

    PLAIN = ("note",)

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    agent = models.ForeignKey(CustomAgent, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField(null=True, help_text="From 1 in order of publication; null: the draft.")
    content = PayloadField(help_text="Prompt, shapes of input and output, tools, limits, guardrails.")
    note = models.CharField(max_length=200, blank=True, help_text="What changed, in a sentence.")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    saved_at = models.DateTimeField(auto_now=True)
    published_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(fields=["agent", "number"], name="agents_custom_number"),
            models.UniqueConstraint(fields=["agent"], condition=Q(number=None), name="agents_custom_one_draft"),
        ]

    def __str__(self) -> str:
        return f"version {self.number}" if self.number else "draft"
