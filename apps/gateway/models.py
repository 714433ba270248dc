"""What programs call the API with, and what the API remembers of their calls."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone

from apps.common.ids import uuid7
from apps.tenants.fields import PayloadField


class ApiKey(models.Model):
    """A key that speaks for the member who made it, or for a service account, within its scopes. Only a digest of it is
    stored."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="api_keys")
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
        help_text="The member who got its text. Null: nobody knows any more.",
    )
    name = models.CharField(max_length=100)
    prefix = models.CharField(max_length=8, unique=True)
    digest = models.BinaryField(max_length=32)
    scopes = models.JSONField(default=list)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)
    replaces = models.ForeignKey(
        "self",
        null=True,
        on_delete=models.SET_NULL,
        related_name="replaced_by",
        help_text="The key that this one was made to take over from; both are good while they overlap.",
    )

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.name} (ork_{self.prefix}…)"

    @property
    def state(self) -> str:
        """`active`, `expired` or `revoked`."""
        if self.revoked_at is not None:
            return "revoked"
        return "active" if self.expires_at > timezone.now() else "expired"


class RefreshToken(models.Model):
    """A token that is traded once for a new access token and its own successor. Only a digest of it is stored.

    The tokens that follow from one sign-in are a family. One that is traded a second time was stolen, or its successor
    was: then the whole family is revoked.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    family = models.UUIDField(db_index=True, help_text="The id of the first of them.")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="refresh_tokens")
    digest = models.BinaryField(max_length=32, unique=True)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(db_index=True)
    family_expires_at = models.DateTimeField(
        help_text="When somebody has to sign in anew, however often it was traded."
    )
    password_mark = models.CharField(max_length=16, help_text="What the password was: a new one ends the token.")
    factor = models.CharField(
        max_length=20, default="", blank=True, help_text="The kind of the factor that was shown at the sign-in."
    )
    used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.family} ({self.id})"


class IdempotentAnswer(models.Model):
    """The answer to a request that named itself by an `Idempotency-Key`, written in the transaction of its effect."""

    # What a repeated request is known by, and what stands around the answer; the answer itself is sealed.
    PLAIN = ("key", "fingerprint", "headers")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=255)
    fingerprint = models.BinaryField(max_length=32, help_text="Of the method, the address and the body.")
    status = models.PositiveSmallIntegerField()
    headers = models.JSONField(default=dict)
    body = PayloadField(null=True, help_text="The text of the answer; null where it held a secret, and is not kept.")
    expires_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "key"], name="gateway_idempotency_once")]

    def __str__(self) -> str:
        return self.key
