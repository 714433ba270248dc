"""What people may ask for of their data, and what keeps it from being erased."""

from __future__ import annotations

from datetime import timedelta
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db import models
from django.utils import timezone

from apps.common.ids import uuid7
from apps.common.privacy import Person
from apps.tenants.fields import PayloadField

ANSWERED_WITHIN: Final = timedelta(days=30)
"""A month, GDPR, Art. 12(3): the shortest of them, so that it holds in all."""


class PrivacyRequest(models.Model):
    """A person's request to see or to erase what is kept of them. Once a person is erased, it names nobody."""

    class Kind(models.TextChoices):
        EXPORT = "export", "Export"
        ERASE = "erase", "Erase"

    class Status(models.TextChoices):
        LOOKING = "looking", "Looking"
        FOUND = "found", "Waits for your word"
        WRITING = "writing", "Writing the file"
        ERASING = "erasing", "Erasing"
        CHECKING = "checking", "Looking again"
        DONE = "done", "Done"
        FAILED = "failed", "Failed"
        CANCELLED = "cancelled", "Cancelled"

    AT_WORK = (Status.LOOKING, Status.WRITING, Status.ERASING, Status.CHECKING)
    OPEN = (*AT_WORK, Status.FOUND)
    PLAIN = ("kind", "status", "position", "progress", "file_sha256")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    # An identity column (see the migration): people say "P-12".
    number = models.BigIntegerField(unique=True, db_default=0, editable=False)
    kind = models.CharField(max_length=10, choices=Kind.choices)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.LOOKING)
    subject = PayloadField(null=True, help_text="The member and the identifiers; null once the person is erased.")
    reason = PayloadField(null=True, help_text="Who asked and why, in words.")
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    confirmed_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    due_at = models.DateTimeField(help_text="Until when the person has to be answered.")
    confirmed_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    position = models.JSONField(default=dict, help_text="Kind of data and mark at which the work goes on.")
    progress = models.JSONField(default=dict, help_text="By kind of data: total, looked, found, places, erased, kept.")
    seq = models.PositiveIntegerField(default=1, help_text="Rises with every change.")
    cancel_requested_at = models.DateTimeField(null=True)
    problem = PayloadField(null=True)
    file_until = models.DateTimeField(null=True, help_text="How long the file of an export is there.")
    file_bytes = models.PositiveBigIntegerField(null=True)
    file_sha256 = models.CharField(max_length=64, blank=True)
    downloads = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["status", "-id"], name="compliance_request_by_status")]

    def __str__(self) -> str:
        return self.ref

    @property
    def ref(self) -> str:
        return f"P-{self.number}"

    @property
    def is_at_work(self) -> bool:
        return self.status in self.AT_WORK

    @property
    def is_open(self) -> bool:
        return self.status in self.OPEN

    @property
    def is_late(self) -> bool:
        return self.is_open and self.due_at < timezone.now()

    @property
    def has_file(self) -> bool:
        return self.file_until is not None and self.file_until > timezone.now()

    @property
    def person(self) -> Person | None:
        """Whom it is about; None once they are erased."""
        return (
            None if self.subject is None else Person(tuple(self.subject["identifiers"]), _uuid(self.subject["member"]))
        )


class PrivacyFind(models.Model):
    """A record that tells of a request's person. When the request has ended, it says no more than that it was there."""

    PLAIN = ("kind", "row")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    request = models.ForeignKey(PrivacyRequest, on_delete=models.CASCADE, related_name="finds")
    kind = models.CharField(max_length=60, help_text="Key of a `PersonalData`.")
    row = models.CharField(max_length=200)
    places = models.PositiveIntegerField(default=1)
    content = PayloadField(null=True, help_text="Title, time, page, and what it says of the person.")
    digest = PayloadField(null=True, help_text="Of what was erased, salted: who has a copy can show that it is one.")
    erased_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["request", "kind", "row"], name="compliance_find_once")]

    def __str__(self) -> str:
        return f"{self.kind} {self.row}"


class LegalHold(models.Model):
    """What must not be erased, nor go by its period, until somebody says that it may."""

    PLAIN = ("title",)

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    title = models.CharField(max_length=120, help_text="Of the matter, without a name of anybody.")
    subject = PayloadField(null=True, help_text="The member and the identifiers; null: everything is held.")
    reason = PayloadField()
    set_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    set_at = models.DateTimeField(auto_now_add=True)
    released_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    released_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["id"], condition=models.Q(released_at=None), name="compliance_hold_standing")]

    def __str__(self) -> str:
        return self.title

    @property
    def is_standing(self) -> bool:
        return self.released_at is None

    @property
    def person(self) -> Person | None:
        """Whose data is held; None: everybody's."""
        return (
            None if self.subject is None else Person(tuple(self.subject["identifiers"]), _uuid(self.subject["member"]))
        )


def _uuid(text: str | None) -> UUID | None:
    return UUID(text) if text else None
