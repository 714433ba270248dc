"""The drill `erasure` in small, on a database of the test's own."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from apps.agents.models import AgentResult, AgentRun
from apps.tenants.context import tenant_context
from apps.tenants.models import Tenant
from apps.tenants.services import tenant_key_delete
from tests.drills import erasure

MARKERS = {"acme": "Zurich 4711", "globex": "Oslo 815"}


@pytest.fixture
def backup(committed_db: str, acme: Tenant, globex: Tenant, settings: Any, tmp_path: Path) -> Path:
    """The folder of a backup of two tenants who have stored payloads and files."""
    for tenant in (acme, globex):
        erasure.fill_tenant(tenant, MARKERS[tenant.slug], "dummy.counter")
        with tenant_context(tenant):
            for run in AgentRun.objects.all():
                AgentResult.objects.create(run=run, output={"told": MARKERS[tenant.slug]})
    url = f"{os.environ['DATABASE_URL'].rpartition('/')[0]}/{committed_db}"
    erasure.backup_make(url, settings.VAR, tmp_path / "backup")
    return tmp_path / "backup"


def test_an_old_backup_yields_nothing_of_a_tenant_whose_key_was_deleted(backup: Path, acme: Tenant) -> None:
    shown = list(erasure.nothing_in_plain(backup / "dump.sql", backup, [*MARKERS.values()]))
    assert [case for case in shown if not case.holds] == []
    tenant_key_delete(tenant=acme)
    with erasure.restored(backup / "dump.sql", backup, f"test_restored_{os.getpid()}"):
        cases = list(erasure.nothing_comes_back("acme", "globex"))
    assert [case for case in cases if not case.holds] == []


def test_an_old_backup_yields_everything_while_the_keys_are_there(backup: Path) -> None:
    with erasure.restored(backup / "dump.sql", backup, f"test_restored_{os.getpid()}"):
        for slug in MARKERS:
            found = erasure.Haul.of(slug)
            assert (found.pieces, found.opened, found.by_others) == (17, 17, 0)
