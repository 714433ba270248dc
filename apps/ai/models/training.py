"""Models that were trained here."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from apps.common.ids import uuid7
from apps.tenants.fields import PayloadField


class TrainedModel(models.Model):
    """A version of a model that was trained on the tenant's own data. At most one of a kind is promoted."""

    class Status(models.TextChoices):
        QUEUED = "queued", "Queued"
        TRAINING = "training", "Training"
        TRAINED = "trained", "Trained"
        FAILED = "failed", "Failed"
        CANCELLED = "cancelled", "Cancelled"

    OPEN = (Status.QUEUED, Status.TRAINING)
    PLAIN = ("kind", "kind_version", "status", "source", "fingerprint", "problem_code", "note")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    kind = models.CharField(max_length=100, help_text="Key of its `Trainable`.")
    kind_version = models.CharField(max_length=20)
    number = models.PositiveIntegerField(help_text="From 1 for each kind.")
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.QUEUED)
    input = PayloadField(help_text="The data and the settings of the training.")
    source = models.CharField(max_length=255, blank=True, help_text="Name of the dataset, for people.")
    fingerprint = models.CharField(max_length=64, blank=True, help_text="SHA-256 of the data that it was trained on.")
    parameters = PayloadField(null=True, help_text="Plain numbers and names, never code.")
    metrics = PayloadField(null=True, help_text="How good it is on data that it did not see, beside what it replaces.")
    card = PayloadField(null=True)
    problem = PayloadField(null=True)
    problem_code = models.CharField(max_length=50, blank=True)
    note = models.CharField(max_length=200, blank=True)
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)
    is_promoted = models.BooleanField(default=False)
    promoted_at = models.DateTimeField(null=True, help_text="When it was last promoted.")
    promoted_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True)
    cancel_requested_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["kind", "-number"]
        constraints = [
            models.UniqueConstraint(fields=["kind", "number"], name="ai_trained_number"),
            models.UniqueConstraint(fields=["kind"], condition=Q(is_promoted=True), name="ai_trained_one_promoted"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.number}"

    @property
    def is_open(self) -> bool:
        return self.status in self.OPEN
