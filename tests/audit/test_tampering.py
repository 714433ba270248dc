"""The small form of `drill tamper`: a log of 30 entries, each way of altering it once."""

from __future__ import annotations

from pathlib import Path

import pytest

from apps.audit.models import AuditEntry
from apps.tenants.models import Tenant
from tests.audit.conftest import past_the_guards, recorded
from tests.drills import _tampering as tampering

SIZE = 30
SHARES = {sort: len(ways) for sort, ways in tampering.SORTS.items()}


@pytest.fixture
def log(acme: Tenant, outside: Path) -> Path:
    tampering.log_make(SIZE, every=6)
    return outside


def test_each_way_of_altering_the_log_is_found(log: Path) -> None:
    assert tampering.verified(log).wrong == []
    overlooked = []
    every = ((sort, attack) for sort, some in tampering.attacks(1, SIZE, SHARES) for attack in some)
    for sort, attack in every:
        with tampering.undone():
            what = attack()
            if not tampering.verified(log).wrong:
                overlooked.append(f"{sort}: {what}")
    assert overlooked == []
    assert tampering.verified(log).wrong == []


def test_there_are_attacks_of_every_sort() -> None:
    assert all(share >= 5 for share in SHARES.values())


def test_an_edit_before_the_entry_is_covered_is_said_to_be_possible(log: Path) -> None:
    (id,) = recorded()
    with past_the_guards() as cursor:
        cursor.execute("update audit_entry set kind = 'other' where id = %s", [id])
    report = tampering.verified(log)
    assert report.wrong == []
    assert (report.entries, report.covered) == (SIZE + 1, SIZE)
    assert AuditEntry.objects.count() == SIZE + 1
