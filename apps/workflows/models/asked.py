"""What goes on for long in the name of whoever asked for it."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from apps.tenants.fields import PayloadField


class Undertaking(models.Model):
    """Work of many parts that somebody asked for. It goes on for as long as they may ask for it."""

    PLAIN = ("status",)

    class Status(models.TextChoices):
        RUNNING = "running", "Running"
        SUCCEEDED = "succeeded", "Succeeded"
        FAILED = "failed", "Failed"
        CANCELLED = "cancelled", "Cancelled"

    status = models.CharField(max_length=10, choices=Status.choices, default=Status.RUNNING)
    done = models.PositiveIntegerField(default=0)
    problem = PayloadField(null=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    asked_with = models.UUIDField(
        null=True, help_text="The key of the API that it was asked for with; null: the person asked themselves."
    )
    created_at = models.DateTimeField(auto_now_add=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        abstract = True
        ordering = ["-id"]
