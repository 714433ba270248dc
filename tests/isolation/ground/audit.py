"""Entries of the audit log."""

from __future__ import annotations

from typing import Any


def entry(run: Any, marker: str, place: int) -> None:
    """An entry of the audit log of the id of a run, in its place in the tree, and a checkpoint that covers it."""
    from datetime import timedelta

    from django.utils import timezone

    from apps.audit.documents import digest_of, document_of, leaf_hash, salted
    from apps.audit.models import AuditCheckpoint, AuditEntry, AuditLeaf, AuditPayload

    facts, personal = salted({"after": {"title": f"Title {marker}"}}), salted({"actor": f"Actor {marker}"})
    about = {"kind": "tests.changed", "outcome": "done", "actor_kind": "person", "actor_id": run.created_by_id}
    entry = AuditEntry.objects.create(
        id=run.pk,
        at=timezone.now(),
        via="console",
        subject_kind="agents.run",
        subject_id=str(run.pk),
        request=f"request-{marker}",
        facts_digest=digest_of(facts),
        personal_digest=digest_of(personal),
        **about,
    )
    AuditPayload.objects.create(entry_id=run.pk, facts=facts, personal=personal)
    last = AuditLeaf.objects.order_by("seq").last()
    seq, at = (last.seq + 1 if last else 0), timezone.now() + timedelta(seconds=place)
    AuditLeaf.objects.create(epoch=1, seq=seq, entry=run.pk, hash=leaf_hash(document_of(entry)))
    AuditCheckpoint.objects.create(epoch=1, size=seq + 1, root=bytes(32), at=at, note=f"Note {marker}", published_at=at)
