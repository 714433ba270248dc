"""The work row: the only home of lease and fence (rule R1)."""

from __future__ import annotations

from django.db import models
from django.db.models import Q


class WorkRow(models.Model):
    """Something that needs attention, and when. An index, not the truth: a tenant's tables say what should be here.

    Written by the statements of `rows` only, by the database's clock.
    """

    pk = models.CompositePrimaryKey("id", "kind", "tenant")
    id = models.UUIDField()
    kind = models.CharField(max_length=60)
    tenant = models.CharField(max_length=63, help_text="Schema; `public` for work of the platform.")
    queue = models.CharField(max_length=20)
    due_at = models.DateTimeField(null=True, help_text="When it wants attention; null: when it is signalled.")
    lease_until = models.DateTimeField(null=True, help_text="Null: nobody has it in hand.")
    fence = models.BigIntegerField(db_default=0, help_text="Random; drawn anew at each claim.")
    signal = models.BigIntegerField(db_default=0, help_text="Counts what its holder must come to know.")
    deaths = models.SmallIntegerField(db_default=0, help_text="Holders that fell silent since the last progress.")
    priority = models.SmallIntegerField(db_default=0, help_text="Lower goes first.")
    trace = models.CharField(
        max_length=55, db_default="", help_text="`traceparent` of what made it, where traces are collected."
    )

    class Meta:
        db_table = "dispatch_work"
        constraints = [
            models.CheckConstraint(condition=Q(priority__gte=-1, priority__lte=1), name="dispatch_work_priority")
        ]
        indexes = [
            models.Index(
                fields=["tenant", "queue", "priority", "due_at"],
                name="dispatch_work_due",
                condition=Q(due_at__isnull=False),
            ),
            models.Index(
                fields=["tenant", "queue", "lease_until"],
                name="dispatch_work_leased",
                condition=Q(lease_until__isnull=False),
            ),
        ]


class DeadLetter(models.Model):
    """A work row that was given up, with its cause; it waits here for a person (rule R6)."""

    pk = models.CompositePrimaryKey("id", "kind", "tenant")
    id = models.UUIDField()
    kind = models.CharField(max_length=60)
    tenant = models.CharField(max_length=63)
    queue = models.CharField(max_length=20)
    priority = models.SmallIntegerField(default=0)
    cause = models.TextField(help_text="In words, without any of the tenant's data.")
    died_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "dispatch_dead_letter"
        indexes = [models.Index(fields=["-died_at"], name="dispatch_dead_recent")]
