"""Questions to people, who may answer them, and what they answered."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from apps.common.ids import uuid7
from apps.tenants.fields import PayloadField
from apps.workflows.models.runs import WorkflowRun


class Approval(models.Model):
    """A question to a person, asked by a step of a run."""

    PLAIN = ("step", "roles", "risk", "escalates_to")

    class Risk(models.TextChoices):
        LOW = "low", "Low"
        NORMAL = "normal", "Normal"
        HIGH = "high", "High"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    run = models.ForeignKey(WorkflowRun, on_delete=models.CASCADE, related_name="approvals")
    step = models.CharField(max_length=40, help_text="Name of the step that asks.")
    item = models.IntegerField(
        default=-1, db_default=-1, help_text="Of a for-each: the item it is about; -1: the step as a whole."
    )
    question = PayloadField()
    details = PayloadField(null=True)
    form = PayloadField(null=True, help_text="What whoever answers fills in: fields by name, as inputs of a workflow.")
    roles = models.JSONField(help_text="Who may answer, by role.")
    people = models.ManyToManyField(
        settings.AUTH_USER_MODEL, through="ApprovalAssignee", related_name="+", help_text="Who may answer, by name."
    )
    quorum = models.PositiveSmallIntegerField(
        default=1, db_default=1, help_text="How many have to say yes; one no is a no."
    )
    forbids_own = models.BooleanField(
        default=False,
        db_default=False,
        help_text="Whether those may not answer who started the run or published what it follows.",
    )
    risk = models.CharField(max_length=10, choices=Risk.choices, default=Risk.NORMAL, db_default=Risk.NORMAL)
    remind_at = models.DateTimeField(null=True, help_text="When those are reminded who have not answered.")
    escalate_at = models.DateTimeField(null=True, help_text="When others may answer too.")
    escalates_to = models.JSONField(
        default=list, db_default=models.Value([], models.JSONField()), help_text="Those others, by role."
    )
    escalated_at = models.DateTimeField(null=True)
    asked_at = models.DateTimeField(auto_now_add=True)
    due_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True)
    approved = models.BooleanField(null=True)
    comment = PayloadField(null=True)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    withdrawn_at = models.DateTimeField(null=True, help_text="When nobody waited for an answer any more.")
    problem = PayloadField(null=True, help_text="Why nobody could decide it any more, where that is so.")

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(
                fields=["due_at"],
                condition=models.Q(decided_at=None, withdrawn_at=None),
                name="workflows_approval_open",
            )
        ]

    def __str__(self) -> str:
        return f"{self.step} of {self.run_id}"

    @property
    def is_open(self) -> bool:
        return self.decided_at is None and self.withdrawn_at is None

    @property
    def is_short(self) -> bool:
        """Whether it came to others at once, or before its time, as those whom it asks could not come to a yes."""
        if self.escalate_at is None:
            return False
        return self.escalate_at <= self.asked_at or (
            self.escalated_at is not None and self.escalated_at < self.escalate_at
        )


class ApprovalAssignee(models.Model):
    """A member who is asked by name."""

    approval = models.ForeignKey(Approval, on_delete=models.CASCADE, related_name="assignees")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["approval", "user"], name="workflows_assignee_once")]

    def __str__(self) -> str:
        return f"{self.user_id} for {self.approval_id}"


class ApprovalDecision(models.Model):
    """What one person answered. As many as the quorum takes make the answer of the approval."""

    PLAIN = ("via",)

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    approval = models.ForeignKey(Approval, on_delete=models.CASCADE, related_name="decisions")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+", help_text="Who answered."
    )
    holder = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
        help_text="Whose right it was: the person, or who delegated it to them.",
    )
    approved = models.BooleanField()
    comment = PayloadField(null=True)
    answers = PayloadField(null=True, help_text="What was filled in, by field.")
    via = models.CharField(max_length=10, help_text="How it came: console, api, link, bulk.")
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["approval", "holder"], name="workflows_decision_once")]

    def __str__(self) -> str:
        return f"{self.user_id} on {self.approval_id}"


class Delegation(models.Model):
    """For a time, somebody else may answer what a member is asked."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    giver = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    taker = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    reason = models.CharField(max_length=200, blank=True)
    begins_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    created_at = models.DateTimeField(auto_now_add=True)
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.giver_id} to {self.taker_id}"


class ApprovalMails(models.Model):
    """Whether a member wants mails about questions. Who never said wants them."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, primary_key=True, on_delete=models.CASCADE, related_name="approval_mails"
    )
    are_wanted = models.BooleanField()
    changed_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return f"{self.user_id}: {'mails' if self.are_wanted else 'no mails'}"


class ApprovalNotice(models.Model):
    """A mail to somebody who is asked: that they are, that it is late, or that it came to them."""

    PLAIN = ("reason",)

    class Reason(models.TextChoices):
        ASKED = "asked", "Asked"
        REMINDED = "reminded", "Reminded"
        ESCALATED = "escalated", "Escalated"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    approval = models.ForeignKey(Approval, on_delete=models.CASCADE, related_name="notices")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    reason = models.CharField(max_length=10, choices=Reason.choices)
    created_at = models.DateTimeField(auto_now_add=True)
    sent_at = models.DateTimeField(null=True)
    tries = models.PositiveSmallIntegerField(default=0)
    problem = PayloadField(null=True, help_text="Why it could not be sent the last time.")

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["approval", "user", "reason"], name="workflows_notice_once")]

    def __str__(self) -> str:
        return f"{self.reason} {self.user_id}"
