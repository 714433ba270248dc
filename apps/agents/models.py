"""How agents are set up, their runs, and the results of these."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db import models

from apps.common.ids import uuid7
from apps.tenants.fields import PayloadField


class AgentConfiguration(models.Model):
    """A version of how a tenant has set an agent up. The newest holds; none is ever changed."""

    PLAIN = ("agent_key", "roles", "note")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    agent_key = models.CharField(max_length=100)
    number = models.PositiveIntegerField(help_text="From 1, in order.")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    settings = PayloadField(help_text="What differs from the agent's own settings.")
    roles = models.JSONField(null=True, help_text="Who may run it by hand or over the API; null: whoever runs agents.")
    note = models.CharField(max_length=200, blank=True, help_text="What changed, in a sentence.")

    class Meta:
        ordering = ["-number"]
        constraints = [models.UniqueConstraint(fields=["agent_key", "number"], name="agents_configuration_once")]

    def __str__(self) -> str:
        return f"{self.agent_key} {self.number}"


class AgentRun(models.Model):
    """One run of an agent on one input. Only the holder of its work row's fence writes it once it is queued."""

    class Status(models.TextChoices):
        QUEUED = "queued", "Queued"
        RUNNING = "running", "Running"
        SUCCEEDED = "succeeded", "Succeeded"
        FAILED = "failed", "Failed"
        CANCELLED = "cancelled", "Cancelled"

    OPEN = (Status.QUEUED, Status.RUNNING)
    # What lists show, search and count; everything else is sealed.
    PLAIN = (
        "agent_key",
        "agent_version",
        "status",
        "note",
        "source",
        "headline",
        "verdict",
        "problem_code",
        "origin",
        "caller_kind",
    )

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    # An identity column (see the migration): people say "R-12", never a UUID.
    number = models.BigIntegerField(unique=True, db_default=0, editable=False)
    agent_key = models.CharField(max_length=100)
    agent_version = models.CharField(max_length=20)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.QUEUED)
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)
    note = models.CharField(max_length=200, blank=True)
    seq = models.PositiveIntegerField(default=1, help_text="Rises with every change: readers of events see gaps by it.")
    configuration = models.ForeignKey(
        AgentConfiguration,
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,  # a version is never deleted, and nobody looks for its runs
        help_text="Null: the agent's own.",
    )
    input = PayloadField()
    source = models.CharField(max_length=255, blank=True, help_text="Name of the dataset, for people.")
    headline = models.CharField(max_length=300, blank=True)
    verdict = models.CharField(
        max_length=40, blank=True, default="", db_default="", help_text="Of its first decision, as it stands now."
    )
    answered_from = models.ForeignKey(
        "self",
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
        db_index=False,
        help_text="The run whose result this one was given, as its input was the same.",
    )
    worked_out_at = models.DateTimeField(null=True, help_text="When its result was, where it is another run's.")
    is_fresh = models.BooleanField(
        default=False, db_default=False, help_text="It was asked to be worked out, whatever result is at hand."
    )
    batch = models.ForeignKey(
        "agents.AgentBatch", null=True, on_delete=models.CASCADE, related_name="runs", db_index=False
    )
    batch_row = models.PositiveIntegerField(null=True, help_text="Row of the batch's file, from 1.")
    # It quotes cells of the input, so it is a payload; its code, which is asked for, is the same for all.
    problem = PayloadField(
        null=True, db_column="problem_sealed", help_text="Why the run failed: code, title, detail, remedy, issues."
    )
    problem_code = models.CharField(max_length=50, blank=True, default="", db_default="")
    attempts = models.PositiveSmallIntegerField(default=0)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    origin = models.CharField(max_length=20, help_text="Where it was started: console, api or demo.")
    caller_kind = models.CharField(max_length=60, blank=True, help_text="Kind of the work that waits for its end.")
    caller = models.UUIDField(null=True, help_text="Key of the work that waits for its end.")
    is_demo = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    cancel_requested_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-id"]  # keys are UUIDv7: newest first, and the primary key is the index of it
        indexes = [
            models.Index(fields=["agent_key", "-id"], name="agents_run_by_agent"),
            models.Index(fields=["status", "-id"], name="agents_run_by_status"),
            models.Index(fields=["created_at"], name="agents_run_by_time"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["batch", "batch_row"], name="agents_run_once_a_row", condition=models.Q(batch__isnull=False)
            )
        ]

    def __str__(self) -> str:
        return self.ref

    @property
    def ref(self) -> str:
        return f"R-{self.number}"

    @property
    def is_open(self) -> bool:
        return self.status in self.OPEN

    @property
    def duration(self) -> timedelta | None:
        """From first start to end; None while it has not ended or when it never started."""
        return self.finished_at - self.started_at if self.finished_at and self.started_at else None

    @property
    def percent(self) -> int:
        return min(100, 100 * self.done // self.total) if self.total else 0


class AgentResult(models.Model):
    """The output of a run that succeeded. Apart from the run, so that lists of runs never read it."""

    run = models.OneToOneField(AgentRun, primary_key=True, on_delete=models.CASCADE, related_name="result")
    output = PayloadField()
    record = PayloadField(
        null=True, help_text="What it came from: hash of the input, versions, settings, data; null: before records."
    )
    created_at = models.DateTimeField(auto_now_add=True)


class AgentDecision(models.Model):
    """A verdict of a run, with its reasons. Only its review is ever written afterwards."""

    class Review(models.TextChoices):
        NONE = "", "Not reviewed"
        WANTED = "wanted", "Waits for a person"
        CONFIRMED = "confirmed", "Confirmed"
        OVERRIDDEN = "overridden", "Overridden"

    # What is counted and compared over many runs; who or what was judged, and why, is sealed.
    PLAIN = ("agent_key", "agent_version", "verdict", "review", "override")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    run = models.ForeignKey(AgentRun, on_delete=models.CASCADE, related_name="decisions", db_index=False)
    position = models.PositiveSmallIntegerField(help_text="Among those of its run, from 0.")
    agent_key = models.CharField(max_length=100)
    agent_version = models.CharField(max_length=20)
    verdict = models.CharField(max_length=40, help_text="As the agent came to it.")
    score = models.FloatField(null=True)
    record = PayloadField(help_text="The whole `Decision`.")
    created_at = models.DateTimeField(auto_now_add=True)
    review = models.CharField(max_length=10, choices=Review.choices, blank=True, default="", db_default="")
    override = models.CharField(
        max_length=40, blank=True, default="", db_default="", help_text="What a person decided."
    )
    reviewed_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    reviewed_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["run", "position"]
        constraints = [models.UniqueConstraint(fields=["run", "position"], name="agents_decision_once")]
        indexes = [
            models.Index(fields=["agent_key", "created_at"], name="agents_decision_by_agent"),
            models.Index(fields=["created_at"], name="agents_decision_waiting", condition=models.Q(review="wanted")),
        ]

    def __str__(self) -> str:
        return f"{self.agent_key}: {self.verdict}"

    @property
    def stands(self) -> str:
        """The verdict that holds: a person's where there is one."""
        return self.override or self.verdict


class AgentReview(models.Model):
    """What a person holds of a decision, and why. None is ever changed: the last one stands."""

    PLAIN = ("verdict",)

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    decision = models.ForeignKey(AgentDecision, on_delete=models.CASCADE, related_name="reviews", db_index=False)
    number = models.PositiveSmallIntegerField(help_text="Among those of its decision, from 1.")
    verdict = models.CharField(max_length=40, help_text="That holds from then on; the agent's own where it is right.")
    reason = PayloadField(null=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["decision", "number"]
        constraints = [models.UniqueConstraint(fields=["decision", "number"], name="agents_review_once")]

    def __str__(self) -> str:
        return f"{self.number}: {self.verdict}"


class AgentAction(models.Model):
    """A proposed action that was carried out, or is being: once for each proposal of a decision."""

    class Status(models.TextChoices):
        DONE = "done", "Done"
        FAILED = "failed", "Failed"

    PLAIN = ("kind", "status", "link")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    decision = models.ForeignKey(AgentDecision, on_delete=models.CASCADE, related_name="actions_taken", db_index=False)
    position = models.PositiveSmallIntegerField(help_text="Among the proposals of its decision, from 0.")
    kind = models.CharField(max_length=60)
    status = models.CharField(max_length=10, choices=Status.choices)
    outcome = PayloadField(null=True, help_text="What came of it, in words; why it failed.")
    link = models.CharField(max_length=300, blank=True, help_text="Path of the page of what it made.")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["decision", "position"]
        constraints = [models.UniqueConstraint(fields=["decision", "position"], name="agents_action_once")]

    def __str__(self) -> str:
        return f"{self.kind}: {self.status}"


class AgentFeedback(models.Model):
    """Whether somebody found a run's result right. One of each person for a run: the last one holds."""

    PLAIN = ()

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    run = models.ForeignKey(AgentRun, on_delete=models.CASCADE, related_name="feedback", db_index=False)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    is_right = models.BooleanField()
    comment = PayloadField(null=True)
    at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["-at"]
        constraints = [models.UniqueConstraint(fields=["run", "by"], name="agents_feedback_once")]

    def __str__(self) -> str:
        return "right" if self.is_right else "wrong"


class AgentBatch(models.Model):
    """Runs of an agent on each row of a file."""

    class Status(models.TextChoices):
        OPENING = "opening", "Starting its runs"
        RUNNING = "running", "Running"
        ENDED = "ended", "Ended"
        FAILED = "failed", "Failed"
        CANCELLED = "cancelled", "Cancelled"

    OPEN = (Status.OPENING, Status.RUNNING)
    PLAIN = ("agent_key", "agent_version", "status", "source", "origin")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    # An identity column (see the migration): people say "B-12".
    number = models.BigIntegerField(unique=True, db_default=0, editable=False)
    agent_key = models.CharField(max_length=100)
    agent_version = models.CharField(max_length=20)
    configuration = models.ForeignKey(
        AgentConfiguration, null=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.OPENING)
    source = models.CharField(max_length=255, help_text="Name of the dataset, for people.")
    input = PayloadField(help_text="The dataset, which column feeds which field, and what every row has in common.")
    total = models.PositiveIntegerField(default=0, help_text="Rows.")
    opened = models.PositiveIntegerField(default=0, help_text="Rows whose run was started, or refused.")
    refused = PayloadField(null=True, help_text="Rows whose input was refused, and why.")
    problem = PayloadField(null=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    origin = models.CharField(max_length=20)
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True)
    cancel_requested_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["agent_key", "-id"], name="agents_batch_by_agent")]

    def __str__(self) -> str:
        return self.ref

    @property
    def ref(self) -> str:
        return f"B-{self.number}"

    @property
    def is_open(self) -> bool:
        return self.status in self.OPEN


