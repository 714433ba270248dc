"""A look at the log while somebody waits: what was altered is found, and what was not is called good."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.test import Client

from apps.accounts.models import User
from apps.audit.models import AuditCheckpoint
from apps.audit.tree import Growing
from apps.common.errors import NotFound, PermissionDenied
from apps.compliance.audit import checking
from apps.compliance.audit.checking import _spans, check
from tests.audit.conftest import past_the_guards
from tests.compliance.ground import role_set, shred

Seal = Callable[[], None]
Make = Callable[..., User]

MOVED = """
update audit_payload set facts = (select facts from audit_payload where entry_id = %(other)s) where entry_id = %(id)s
"""


@pytest.fixture
def log(ada: User, grace: User, seal: Seal) -> list[UUID]:
    """Twenty entries that are covered by two checkpoints."""
    ids = [role_set(ada, grace) for _ in range(12)]
    seal()
    ids += [role_set(ada, grace) for _ in range(8)]
    seal()
    return ids


def test_a_log_that_nobody_altered_is_good(ada: User, log: list[UUID]) -> None:
    told = check(who=ada)
    assert told.is_good, told.findings
    assert told.checked == told.size == told.done >= len(log)


def test_a_log_without_a_checkpoint_has_nothing_to_check(ada: User, grace: User) -> None:
    role_set(ada, grace)
    assert check(who=ada).size == 0


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("update audit_entry set outcome = 'refused' where id = %(id)s", "altered after it was recorded"),
        ("delete from audit_entry where id = %(id)s", "was deleted"),
        ("delete from audit_payload where entry_id = %(id)s", "says was deleted"),
        ("update audit_payload set personal = null where entry_id = %(id)s", "nobody erased it"),
        (MOVED, "does not open"),
        ("delete from audit_leaf where entry = %(id)s", "places of the tree are gone"),
        ("update audit_leaf set hash = sha256('x') where entry = %(id)s", "altered after it was recorded"),
        ("delete from audit_pending where entry = %(stray)s", "did not record"),
    ],
)
def test_what_was_altered_is_found(ada: User, grace: User, log: list[UUID], statement: str, said: str) -> None:
    stray = role_set(ada, grace)
    with past_the_guards() as cursor:
        cursor.execute(statement, {"id": log[5], "other": log[6], "stray": stray})
    told = check(who=ada)
    assert not told.is_good
    assert any(said in each.text for each in told.findings), told.findings


def test_an_entry_whose_hash_was_made_to_fit_is_found_by_the_root(ada: User, log: list[UUID]) -> None:
    from apps.audit.documents import document_of, leaf_hash
    from apps.audit.models import AuditEntry

    with past_the_guards() as cursor:
        cursor.execute("update audit_entry set via = 'api' where id = %s", [log[5]])
        hash = leaf_hash(document_of(AuditEntry.objects.get(pk=log[5])))
        cursor.execute("update audit_leaf set hash = %s where entry = %s", [hash, log[5]])
    (finding,) = check(who=ada).findings
    assert "root" in finding.text


def test_what_was_erased_as_it_may_be_is_no_finding(ada: User, log: list[UUID]) -> None:
    shred(log[3])
    assert check(who=ada).is_good


def newest(outside: Path) -> Path:
    return max(outside.rglob("*.checkpoint"))


def test_a_checkpoint_that_is_gone_outside_is_found(ada: User, log: list[UUID], outside: Path) -> None:
    newest(outside).unlink()
    assert "not there any more" in check(who=ada).findings[0].text


def test_a_checkpoint_that_was_forged_outside_is_found(ada: User, log: list[UUID], outside: Path) -> None:
    file = newest(outside)
    text = file.read_text()
    file.chmod(0o600)
    file.write_text(text.replace("\n20\n", "\n21\n") if "\n20\n" in text else text[:-8] + "AAAAAAA\n")
    assert "is none" in check(who=ada).findings[0].text


def test_a_checkpoint_that_was_exchanged_in_the_database_is_found(ada: User, log: list[UUID]) -> None:
    with past_the_guards() as cursor:
        cursor.execute("update audit_checkpoint set note = note || ' '")
    assert "not the one that was published" in check(who=ada).findings[0].text


def test_a_long_log_is_checked_from_the_newest_on_a_part_at_a_time(
    ada: User, log: list[UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checking, "BLOCK", 4)
    monkeypatch.setattr(checking, "BUDGET", 0.0)
    with past_the_guards() as cursor:
        cursor.execute("update audit_entry set via = 'api' where id = %s", [log[5]])
    told, seen, found = check(who=ada), [], []
    while True:
        seen.append((told.begin, told.end))
        found += [told.begin] * told.found
        if not told.begin:
            break
        told = check(who=ada, below=told.begin)
    assert [end for _, end in seen[1:]] == [begin for begin, _ in seen[:-1]]
    assert sum(end - begin for begin, end in seen) == told.size
    assert len(set(found)) == 1


@pytest.mark.parametrize("below", [0, 3, 10_000])
def test_a_check_goes_on_only_where_one_ended(
    ada: User, log: list[UUID], monkeypatch: pytest.MonkeyPatch, below: int
) -> None:
    monkeypatch.setattr(checking, "BLOCK", 4)
    with pytest.raises(NotFound):
        check(who=ada, below=below)


def test_who_may_not_see_the_log_may_not_check_it(member: Make, log: list[UUID]) -> None:
    with pytest.raises(PermissionDenied):
        check(who=member("builder"))


@pytest.mark.parametrize(("begin", "end"), [(0, 0), (0, 7), (4, 23), (8, 8), (12, 64), (0, 1024)])
def test_spans_lie_side_by_side(begin: int, end: int) -> None:
    at = begin
    for level, index in _spans(begin, end):
        assert index << level == at
        at += 1 << level
    assert at == end


def test_spans_before_and_after_grow_into_the_same_root(ada: User, log: list[UUID]) -> None:
    from apps.audit.models import AuditLeaf
    from apps.audit.stored import hashes_of

    top = AuditCheckpoint.objects.order_by("-size")[0]
    leaves = [bytes(leaf.hash) for leaf in AuditLeaf.objects.order_by("seq")]
    tree = Growing()
    for begin, end in ((0, 8), (8, 12), (12, top.size)):
        for place in _spans(begin, end):
            (hash,) = hashes_of(1, [[place]])
            tree.append(hash, place[0])
    assert tree.root == bytes(top.root)
    assert len(leaves) == top.size


def test_the_page_of_a_check_says_what_was_found(
    ada: User, log: list[UUID], client_for: Callable[..., Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = client_for(ada)
    assert "Nothing was altered" in browser.get("/audit/check/").content.decode()
    with past_the_guards() as cursor:
        cursor.execute("update audit_entry set via = 'api' where id = %s", [log[5]])
    html = browser.get("/audit/check/").content.decode()
    assert "The log is not as it was recorded" in html
    assert f"/audit/{log[5]}/" in html
    monkeypatch.setattr(checking, "BLOCK", 4)
    monkeypatch.setattr(checking, "BUDGET", 0.0)
    html = browser.get("/audit/check/").content.decode()
    assert "older entries are not looked at yet" in html
    for wrong in ("x", "3", "9" * 20):
        assert browser.get(f"/audit/check/?below={wrong}").status_code == 404


def test_a_check_costs_the_same_statements_for_the_same_blocks(
    ada: User, grace: User, log: list[UUID], seal: Seal, django_assert_num_queries: Any
) -> None:
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as few:
        check(who=ada)
    for _ in range(30):
        role_set(ada, grace)
    seal()
    with django_assert_num_queries(len(few)):
        check(who=ada)
