"""A tenant and the hosts it answers at. Both stand in the public schema."""

from __future__ import annotations

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django_tenants.models import DomainMixin, TenantMixin

from apps.common.ids import uuid7
from apps.tenants.names import validate_slug


def _quota(default: int, most: int, text: str) -> models.PositiveIntegerField[int, int]:
    limits = [MinValueValidator(1), MaxValueValidator(most)]
    return models.PositiveIntegerField(default=default, validators=limits, help_text=text)


def _rate(text: str) -> models.PositiveIntegerField[int | None, int | None]:
    limits = [MinValueValidator(1), MaxValueValidator(1_000_000)]
    return models.PositiveIntegerField(null=True, blank=True, validators=limits, help_text=text)


class Tenant(TenantMixin):
    """An organisation with a schema of its own. Written by `services` only: saving a row makes or drops no schema."""

    class Status(models.TextChoices):
        CREATING = "creating", "Creating"
        READY = "ready", "Ready"
        SUSPENDED = "suspended", "Suspended"
        DELETING = "deleting", "Deleting"

    auto_create_schema = False
    auto_drop_schema = False

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    slug = models.CharField(max_length=40, unique=True, validators=[validate_slug])
    name = models.CharField(max_length=100)
    industry = models.CharField(max_length=40, blank=True, help_text="Key of its industry; empty for the operators.")
    industries = models.JSONField(
        default=list, blank=True, help_text="Keys of the enabled industry packs, in the order shown."
    )
    plan = models.CharField(max_length=20, default="standard")
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.CREATING)
    problem = models.TextField(blank=True, help_text="Why creating or deleting was given up; empty otherwise.")
    owner_email = models.EmailField(blank=True, help_text="Who is invited as the first owner.")
    is_demo = models.BooleanField(default=False)
    held_at = models.DateTimeField(
        null=True,
        editable=False,
        help_text="Since when its work waits for its owner: it was restored. Null: it goes on.",
    )
    max_running_runs = _quota(4, 100, "Runs of agents that may be worked on at the same time.")
    max_upload_mb = _quota(50, 1000, "Largest file that may be uploaded, in megabytes.")
    max_members = _quota(100, 100_000, "Active members at most.")
    max_requests = _rate("Requests to the API a minute, by everybody together. Empty: what the plan says.")
    max_caller_requests = _rate("Requests to the API a minute, by one member or key. Empty: what the plan says.")
    max_starts = _rate("Runs that may be started a minute. Empty: what the plan says.")
    cors_origins = models.JSONField(
        default=list, blank=True, help_text="Origins whose pages may call the API from a browser."
    )
    data_key_id = models.CharField(
        max_length=16,
        db_default="",
        default="",
        editable=False,
        help_text="Names the key that its data is sealed with.",
    )
    sealed_at = models.DateTimeField(
        null=True, editable=False, help_text="Since when nothing of its payloads and files is stored in plain."
    )
    signing_key = models.BinaryField(help_text="Private Ed25519 key, sealed with the data key.")
    former_signing_key = models.BinaryField(
        null=True, blank=True, help_text="The key before it: good while its tokens live."
    )
    signing_key_changed_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["slug"]

    def __str__(self) -> str:
        return self.name

    @property
    def is_ready(self) -> bool:
        return self.status == self.Status.READY

    @property
    def is_working(self) -> bool:
        """Whether workers may take up its work."""
        return self.is_ready and self.held_at is None


class Domain(DomainMixin):
    """A host of a tenant, lower case and without port."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
