"""Alter a stored audit log in 700 ways, past its triggers: the stand-alone verifier finds each, and within a minute."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

import django

from tests.measuring import Case
from tests.running import installation, wait_until

ENTRIES, EVERY = 2000, 100
SEED = 20260107
SHARES = {"edits": 150, "deletions": 120, "insertions": 110, "swaps": 110, "truncations": 100, "rewrites": 110}
BY_PROGRAM = 70
"""Of so many attacks one is verified by the program as an auditor runs it, beside the verifier in this process."""
RECORDED = 65
"""Entries that are recorded, one a second, while their exposure is measured."""
EXPOSED = 60.0
PATIENCE = 120.0


def measure() -> Iterator[Case]:
    with tempfile.TemporaryDirectory() as folder, installation(Path(folder) / "var", demo=False) as program:
        os.environ |= program.environment | {"ORCHESTRALL_LOG_LEVEL": "CRITICAL"}
        django.setup()
        from apps.tenants.context import tenant_context
        from apps.tenants.services import tenant_create

        tenant = tenant_create(slug="window", name="Window", industry="retail", now=True)
        with tenant_context(tenant):
            yield from window()
        with patch("apps.audit.services._nudge"):  # nobody else puts its entries into the tree
            tenant = tenant_create(slug="altered", name="Altered", industry="retail", now=True)
        with tenant_context(tenant):
            yield from altered(Path(folder))


def window() -> Iterator[Case]:
    """From a commit until a checkpoint outside covers it, with the workers as they run."""
    from apps.audit import sequencing
    from apps.audit.models import AuditCheckpoint, AuditLeaf, AuditPending
    from tests.drills._tampering import record_some

    committed = {}
    for _ in range(RECORDED):
        (id,) = record_some(1)
        committed[id] = sequencing.clock()
        time.sleep(1)
    wait_until(lambda: not AuditPending.objects.exists(), "all entries are in the tree", within=PATIENCE)
    unpublished = AuditCheckpoint.objects.filter(published_at=None)
    wait_until(lambda: not unpublished.exists(), "all checkpoints are outside", within=PATIENCE)
    checkpoints = list(AuditCheckpoint.objects.order_by("size"))
    exposed = []
    for leaf in AuditLeaf.objects.filter(entry__in=committed):
        covering = next(each for each in checkpoints if each.size > leaf.seq)
        assert covering.published_at is not None  # as was waited for
        exposed.append((covering.published_at - committed[leaf.entry]).total_seconds())
    least = len(exposed) == RECORDED
    yield Case("exposure window", "entries that were covered", len(exposed), bar=str(RECORDED), holds=least)
    yield Case("exposure window", "median", statistics.median(exposed), "s")
    yield Case("exposure window", "longest", max(exposed), "s", f"<= {EXPOSED:.0f}", max(exposed) <= EXPOSED)


def altered(folder: Path) -> Iterator[Case]:
    """Each attack on the log as it was, which is verified and brought back."""
    from django.conf import settings

    from tests.drills import _tampering as tampering

    outside = Path(settings.VAR) / "checkpoints" / str(_tenant())
    tampering.log_clear()
    tampering.log_make(ENTRIES, every=EVERY)
    report = tampering.verified(outside)
    yield Case("as it was", "entries covered", report.covered, bar=str(ENTRIES), holds=report.covered == ENTRIES)
    yield Case("as it was", "findings", len(report.wrong), bar="0", holds=not report.wrong)
    code = by_program(folder, outside)
    yield Case("as it was", "exit code of the program", code, bar="0", holds=code == 0)

    overlooked, codes, number = list[str](), list[int](), 0
    for sort, attacks in tampering.attacks(SEED, ENTRIES, SHARES):
        found = 0
        for attack in attacks:
            with tampering.undone():
                what = attack()
                if tampering.verified(outside).wrong:
                    found += 1
                else:
                    overlooked.append(what)
                if number % BY_PROGRAM == 0:
                    codes.append(by_program(folder, outside))
            number += 1
        yield Case(sort, "found", found, bar=str(SHARES[sort]), holds=found == SHARES[sort])
    yield Case("all", "found", number - len(overlooked), bar=str(number), holds=not overlooked)
    for what in overlooked:
        yield Case("overlooked", what, 1, bar="0", holds=False)
    told = sum(code == 1 for code in codes)
    yield Case("all", "of a sample, found by the program", told, bar=str(len(codes)), holds=told == len(codes))
    yield from not_covered_yet(outside)


def not_covered_yet(outside: Path) -> Iterator[Case]:
    """What was altered before a checkpoint covered it cannot be found, and is said not to be covered."""
    from apps.audit.models import AuditEntry
    from tests.drills import _tampering as tampering

    with tampering.undone(), patch("apps.audit.services._nudge"):
        (id,) = tampering.record_some(1)
        AuditEntry.objects.filter(pk=id).update(kind="drill.other")
        report = tampering.verified(outside)
        uncovered = report.entries - report.covered
        yield Case("edited before it is covered", "said not to be covered", uncovered, bar="1", holds=uncovered == 1)
        AuditEntry.objects.filter(pk=id).update(at=AuditEntry.objects.get(pk=id).at - timedelta(minutes=2))
        late = len(tampering.verified(outside).wrong)
        yield Case("not covered after a minute", "findings", late, bar="1", holds=late == 1)


def by_program(folder: Path, outside: Path) -> int:
    """The exit code of the verifier, run as an auditor runs it."""
    from apps.audit import verify_audit
    from apps.audit.exports import export_lines

    export = folder / "export.jsonl"
    with export.open("w") as file:
        file.writelines(export_lines())
    argv = [sys.executable, "-I", str(verify_audit.__file__), str(export), "--checkpoints", str(outside)]
    return subprocess.run(argv, capture_output=True, check=False).returncode


def _tenant() -> Any:
    from apps.tenants.context import current_tenant

    return current_tenant().pk
