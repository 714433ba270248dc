"""When a platform operator may enter this tenant, and as what: by leave of an owner, and for a while only."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db import models
from django.utils import timezone

from apps.common.ids import uuid7
from apps.common.permissions import ROLES

# What a visiting operator may be. The auditor, who reads everything and changes nothing, is what is meant for most.
VISITOR_ROLES = {key: ROLES[key] for key in ("auditor", "viewer", "administrator")}
HOURS = range(1, 73)


class OperatorGrant(models.Model):
    """An operator's request to enter, and what became of it; or an owner's leave that nobody asked for."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    operator_email = models.EmailField(
        blank=True, help_text="Who may enter; empty: any operator, who then names the ticket."
    )
    ticket = models.CharField(max_length=100, blank=True, help_text="What it is about, in the operators' own books.")
    reason = models.CharField(max_length=500)
    role = models.CharField(
        max_length=20, choices=[(key, role.title) for key, role in VISITOR_ROLES.items()], default="auditor"
    )
    hours = models.PositiveSmallIntegerField(default=4)
    asked_by = models.EmailField(blank=True, help_text="The operator who asked; empty: an owner granted it unasked.")
    asked_at = models.DateTimeField(null=True)
    granted_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    granted_at = models.DateTimeField(null=True)
    ends_at = models.DateTimeField(null=True)
    closed_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    closed_at = models.DateTimeField(null=True, help_text="When it was declined or revoked.")

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(condition=models.Q(role__in=list(VISITOR_ROLES)), name="accounts_grant_of_no_owner"),
            models.CheckConstraint(
                condition=models.Q(granted_at=None, ends_at=None)
                | models.Q(granted_at__isnull=False, ends_at__gt=models.F("granted_at")),
                name="accounts_grant_ends",
            ),
        ]

    def __str__(self) -> str:
        return f"{ROLES[self.role].title} for {self.operator_email or 'any operator'}"

    @property
    def state(self) -> str:
        """`asked`, `declined`, `active`, `revoked` or `ended`."""
        if self.granted_at is None:
            return "asked" if self.closed_at is None else "declined"
        if self.closed_at is not None:
            return "revoked"
        return "active" if self.is_open(timezone.now()) else "ended"

    def is_open(self, now: datetime) -> bool:
        """Whether an operator may be inside at `now`."""
        return self.closed_at is None and self.ends_at is not None and now < self.ends_at


class OperatorVisit(models.Model):
    """An operator inside: the account that they act by, which is nobody's before and nobody's after."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    grant = models.ForeignKey(OperatorGrant, on_delete=models.CASCADE, related_name="visits")
    visitor = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="visit")
    operator_email = models.EmailField()
    operator_id = models.UUIDField(help_text="Of the operator's account, in the operators' own tenant.")
    ticket = models.CharField(max_length=100, blank=True)
    entered_at = models.DateTimeField(auto_now_add=True)
    left_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.operator_email
