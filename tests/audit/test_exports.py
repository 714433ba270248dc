"""Exports, verified by the stand-alone verifier: it must find all well, and whatever is not."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction

from apps.audit import selectors, sequencing, verify_audit
from apps.audit.documents import document_of
from apps.audit.exports import entry_json, export_lines
from apps.audit.models import AuditCheckpoint, AuditEntry, AuditLeaf, AuditPayload
from apps.audit.notes import key_text
from apps.audit.places import place
from apps.audit.verify_audit import Report
from apps.tenants.models import Tenant
from tests.audit.conftest import past_the_guards, recorded

PROGRAM = Path(verify_audit.__file__)


def cover(count: int) -> None:
    """Record entries, and publish a checkpoint of them."""
    recorded(count)
    with transaction.atomic():
        sequencing.append(sequencing.clock())
    sequencing._publish(place())


@pytest.fixture
def log(acme: Tenant, outside: Path) -> Path:
    """A log of 320 entries in three checkpoints. Returns the folder outside."""
    for count in (5, 300, 15):
        cover(count)
    age()
    return outside


def age() -> None:
    """Let what was recorded be some minutes old."""
    with past_the_guards() as cursor:
        cursor.execute("update audit_checkpoint set published_at = published_at - interval '5 minutes'")


def verified(outside: Path, lines: list[str] | None = None, restored: tuple[int, ...] = ()) -> Report:
    report = Report()
    checkpoints = verify_audit.outside_of(outside, None, report)
    verify_audit.verify_export(list(export_lines()) if lines is None else lines, checkpoints, report, restored)
    return report


def test_a_log_that_is_as_it_was_verifies(log: Path) -> None:
    recorded(2)
    report = verified(log)
    assert report.wrong == []
    assert (report.entries, report.covered, report.shredded) == (322, 320, 0)


def test_the_verifier_runs_alone(log: Path, acme: Tenant, tmp_path: Path) -> None:
    export, key = tmp_path / "export.jsonl", tmp_path / "key.txt"
    export.write_text("".join(export_lines()))
    key.write_text(key_text(acme))
    where = tmp_path / "auditor"
    where.mkdir()
    (where / "verify_audit.py").write_bytes(PROGRAM.read_bytes())

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        argv = [sys.executable, "-I", "verify_audit.py", *words]
        return subprocess.run(argv, cwd=where, capture_output=True, text=True, check=False)

    good = run(str(export), "--checkpoints", str(log), "--public-key", str(key))
    assert (good.returncode, good.stderr) == (0, "")
    assert "320 entries, 320 covered by 3 checkpoints outside" in good.stdout
    export.write_text(export.read_text().replace('"after":{"n":7}', '"after":{"n":8}', 1))
    bad = run(str(export), "--checkpoints", str(log))
    assert bad.returncode == 1
    assert "its facts were altered" in bad.stdout
    assert run(str(tmp_path / "nothing"), "--checkpoints", str(log)).returncode == 2


def test_the_verifier_imports_nothing_but_cryptography() -> None:
    names = set()
    for node in ast.walk(ast.parse(PROGRAM.read_text())):
        if isinstance(node, ast.Import):
            names |= {each.name.partition(".")[0] for each in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(str(node.module).partition(".")[0])
    assert names - set(sys.stdlib_module_names) == {"cryptography"}


def test_the_verifier_has_the_same_spelling_as_the_product(log: Path) -> None:
    entry = AuditEntry.objects.order_by("id")[0]
    leaf = AuditLeaf.objects.get(entry=entry.pk)
    assert verify_audit.leaf_hash(document_of(entry)) == bytes(leaf.hash)


def test_what_was_shredded_is_told_and_the_rest_verifies(log: Path) -> None:
    id = AuditLeaf.objects.get(seq=9).entry
    AuditPayload.objects.filter(pk=id).update(personal=None, shredded_at=sequencing.clock(), shredded_for="a request")
    report = verified(log)
    assert report.wrong == []
    assert report.shredded == 1


def test_a_part_of_the_log_verifies_by_proofs(log: Path) -> None:
    entries = list(AuditEntry.objects.order_by("id"))
    first, last = entries[10].at, entries[200].at
    lines = list(export_lines(since=first, until=last + timedelta(microseconds=1)))
    report = verified(log, lines)
    assert report.wrong == []
    assert 0 < report.entries == report.covered <= 320
    assert any("a part of the log" in note for note in report.notes)


def test_chosen_entries_verify_one_by_one(log: Path) -> None:
    chosen = [AuditLeaf.objects.get(seq=seq).entry for seq in (0, 7, 256, 319)]
    report = verified(log, list(export_lines(entries=AuditEntry.objects.filter(pk__in=chosen))))
    assert (report.wrong, report.entries, report.covered) == ([], 4, 4)


def test_an_entry_that_is_taken_out_of_a_part_shows(log: Path) -> None:
    lines = list(export_lines(since=AuditEntry.objects.order_by("id")[0].at))
    assert "are missing" in " ".join(verified(log, lines[:5] + lines[6:]).wrong)


def test_statements_of_an_export_grow_by_batches(log: Path, django_assert_max_num_queries: Any) -> None:
    with django_assert_max_num_queries(10):
        list(export_lines())


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda lines: lines[:-1], "cut off"),
        (lambda lines: lines[:40] + lines[41:], "are missing before it"),
        (lambda lines: [*lines[:40], lines[41], lines[40], *lines[42:]], "are missing before it"),
        (lambda lines: [*lines[:40], "{nonsense", *lines[41:]], "cannot be read"),
        (lambda lines: [*lines, lines[5]], "behind the last line"),
        (lambda lines: [lines[0].replace("orchestrall/", "orchestrall/x"), *lines[1:]], "another public key"),
    ],
)
def test_a_file_that_was_altered_is_found(log: Path, change: Callable[[list[str]], list[str]], said: str) -> None:
    assert said in " ".join(verified(log, change(list(export_lines()))).wrong)


@pytest.mark.parametrize(
    ("line", "former", "forged", "said"),
    [
        (5, '{"entry":', '{"entry":{"kind":"tests.forged"},"entry":', "stands twice"),
        (5, '{"entry":', '{"told":"forged","entry":', "says more than an export does: told"),
        (0, '{"format":', '{"proof":{},"format":', "says more than an export does: proof"),
        (
            -2,
            '{"checkpoint":',
            '{"entry":{"kind":"tests.forged"},"checkpoint":',
            "says more than an export does: entry",
        ),
        (-1, '{"end":', '{"entry":{"kind":"tests.forged"},"end":', "says more than an export does: entry"),
        (5, '"content":', '"said":"forged","content":', "their digest is another one"),
        (5, '"index":4', '"index":4.0', "is no number"),
    ],
)
def test_a_file_says_nothing_that_is_not_verified(log: Path, line: int, former: str, forged: str, said: str) -> None:
    lines = list(export_lines())
    assert former in lines[line]
    lines[line] = lines[line].replace(former, forged, 1)
    assert said in " ".join(verified(log, lines).wrong)


def test_a_file_that_calls_itself_older_than_what_it_says_is_found(log: Path) -> None:
    head, forged = json.loads(next(iter(export_lines()))), list(export_lines())[1]
    head |= {"made_at": "2001-01-01T00:00:00.000000Z", "epochs": []}
    line = {**json.loads(forged.replace("tests.changed", "tests.forged")), "epoch": None, "index": None}
    lines = [json.dumps(head), json.dumps(line), '{"end":true,"entries":1}']
    assert "it is later than the export says of itself" in " ".join(verified(log, lines).wrong)


def test_what_is_recorded_while_an_export_is_read_is_none_of_it(log: Path) -> None:
    lines = export_lines()
    first = next(lines)
    recorded(2)
    report = verified(log, [first, *lines])
    assert (report.wrong, report.entries) == ([], 320)


def test_a_proof_in_the_first_line_does_not_hide_the_other_lines(log: Path, tmp_path: Path) -> None:
    file, proof = tmp_path / "export.jsonl", selectors.consistency_proof(5, 320, 1).as_json()
    file.write_text(json.dumps(proof) + "\n" + "".join(list(export_lines())[1:]))
    assert verify_audit.main([str(file), "--checkpoints", str(log)]) == 2


def test_many_checkpoints_are_looked_through_once_an_epoch(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked, of = list[int](), verify_audit.Outside.of

    def counted(outside: verify_audit.Outside, epoch: int) -> list[verify_audit.Checkpoint]:
        asked.append(epoch)
        return of(outside, epoch)

    monkeypatch.setattr(verify_audit.Outside, "of", counted)
    assert verified(log).wrong == []
    assert asked == [1, 1]  # at the beginning, and at the end


def test_what_is_no_export_is_refused(log: Path) -> None:
    for lines in ([], ["{}"], ["no json"], ['{"format": "orchestrall-audit-export", "version": 9}']):
        with pytest.raises(verify_audit.Unreadable):
            verified(log, lines)


# The folder outside.


def files(outside: Path) -> list[Path]:
    return sorted(outside.rglob("*.checkpoint"))


def test_a_checkpoint_that_was_removed_outside_is_found(log: Path) -> None:
    files(log)[1].unlink()
    assert "one is missing or was altered" in " ".join(verified(log).wrong)


def test_a_checkpoint_that_was_altered_outside_is_found(log: Path) -> None:
    file = files(log)[1]
    file.chmod(0o644)
    file.write_text(file.read_text().replace("\n305\n", "\n304\n"))
    assert "has a wrong signature" in " ".join(verified(log).wrong)


def test_a_log_verifies_only_with_its_own_key(log: Path, globex: Tenant, tmp_path: Path) -> None:
    report = Report()
    verify_audit.outside_of(log, verify_audit.Key.of(key_text(globex)), report)
    assert len(report.wrong) == 3
    assert "of another log" in report.wrong[0]


def test_later_checkpoints_than_the_export_are_no_fault_of_it(log: Path) -> None:
    lines = list(export_lines())
    cover(4)
    assert verified(log, lines).wrong == []


# Proofs as they are handed out.


def run_on(said: dict[str, Any], outside: Path, tmp_path: Path) -> int:
    file = tmp_path / "proof.json"
    file.write_text(json.dumps(said, indent=2))
    return verify_audit.main([str(file), "--checkpoints", str(outside)])


def test_a_proof_of_inclusion_verifies_with_its_entry_alone(log: Path, tmp_path: Path) -> None:
    entry = selectors.entries_query().get(pk=AuditLeaf.objects.get(seq=30).entry)
    other = selectors.entries_query().get(pk=AuditLeaf.objects.get(seq=31).entry)
    proof = selectors.inclusion_proof(entry.pk).as_json()
    assert run_on({**entry_json(entry), "proof": proof}, log, tmp_path) == 0
    assert run_on({**entry_json(other), "proof": proof}, log, tmp_path) == 1
    assert run_on({**entry_json(entry), "proof": {**proof, "size": 17}}, log, tmp_path) == 1
    assert run_on({"proof": proof}, log, tmp_path) == 2


def test_a_proof_of_consistency_verifies(log: Path, tmp_path: Path) -> None:
    proof = selectors.consistency_proof(5, 320, 1).as_json()
    assert run_on(proof, log, tmp_path) == 0
    assert run_on({**proof, "old": 305}, log, tmp_path) == 1


def test_an_entry_that_waits_too_long_for_a_checkpoint_is_told(log: Path) -> None:
    recorded()
    with past_the_guards() as cursor:
        cursor.execute(
            "update audit_entry set at = at - interval '2 minutes' where id in (select * from audit_pending)"
        )
    assert "no checkpoint covers it" in " ".join(verified(log).wrong)


def test_the_checkpoint_of_an_export_is_the_newest_published_one(log: Path) -> None:
    recorded(3)
    with transaction.atomic():
        sequencing.append(sequencing.clock())
    head = json.loads(next(iter(export_lines())))
    assert head["epochs"][0]["checkpoint"] == AuditCheckpoint.objects.get(size=320).note
    assert head["epochs"][0]["size"] == 323
