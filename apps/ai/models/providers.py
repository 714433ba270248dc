"""Who offers models, which they are, and which one an agent uses."""

from __future__ import annotations

from decimal import Decimal

from django.conf import settings
from django.db import models
from django.db.models import Q

from apps.common.ids import uuid7
from apps.tenants.fields import PayloadField


class AiPolicy(models.Model):
    """What holds for all models of a tenant. There is one row at most; without it the defaults hold."""

    PLAIN = ("currency",)

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    keeps_personal_data = models.BooleanField(
        default=False, help_text="A call that may still hold personal data after masking is refused."
    )
    currency = models.CharField(max_length=3, default="USD", help_text="Of prices and budgets (ISO 4217).")
    changed_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(id=1), name="ai_policy_one")]

    def __str__(self) -> str:
        return "policy of models"


class Provider(models.Model):
    """A service of models that the tenant has connected."""

    PLAIN = ("name", "kind")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(max_length=60, unique=True)
    kind = models.CharField(max_length=40, help_text="Key of its `ProviderKind`.")
    access = PayloadField(help_text="How it is reached: as the kind's settings have it, secrets included.")
    is_enabled = models.BooleanField(default=True)
    at_once = models.PositiveSmallIntegerField(default=8, help_text="Calls that may be under way at the same time.")
    checked_at = models.DateTimeField(null=True, help_text="When its connection was last tested.")
    problem = PayloadField(null=True, help_text="Why the last test failed; null: it did not.")
    offered = PayloadField(null=True, help_text="Names of the models that it offered when it was last asked.")
    seq = models.PositiveIntegerField(default=1, help_text="Rises with every change.")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class LanguageModel(models.Model):
    """A model of a provider, with what it costs and how much it takes."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    provider = models.ForeignKey(Provider, on_delete=models.CASCADE, related_name="models")
    name = models.CharField(max_length=120, help_text="As the provider calls it.")
    is_enabled = models.BooleanField(default=True)
    context = models.PositiveIntegerField(default=32_000, help_text="Tokens of a request and its answer together.")
    longest_answer = models.PositiveIntegerField(default=4_096, help_text="Tokens that an answer may have.")
    takes_tools = models.BooleanField(default=True)
    takes_schema = models.BooleanField(default=True, help_text="Whether it answers by a JSON schema when told to.")
    # In the currency of the tenant's policy, per million tokens.
    price_input = models.DecimalField(max_digits=12, decimal_places=4, default=Decimal(0))
    price_cached = models.DecimalField(
        max_digits=12,
        decimal_places=4,
        null=True,
        help_text="Of input that the provider had kept; null: as other input.",
    )
    price_output = models.DecimalField(max_digits=12, decimal_places=4, default=Decimal(0))

    class Meta:
        ordering = ["provider", "name"]
        constraints = [models.UniqueConstraint(fields=["provider", "name"], name="ai_model_once")]

    def __str__(self) -> str:
        return self.name


class ModelChoice(models.Model):
    """A model that an agent may use: the first one that answers is taken."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    agent_key = models.CharField(max_length=100, blank=True, help_text="Empty: every agent without its own choice.")
    position = models.PositiveSmallIntegerField(help_text="From 0, in the order in which they are tried.")
    model = models.ForeignKey(LanguageModel, on_delete=models.CASCADE, related_name="choices")

    class Meta:
        ordering = ["agent_key", "position"]
        constraints = [
            models.UniqueConstraint(fields=["agent_key", "position"], name="ai_choice_place"),
            models.UniqueConstraint(fields=["agent_key", "model"], name="ai_choice_once"),
        ]

    def __str__(self) -> str:
        return f"{self.agent_key or 'any agent'} {self.position}"
