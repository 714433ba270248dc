"""The installation's own look at its log. Whoever does not trust the installation runs `verify_audit.py` elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from django.db.models import QuerySet

from apps.audit.exports import export_lines
from apps.audit.models import AuditCheckpoint, AuditEntry, AuditLeaf
from apps.audit.notes import key_text
from apps.audit.verify_audit import Key, Outside, Report, checkpoint_of, outside_of, verify_export
from apps.tenants.context import current_tenant


@dataclass(frozen=True)
class SelfCheck:
    """What the check found."""

    entries: int
    covered: int
    """Entries that a checkpoint vouches for."""
    shredded: int
    findings: list[str]
    """What is wrong, the first first, each with its place."""
    notes: list[str]


def self_check(*, last: int | None = None, folder: Path | None = None, restored: list[int] | None = None) -> SelfCheck:
    """Compute the log of the current tenant anew, all of it or its last entries, and compare it with the checkpoints.

    With the checkpoints in `folder`, else with those of the database whose signatures are right. Takes about a minute
    for a million entries. Raises `verify_audit.Unreadable` for a folder that holds none.
    """
    report = Report()
    key = Key.of(key_text(current_tenant()))
    outside = outside_of(folder, key, report) if folder else _known(key, report)
    verify_export(export_lines(entries=None if last is None else _last(last)), outside, report, restored or [])
    return SelfCheck(report.entries, report.covered, report.shredded, report.wrong, report.notes)


def _known(key: Key, report: Report) -> Outside:
    outside = Outside(key)
    for row in AuditCheckpoint.objects.order_by("epoch", "size").iterator():
        try:
            found = checkpoint_of(row.note, key)
        except ValueError as error:
            report.finding(f"The checkpoint {row} {error}.")
            continue
        outside.found[found.epoch, found.size] = found
    return outside


def _last(count: int) -> QuerySet[AuditEntry]:
    newest = AuditLeaf.objects.order_by("-epoch", "-seq").values_list("entry", flat=True)[:count]
    return AuditEntry.objects.filter(pk__in=list(newest))
