"""Workflows and their versions."""

from __future__ import annotations

import json
from typing import Any

from django.conf import settings
from django.db import models

from apps.common.ids import uuid7
from apps.workflows.definition import Definition, definition_parse


class Workflow(models.Model):
    """A process that people gave a name. What it does is told by its versions."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(max_length=60, unique=True)
    title = models.CharField(max_length=100)
    published = models.ForeignKey(
        "WorkflowVersion", null=True, on_delete=models.PROTECT, related_name="+", help_text="What new runs follow."
    )
    is_paused = models.BooleanField(default=False, help_text="No trigger starts a run; what runs goes on.")
    archived_at = models.DateTimeField(null=True)
    needs_second_person = models.BooleanField(
        default=False,
        db_default=False,
        help_text="Who asks for the publication of a draft, or wrote it, is not who publishes it.",
    )
    seq = models.PositiveIntegerField(default=1, help_text="Rises with every change.")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    is_demo = models.BooleanField(default=False)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.title

    @property
    def is_at_rest(self) -> bool:
        """Whether no trigger starts a run of it."""
        return self.is_paused or self.archived_at is not None


class WorkflowVersion(models.Model):
    """What a workflow does. A draft may change; what was published never does, and runs stay on it."""

    PLAIN = ("authors",)

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    workflow = models.ForeignKey(Workflow, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField(null=True, help_text="From 1 in order of publication; null: the draft.")
    # Text rather than a JSON column, which would forget the order of steps.
    content = models.TextField(help_text="The definition, as JSON.")
    note = models.CharField(max_length=200, blank=True, help_text="What changed, in a sentence.")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    authors = models.JSONField(
        default=list,
        db_default=models.Value([], models.JSONField()),
        help_text="Who saved it while it was a draft, by key.",
    )
    saved_at = models.DateTimeField(auto_now=True)
    published_at = models.DateTimeField(null=True)
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
        help_text="Of a draft: who asked a second person to publish it.",
    )
    asked_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(fields=["workflow", "number"], name="workflows_version_number"),
            models.UniqueConstraint(
                fields=["workflow"], condition=models.Q(number=None), name="workflows_version_one_draft"
            ),
        ]

    def __str__(self) -> str:
        return f"version {self.number}" if self.number else "draft"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Whoever saves a draft is one of those who wrote it."""
        if self.number is None and self.created_by_id is not None and str(self.created_by_id) not in self.authors:
            self.authors = [*self.authors, str(self.created_by_id)]
            if kwargs.get("update_fields") is not None:
                kwargs["update_fields"] = {*kwargs["update_fields"], "authors"}
        super().save(*args, **kwargs)

    @property
    def definition(self) -> Definition:
        """What it does, read anew."""
        return definition_parse(json.loads(self.content))
