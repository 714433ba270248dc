"""Providers and their models, budgets, the ledger of calls, prompts, MCP servers, and models trained here."""

from __future__ import annotations

from datetime import timedelta
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
    created_by = models.ForeignKey(  # type: ignore[attr-defined]  # its own `models` hide the module from mypy
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
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


class Prompt(models.Model):
    """Words that a model is given. What they are is told by its versions."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    key = models.CharField(max_length=80, unique=True)
    title = models.CharField(max_length=100)
    published = models.ForeignKey("PromptVersion", null=True, on_delete=models.PROTECT, related_name="+")
    seq = models.PositiveIntegerField(default=1)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["key"]

    def __str__(self) -> str:
        return self.title


class PromptVersion(models.Model):
    """A wording. A draft may change; what was published never does."""

    PLAIN = ("note",)

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    prompt = models.ForeignKey(Prompt, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField(null=True, help_text="From 1 in order of publication; null: the draft.")
    content = PayloadField()
    note = models.CharField(max_length=200, blank=True, help_text="What changed, in a sentence.")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    saved_at = models.DateTimeField(auto_now=True)
    published_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(fields=["prompt", "number"], name="ai_prompt_number"),
            models.UniqueConstraint(fields=["prompt"], condition=Q(number=None), name="ai_prompt_one_draft"),
        ]

    def __str__(self) -> str:
        return f"version {self.number}" if self.number else "draft"


class PromptCase(models.Model):
    """Values of a prompt's variables that a tenant keeps, to try wordings out on."""

    PLAIN = ("prompt_key", "title")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    prompt_key = models.CharField(max_length=80)
    title = models.CharField(max_length=100)
    values = PayloadField()
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["prompt_key", "title"]
        constraints = [models.UniqueConstraint(fields=["prompt_key", "title"], name="ai_prompt_case_once")]

    def __str__(self) -> str:
        return self.title


class PromptTrial(models.Model):
    """Two wordings or models, or both, asked the same and laid side by side."""

    class Status(models.TextChoices):
        QUEUED = "queued", "Queued"
        RUNNING = "running", "Running"
        ENDED = "ended", "Ended"
        FAILED = "failed", "Failed"

    OPEN = (Status.QUEUED, Status.RUNNING)
    PLAIN = ("prompt_key", "status", "marks")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    prompt_key = models.CharField(max_length=80)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.QUEUED)
    sides = PayloadField(help_text="The words and the model of each side, as they were then.")
    cases = PayloadField(help_text="What they are asked: titles and values.")
    marks = models.JSONField(default=dict, help_text="Which side a person found better, by the number of the case.")
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)
    problem = PayloadField(null=True, help_text="Why it was broken off; while it is open: that it is to be.")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["prompt_key", "-id"], name="ai_trial_by_prompt")]

    def __str__(self) -> str:
        return f"trial of {self.prompt_key}"

    @property
    def is_open(self) -> bool:
        return self.status in self.OPEN

    @property
    def percent(self) -> int:
        return 100 * self.done // self.total if self.total else 0


class PromptAnswer(models.Model):
    """What one side of a trial answered in one case."""

    PLAIN = ("currency",)

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    trial = models.ForeignKey(PromptTrial, on_delete=models.CASCADE, related_name="answers")
    position = models.PositiveSmallIntegerField(help_text="Of the case.")
    side = models.PositiveSmallIntegerField()
    answered = PayloadField(help_text="Its text, or why there is none.")
    tokens_input = models.PositiveIntegerField(default=0)
    tokens_output = models.PositiveIntegerField(default=0)
    money = models.DecimalField(max_digits=18, decimal_places=8, default=Decimal(0))
    currency = models.CharField(max_length=3, default="USD")
    ms = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["position", "side"]
        constraints = [models.UniqueConstraint(fields=["trial", "position", "side"], name="ai_trial_answer_once")]

    def __str__(self) -> str:
        return f"{self.trial_id} {self.position} {self.side}"


class McpServer(models.Model):
    """A server of the Model Context Protocol, whose tools custom agents may read with."""

    PLAIN = ("name",)

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(max_length=40, unique=True, help_text="Begins the names of its tools.")
    access = PayloadField(help_text="How it is reached: address and credentials.")
    tools = PayloadField(null=True, help_text="What it offered when it was last asked, and which of it may be used.")
    is_enabled = models.BooleanField(default=True)
    checked_at = models.DateTimeField(null=True)
    problem = PayloadField(null=True)
    seq = models.PositiveIntegerField(default=1)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class TrainedModel(models.Model):
    """A version of a model that was trained on the tenant's own data. At most one of a kind is promoted."""

    class Status(models.TextChoices):
        QUEUED = "queued", "Queued"
        TRAINING = "training", "Training"
        TRAINED = "trained", "Trained"
        FAILED = "failed", "Failed"
        CANCELLED = "cancelled", "Cancelled"

    OPEN = (Status.QUEUED, Status.TRAINING)
    PLAIN = ("kind", "kind_version", "status", "source", "fingerprint", "problem_code", "note")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    kind = models.CharField(max_length=100, help_text="Key of its `Trainable`.")
    kind_version = models.CharField(max_length=20)
    number = models.PositiveIntegerField(help_text="From 1 for each kind.")
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.QUEUED)
    input = PayloadField(help_text="The data and the settings of the training.")
    source = models.CharField(max_length=255, blank=True, help_text="Name of the dataset, for people.")
    fingerprint = models.CharField(max_length=64, blank=True, help_text="SHA-256 of the data that it was trained on.")
    parameters = PayloadField(null=True, help_text="Plain numbers and names, never code.")
    metrics = PayloadField(null=True, help_text="How good it is on data that it did not see, beside what it replaces.")
    card = PayloadField(null=True)
    problem = PayloadField(null=True)
    problem_code = models.CharField(max_length=50, blank=True)
    note = models.CharField(max_length=200, blank=True)
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)
    is_promoted = models.BooleanField(default=False)
    promoted_at = models.DateTimeField(null=True, help_text="When it was last promoted.")
    promoted_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True)
    cancel_requested_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["kind", "-number"]
        constraints = [
            models.UniqueConstraint(fields=["kind", "number"], name="ai_trained_number"),
            models.UniqueConstraint(fields=["kind"], condition=Q(is_promoted=True), name="ai_trained_one_promoted"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.number}"

    @property
    def is_open(self) -> bool:
        return self.status in self.OPEN
