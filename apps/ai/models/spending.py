"""What models may cost, and what each call of one did."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from django.conf import settings
from django.db import models
from django.db.models import Q

from apps.ai.models.providers import LanguageModel
from apps.common.ids import uuid7
from apps.tenants.fields import PayloadField


class Budget(models.Model):
    """What may be spent on models in a period: by the tenant, an agent or a person."""

    class Scope(models.TextChoices):
        TENANT = "tenant", "Everything"
        AGENT = "agent", "An agent"
        USER = "user", "A person"

    class Period(models.TextChoices):
        DAY = "day", "Day"
        MONTH = "month", "Month"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    scope = models.CharField(max_length=10, choices=Scope.choices)
    agent_key = models.CharField(
        max_length=100, blank=True, help_text="Of the scope agent; empty: each agent for itself."
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.CASCADE,
        related_name="+",
        help_text="Of the scope user; null: each person for themselves.",
    )
    period = models.CharField(max_length=10, choices=Period.choices)
    money = models.DecimalField(max_digits=18, decimal_places=6, null=True, help_text="Null: no limit in money.")
    tokens = models.BigIntegerField(null=True, help_text="Null: no limit in tokens.")
    warn_at = models.PositiveSmallIntegerField(default=80, help_text="Percent of the limit at which people are told.")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["scope", "agent_key", "period"]
        constraints = [
            models.UniqueConstraint(
                fields=["scope", "agent_key", "user", "period"], name="ai_budget_once", nulls_distinct=False
            ),
            models.CheckConstraint(
                condition=Q(money__isnull=False) | Q(tokens__isnull=False), name="ai_budget_limits_something"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.scope} by {self.period}"


class BudgetAccount(models.Model):
    """What a budget's bearer has spent and reserved in one period. It is locked while a call reserves or settles."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    budget = models.ForeignKey(Budget, on_delete=models.CASCADE, related_name="accounts")
    bearer = models.CharField(max_length=100, blank=True, help_text="Key of the agent, id of the person, or empty.")
    starts = models.DateField(help_text="First day of the period, in UTC.")
    spent_money = models.DecimalField(max_digits=18, decimal_places=8, default=Decimal(0))
    spent_tokens = models.BigIntegerField(default=0)
    reserved_money = models.DecimalField(max_digits=18, decimal_places=8, default=Decimal(0))
    reserved_tokens = models.BigIntegerField(default=0)

    class Meta:
        ordering = ["-starts"]
        constraints = [models.UniqueConstraint(fields=["budget", "bearer", "starts"], name="ai_account_once")]

    def __str__(self) -> str:
        return f"{self.bearer} from {self.starts}"


class ModelCall(models.Model):
    """One call of a model: what it was for, what it cost, and sealed what was sent and answered."""

    class Status(models.TextChoices):
        OPEN = "open", "Under way"
        SUCCEEDED = "succeeded", "Succeeded"
        FAILED = "failed", "Failed"
        UNKNOWN = "unknown", "Outcome not known"

    PLAIN = (
        "purpose",
        "agent_key",
        "subject_kind",
        "provider_name",
        "model_name",
        "prompt",
        "status",
        "problem_code",
        "currency",
        "accounts",
        "masked",
    )

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    purpose = models.CharField(max_length=40, help_text="What it was for: explain, answer, draft, fill, agent, test.")
    agent_key = models.CharField(max_length=100, blank=True)
    subject_kind = models.CharField(max_length=60, blank=True, help_text="Kind of what it was for, such as agents.run.")
    subject = models.UUIDField(null=True, help_text="Its key.")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    model = models.ForeignKey(LanguageModel, null=True, on_delete=models.SET_NULL, related_name="+", db_index=False)
    # Kept as they were called then: a ledger outlives what it tells of.
    provider_name = models.CharField(max_length=60)
    model_name = models.CharField(max_length=120)
    prompt = models.CharField(max_length=120, blank=True, help_text="Key and version of the prompt.")
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.OPEN)
    attempts = models.PositiveSmallIntegerField(default=0)
    tokens_input = models.PositiveIntegerField(default=0)
    tokens_cached = models.PositiveIntegerField(default=0, help_text="Of the input.")
    tokens_output = models.PositiveIntegerField(default=0)
    money = models.DecimalField(max_digits=18, decimal_places=8, default=Decimal(0))
    currency = models.CharField(max_length=3, default="USD")
    reserved_money = models.DecimalField(max_digits=18, decimal_places=8, default=Decimal(0))
    reserved_tokens = models.BigIntegerField(default=0)
    accounts = models.JSONField(default=list, help_text="Keys of the budget accounts that it was reserved on.")
    until = models.DateTimeField(help_text="When it has ended at the latest; then it counts as it was reserved.")
    first_word_ms = models.PositiveIntegerField(null=True)
    sent = PayloadField(null=True, help_text="The request as it left, masked.")
    answered = PayloadField(null=True, help_text="The reply as it came, masked.")
    masked = models.JSONField(default=dict, help_text="How many values of each kind were masked.")
    problem = PayloadField(null=True)
    problem_code = models.CharField(max_length=50, blank=True)
    is_demo = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["created_at"], name="ai_call_by_time"),
            models.Index(fields=["subject", "id"], name="ai_call_by_subject", condition=Q(subject__isnull=False)),
            models.Index(fields=["until"], name="ai_call_open", condition=Q(status="open")),
        ]

    def __str__(self) -> str:
        return f"{self.purpose} by {self.model_name}"

    @property
    def duration(self) -> timedelta | None:
        return self.finished_at - self.created_at if self.finished_at else None
