"""Epochs: after a restore the log says where it goes on, and nobody can take that for something else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from apps.audit import epochs, notes, selectors, verify_audit
from apps.audit.epochs import CheckpointsUnavailable, epoch_begin
from apps.audit.exports import export_lines
from apps.audit.models import AuditCheckpoint, AuditEntry, AuditLeaf, AuditPayload, AuditPending, AuditPlace
from apps.audit.verify_audit import Report
from apps.common.permissions import Platform
from apps.tenants import services
from apps.tenants.models import Tenant
from tests.audit.conftest import past_the_guards, recorded

Sequence = Callable[[], int]


@pytest.fixture
def restored(sequence: Sequence, outside: Path) -> list[Path]:
    """A log that was covered as far as 8 entries, and whose database knows 5 of them. Returns the files outside."""
    recorded(5)
    sequence()
    recorded(3)
    sequence()
    with past_the_guards() as cursor:
        cursor.execute("delete from audit_payload where entry_id in (select entry from audit_leaf where seq >= 5)")
        cursor.execute("delete from audit_entry where id in (select entry from audit_leaf where seq >= 5)")
        cursor.execute("delete from audit_leaf where seq >= 5")
        cursor.execute("delete from audit_checkpoint where size > 5")
    # They are of an earlier minute than what comes now.
    return sorted(outside.rglob("*.checkpoint"))


def verified(outside: Path, *epochs_known: int) -> Report:
    report = Report()
    checkpoints = verify_audit.outside_of(outside, None, report)
    lines = list(export_lines())
    later = lines[0].replace('"made_at":"20', '"made_at":"21')  # long after the checkpoints
    verify_audit.verify_export([later, *lines[1:]], checkpoints, report, epochs_known)
    return report


def test_a_new_epoch_begins_with_an_entry_that_names_what_is_outside(
    restored: list[Path], sequence: Sequence, acme: Tenant
) -> None:
    recorded()
    sequence()
    assert "restored" in selectors.integrity().problem
    assert epoch_begin(who=None, reason="A backup of last night.") == 2
    first = AuditLeaf.objects.get(epoch=2)
    entry = AuditEntry.objects.get(pk=first.entry)
    assert (first.seq, entry.kind) == (0, "audit.epoch_began")
    facts = AuditPayload.objects.get(pk=entry.pk).facts["content"]
    assert (facts["epoch"], facts["reason"], facts["kept"]["size"]) == (2, "A backup of last night.", 5)
    assert facts["outside"]["checkpoint"].endswith("000000000008.checkpoint")
    assert facts["outside"]["sha256"] == notes.hash_of(restored[1].read_text()).hex()
    assert not AuditPending.objects.filter(pk=entry.pk).exists()
    said = notes.opened(AuditCheckpoint.objects.get(epoch=2).note, notes.signing_key(acme).public_key())
    assert said.previous == notes.hash_of(restored[1].read_text())
    sequence()
    assert AuditLeaf.objects.filter(epoch=2).count() == 2
    assert not AuditPending.objects.exists()
    state = selectors.integrity()
    assert (state.epoch, state.covered, state.problem, state.ahead) == (2, 2, "", "")
    assert AuditPlace.objects.get().problem == ""


def test_the_verifier_tells_what_a_restore_lost_unless_one_knows_of_it(
    restored: list[Path], sequence: Sequence, outside: Path
) -> None:
    epoch_begin(who=None, reason="A backup.")
    sequence()
    wrong = verified(outside).wrong
    assert len(wrong) == 1
    assert "3 entries are missing at its end" in wrong[0]
    assert "--restored 2" in wrong[0]
    known = verified(outside, 2)
    assert known.wrong == []
    assert "3 entries are missing" in " ".join(known.notes)


def test_a_log_that_was_cut_off_is_no_restore_without_an_epoch(restored: list[Path], outside: Path) -> None:
    assert "3 entries are missing at its end" in " ".join(verified(outside, 2).wrong)


def test_a_second_restore_from_the_same_backup_begins_a_third_epoch(
    restored: list[Path], sequence: Sequence, outside: Path
) -> None:
    epoch_begin(who=None, reason="A backup.")
    sequence()
    with past_the_guards() as cursor:
        cursor.execute("delete from audit_leaf where epoch = 2")
        cursor.execute("delete from audit_checkpoint where epoch = 2")
    assert epoch_begin(who=None, reason="The same backup.") == 3


def test_releasing_a_tenant_that_was_held_begins_a_new_epoch(restored: list[Path], acme: Tenant) -> None:
    services.tenant_hold(tenant=acme)
    services.tenant_release(who=Platform(), tenant=acme)
    assert AuditLeaf.objects.filter(epoch=2).count() == 1


def test_releasing_a_tenant_without_a_history_begins_none(acme: Tenant, outside: Path) -> None:
    epochs.restored()
    assert not AuditLeaf.objects.exists()


def test_no_epoch_begins_while_the_place_outside_cannot_be_seen(
    sequence: Sequence, outside: Path, settings: Any, tmp_path: Path
) -> None:
    recorded()
    sequence()
    blocked = tmp_path / "file"
    blocked.write_text("")
    settings.AUDIT_CHECKPOINTS = str(blocked)
    with pytest.raises(CheckpointsUnavailable):
        epoch_begin(who=None, reason="A backup.")
    assert not AuditLeaf.objects.filter(epoch=2).exists()


@pytest.mark.parametrize(
    "statement",
    [
        "update audit_leaf set hash = decode(repeat('00', 32), 'hex') where seq = 1",
        "delete from audit_leaf where seq = 2",
        "update audit_checkpoint set note = replace(note, 'time', 'tame')",
        "delete from audit_checkpoint",
    ],
)
def test_a_tree_that_was_altered_is_not_signed_again(sequence: Sequence, outside: Path, statement: str) -> None:
    recorded(3)
    sequence()
    with past_the_guards() as cursor:
        cursor.execute(statement)
    recorded()
    sequence()
    assert AuditPending.objects.count() == 1
    assert len(list(outside.rglob("*.checkpoint"))) == 1
    assert selectors.integrity().problem
