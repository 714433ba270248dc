"""The log of a tenant. Triggers refuse what would alter it; the Merkle tree shows what got past them."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from apps.audit.actors import ActorKind
from apps.common.ids import uuid7
from apps.tenants.fields import PayloadField


class AuditEntry(models.Model):
    """One thing that was done, or that somebody tried. It names nobody: who it was stands in the payload."""

    class Outcome(models.TextChoices):
        DONE = "done", "Done"
        REFUSED = "refused", "Refused"
        FAILED = "failed", "Failed"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    at = models.DateTimeField()
    kind = models.CharField(max_length=60)
    """Key of one of `ENTRY_KINDS`; of one that is no longer there, too."""
    outcome = models.CharField(max_length=8, choices=Outcome)
    actor_kind: models.CharField[ActorKind, ActorKind] = models.CharField(max_length=10)
    actor_id = models.UUIDField(null=True)
    """Of the account that acted, or that was acted for."""
    via = models.CharField(max_length=80)
    subject_kind = models.CharField(max_length=60)
    subject_id = models.CharField(max_length=100)
    request = models.CharField(max_length=64)
    facts_digest = models.BinaryField()
    """Of `AuditPayload.facts`, salted: see `documents.digest_of`."""
    personal_digest = models.BinaryField()

    class Meta:
        db_table = "audit_entry"
        ordering = ["-id"]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["kind", "-id"], name="audit_entry_by_kind"),
            models.Index(fields=["actor_id", "-id"], name="audit_entry_by_actor"),
            models.Index(fields=["subject_kind", "subject_id", "-id"], name="audit_entry_by_subject"),
            models.Index(fields=["-at"], name="audit_entry_by_time"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"


class AuditPayload(models.Model):
    """What an entry says: facts, and apart from them what is about people. A part that was shredded is null."""

    entry = models.OneToOneField(
        AuditEntry, primary_key=True, on_delete=models.DO_NOTHING, related_name="payload", db_constraint=False
    )
    facts = PayloadField(null=True)
    """``{salt, content: {before, after, ...}}``"""
    personal = PayloadField(null=True)
    """``{salt, content: {actor, email, address, agent, subject, before, after, ...}}``"""
    shredded_at = models.DateTimeField(null=True)
    shredded_for = models.CharField(max_length=100, blank=True, default="")
    """Why: the retention period, or the number of the request to erase a person."""

    PLAIN = ("shredded_for",)

    class Meta:
        db_table = "audit_payload"

    def __str__(self) -> str:
        return str(self.pk)


class AuditPending(models.Model):
    """An entry that is not in the tree yet. The only rows here that are deleted: by the sequencer."""

    entry = models.UUIDField(primary_key=True)

    class Meta:
        db_table = "audit_pending"

    def __str__(self) -> str:
        return str(self.pk)


class AuditLeaf(models.Model):
    """The place of an entry in the tree, given by the sequencer: ids are no order, as transactions end out of it."""

    pk = models.CompositePrimaryKey("epoch", "seq")
    epoch = models.PositiveIntegerField()
    """Counts from 1; a restored tenant begins another one."""
    seq = models.PositiveBigIntegerField()
    """From 0, without a gap."""
    entry = models.UUIDField()
    hash = models.BinaryField()

    class Meta:
        db_table = "audit_leaf"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["entry", "epoch"], name="audit_leaf_once")
        ]

    def __str__(self) -> str:
        return f"{self.epoch}/{self.seq}"


class AuditNode(models.Model):
    """The root of a full subtree of 2^level leaves, kept for every eighth level: proofs need no look at all leaves."""

    pk = models.CompositePrimaryKey("epoch", "level", "index")
    epoch = models.PositiveIntegerField()
    level = models.PositiveSmallIntegerField()
    index = models.PositiveBigIntegerField()
    hash = models.BinaryField()

    class Meta:
        db_table = "audit_node"

    def __str__(self) -> str:
        return f"{self.epoch}/{self.level}/{self.index}"


class AuditCheckpoint(models.Model):
    """A signed statement: the tree of this size had this root at that time."""

    pk = models.CompositePrimaryKey("epoch", "size")
    epoch = models.PositiveIntegerField()
    size = models.PositiveBigIntegerField()
    root = models.BinaryField()
    at = models.DateTimeField()
    note = models.TextField()
    """The signed text, as it is published."""
    published_at = models.DateTimeField(null=True)
    """When it was stored outside the database; null while that has not succeeded."""

    class Meta:
        db_table = "audit_checkpoint"

    def __str__(self) -> str:
        return f"{self.epoch}/{self.size}"


class AuditPlace(models.Model):
    """How it stands with the place outside the database, as the sequencer saw it last. One row."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    place = models.TextField()
    seen_at = models.DateTimeField()
    problem = models.TextField(blank=True, default="")
    """Why nothing is put into the tree now, for people; empty where all is well."""
    since = models.DateTimeField(null=True)
    """Since when there is a problem."""
    ahead = models.TextField(blank=True, default="")
    """The newest checkpoint outside, where this database does not have it: it was restored, or cut off."""

    class Meta:
        db_table = "audit_place"

    def __str__(self) -> str:
        return self.place
