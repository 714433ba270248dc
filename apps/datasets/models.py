"""Uploaded tables. The rows are in a Parquet file of the same id."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from apps.common.ids import uuid7
from apps.tenants.fields import PayloadField


class Dataset(models.Model):
    """One table, never changed once it is stored but for its name: a corrected file is another dataset."""

    class Format(models.TextChoices):
        CSV = "csv", "CSV"
        XLSX = "xlsx", "XLSX"
        PARQUET = "parquet", "Parquet"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(max_length=200)
    filename = models.CharField(max_length=255, help_text="Name of the file that was uploaded.")
    format = models.CharField(max_length=10, choices=Format.choices, help_text="What the file turned out to be.")
    read_as = models.CharField(max_length=400, help_text="How it was read, for people: encoding, separator, sheet.")
    size_bytes = models.BigIntegerField(help_text="Of the uploaded file.")
    sha256 = models.CharField(max_length=64, help_text="Of the uploaded file, in hexadecimal.")
    rows = models.PositiveIntegerField()
    width = models.PositiveIntegerField(help_text="How many columns it has.")
    columns = PayloadField()  # a list of {name, type, nulls, examples}
    preview = PayloadField()  # the first rows, as text, cut to the first columns
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    is_demo = models.BooleanField(default=False)

    # What lists show and search; what was in the file is sealed, here and in its own file.
    PLAIN = ("name", "filename", "format", "read_as", "sha256")
    # What lists never need: both may be large.
    HEAVY = ("columns", "preview")

    class Meta:
        ordering = ["-id"]  # keys are UUIDv7: newest first
        indexes = [
            models.Index(fields=["name", "id"], name="datasets_by_name"),
            models.Index(fields=["created_at", "id"], name="datasets_by_time"),
        ]

    def __str__(self) -> str:
        return self.name
