"""`manage.py audit`."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from apps.audit.models import AuditEntry, AuditLeaf
from apps.tenants.context import public_context
from apps.tenants.models import Tenant
from tests.audit.conftest import past_the_guards
from tests.drills import _tampering as tampering


@pytest.fixture
def log(acme: Tenant, outside: Path) -> Path:
    tampering.log_make(20, every=5)
    return outside


def run(*words: str) -> str:
    out = StringIO()
    with public_context():
        call_command("audit", *words, stdout=out)
    return out.getvalue()


def test_the_status_says_how_far_each_log_is_covered(log: Path) -> None:
    said = run("status")
    assert "acme: epoch 1, 20 of 20 entries are covered since " in said
    assert str(log) in said
    assert "globex: epoch 1, 0 of 0 entries are covered." in said


def test_a_log_is_verified_whole_in_part_and_against_the_folder(log: Path) -> None:
    assert "20 entries, 20 covered" in run("verify", "acme")
    assert "20 entries, 20 covered" in run("verify", "acme", "--checkpoints", str(log))
    assert "3 entries, 3 covered" in run("verify", "acme", "--last", "3")


def test_a_log_that_was_altered_is_told_with_the_place(log: Path) -> None:
    with past_the_guards() as cursor:
        cursor.execute("update audit_entry set kind = 'x' where id = (select entry from audit_leaf where seq = 7)")
    with pytest.raises(CommandError, match="not as it was"):
        run("verify", "acme")
    assert "20 entries" in run("status")


def test_an_export_is_written_whole_and_over_nothing(log: Path, tmp_path: Path) -> None:
    file = tmp_path / "export.jsonl"
    run("export", "acme", "--out", str(file))
    assert len(file.read_text().splitlines()) == 1 + 20 + 4 + 1
    assert [each.name for each in tmp_path.iterdir() if "export" in each.name] == ["export.jsonl"]
    with pytest.raises(CommandError, match="exists already"):
        run("export", "acme", "--out", str(file))
    assert run("export", "acme", "--until", "2000-01-01").count("\n") == 2


def test_a_new_epoch_can_be_begun(log: Path) -> None:
    assert "Epoch 2" in run("epoch", "acme", "--reason", "A backup of Monday.")
    entry = AuditEntry.objects.get(pk=AuditLeaf.objects.get(epoch=2).entry)
    assert (entry.kind, entry.actor_kind) == ("audit.epoch_began", "operator")


def test_a_tenant_that_is_not_there_and_a_time_that_is_none_are_refused(log: Path) -> None:
    with pytest.raises(CommandError, match="no tenant 'nobody'"):
        run("verify", "nobody")
    with pytest.raises(CommandError, match="invalid"):
        run("export", "acme", "--since", "yesterday")
