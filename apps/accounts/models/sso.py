"""Identity providers of one tenant, and what is kept of sign-ins by them."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from apps.audit.actors import Actor
from apps.common.ids import uuid7
from apps.tenants.fields import PayloadField


class SsoConnection(models.Model):
    """A provider that people of this tenant sign in with. Of how it is reached nothing is plain in the database."""

    class Kind(models.TextChoices):
        OIDC = "oidc", "OpenID Connect"
        SAML = "saml", "SAML 2.0"

    PLAIN = ("kind", "name")
    MOST = 20
    """Of a tenant: the sign-in page shows a button for each."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    kind = models.CharField(max_length=10, choices=Kind.choices)
    name = models.CharField(max_length=60, unique=True, help_text="On the button of the sign-in page.")
    is_enabled = models.BooleanField(default=False)
    access = PayloadField(help_text="How the provider is reached, with its secret.")
    rules = PayloadField(help_text="Whom it lets in, and with which role.")
    keys = PayloadField(null=True, help_text="Our own pair for SAML: what we sign with, and what is encrypted for us.")
    tested_at = models.DateTimeField(null=True)
    findings = PayloadField(null=True, help_text="What the newest test found.")
    seq = models.PositiveIntegerField(default=1)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def as_actor(self) -> Actor:
        """The connection, where it is what acts: it makes members and sets their roles."""
        return Actor("system", self.pk, f"Single sign-on: {self.name}", via="sso")


class SsoDomain(models.Model):
    """A domain of mail whose addresses a connection may speak for, once it is shown to be the tenant's."""

    class Method(models.TextChoices):
        DNS = "dns", "a TXT record"
        FILE = "file", "a file"

    PLAIN = ("name", "token", "method")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    connection = models.ForeignKey(SsoConnection, on_delete=models.CASCADE, related_name="domains")
    name = models.CharField(max_length=253, unique=True, help_text="In small letters, as DNS writes it.")
    token = models.CharField(max_length=64, help_text="What has to be published; no secret.")
    method = models.CharField(max_length=10, choices=Method.choices, blank=True)
    verified_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class SsoPolicy(models.Model):
    """Whether members sign in by a provider alone. One row at most."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    is_only = models.BooleanField(default=False)
    break_glass = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="The owner who may still sign in with password and second factor.",
    )
    seq = models.PositiveIntegerField(default=1)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(id=1), name="accounts_one_sso_policy"),
            models.CheckConstraint(
                condition=models.Q(is_only=False) | models.Q(break_glass__isnull=False),
                name="accounts_sso_only_keeps_a_way_in",
            ),
        ]

    def __str__(self) -> str:
        return "Single sign-on"


class SsoSession(models.Model):
    """A session that a connection opened, so that the provider can close it, and we the provider's."""

    PLAIN = ("session_key", "sid")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    connection = models.ForeignKey(SsoConnection, on_delete=models.CASCADE, related_name="sessions")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    session_key = models.CharField(max_length=40, blank=True, help_text="Once somebody is signed in.")
    sid = models.CharField(max_length=64, blank=True, db_index=True, help_text="Digest of the provider's name for it.")
    hint = PayloadField(null=True, help_text="What the provider wants to be told when its session is to end.")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["session_key"], condition=~models.Q(session_key=""), name="accounts_sso_session_once"
            )
        ]

    def __str__(self) -> str:
        return str(self.pk)


class SsoSeen(models.Model):
    """An assertion or token that was used, until it would have expired: it is accepted once. Kept in the database, so
    that this holds without Redis."""

    PLAIN = ("digest",)

    digest = models.CharField(max_length=64, primary_key=True)
    expires_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return self.digest