class AgentCase(models.Model):
    """An input of a tenant's own with what an agent should make of it: a case of its evaluations."""

    PLAIN = ("agent_key", "name")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    agent_key = models.CharField(max_length=100)
    name = models.CharField(max_length=100)
    input = PayloadField()
    expected = PayloadField(help_text="Facts of the result, as of the cases that ship with the product.")
    run = models.ForeignKey(
        AgentRun, null=True, on_delete=models.SET_NULL, related_name="+", db_index=False, help_text="It came from."
    )
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["agent_key", "name"]
        constraints = [models.UniqueConstraint(fields=["agent_key", "name"], name="agents_case_once")]

    def __str__(self) -> str:
        return self.name


class AgentEvaluation(models.Model):
    """An agent's version with its settings, held against its cases."""

    class Status(models.TextChoices):
        QUEUED = "queued", "Queued"
        RUNNING = "running", "Running"
        ENDED = "ended", "Ended"
        FAILED = "failed", "Failed"

    PLAIN = ("agent_key", "agent_version", "status")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    agent_key = models.CharField(max_length=100)
    agent_version = models.CharField(max_length=20)
    configuration = models.ForeignKey(
        AgentConfiguration, null=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.QUEUED)
    total = models.PositiveIntegerField(default=0)
    done = models.PositiveIntegerField(default=0)
    passed = models.PositiveIntegerField(default=0)
    results = PayloadField(null=True, help_text="Of each case: whether it passed, each fact with what was found, time.")
    problem = PayloadField(null=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["agent_key", "-id"], name="agents_evaluation_by_agent")]

    def __str__(self) -> str:
        return f"{self.agent_key} {self.agent_version}"

    @property
    def is_open(self) -> bool:
        return self.status in (self.Status.QUEUED, self.Status.RUNNING)

    @property
    def percent(self) -> int:
        return min(100, 100 * self.done // self.total) if self.total else 0


class AgentWatch(models.Model):
    """How a tenant watches the decisions of an agent for drift. Everything in it is counts and shares."""

    PLAIN = ("agent_key", "baseline", "finding")

    agent_key = models.CharField(primary_key=True, max_length=100)
    baseline = models.JSONField(null=True, help_text="Shares of verdicts, mean score, overrides: since, until, count.")
    falls_back = models.BooleanField(default=False, help_text="While it drifts, each decision waits for a person.")
    finding = models.JSONField(null=True, help_text="What was found at the last look.")
    looked_at = models.DateTimeField(null=True)
    drifting_since = models.DateTimeField(null=True)
    changed_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")

    def __str__(self) -> str:
        return self.agent_key
