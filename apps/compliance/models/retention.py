"""How long what is kept, and what went when its period was over."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db import models

from apps.common.ids import uuid7


class RetentionPeriod(models.Model):
    """The period of a kind of data, where it is not the default, and when it was last gone by."""

    PLAIN = ("kind",)

    kind = models.CharField(primary_key=True, max_length=60, help_text="Key of a `Retained`.")
    is_set = models.BooleanField(default=False, help_text="Whether somebody set it; else the default holds.")
    days = models.PositiveIntegerField(null=True, help_text="Null: it is kept.")
    holds_at = models.DateTimeField(null=True, help_text="Since when it does: a shorter one not at once.")
    was_set = models.BooleanField(default=False)
    former_days = models.PositiveIntegerField(null=True, help_text="The period until then; null: it was kept.")
    changed_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    changed_at = models.DateTimeField(null=True)
    applied_at = models.DateTimeField(null=True, help_text="When it was last gone by to the end.")

    class Meta:
        ordering = ["kind"]

    def __str__(self) -> str:
        return self.kind

    def has_come(self, now: datetime) -> bool:
        """Whether the period that was set holds already."""
        return self.holds_at is None or self.holds_at <= now


class RetentionRecord(models.Model):
    """One time that a period was gone by and something was removed. It is written as the work goes on."""

    PLAIN = ("kind",)

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    kind = models.CharField(max_length=60)
    days = models.PositiveIntegerField(help_text="The period that held.")
    before = models.DateTimeField(help_text="What was older is gone.")
    removed = models.PositiveBigIntegerField(default=0)
    ms = models.PositiveBigIntegerField(default=0, help_text="That the removing took.")
    began_at = models.DateTimeField(auto_now_add=True)
    ended_at = models.DateTimeField(null=True, help_text="Null while there is more to remove.")

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["kind"], condition=models.Q(ended_at=None), name="compliance_record_one_open"
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} before {self.before:%Y-%m-%d}"
