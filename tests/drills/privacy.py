"""Plant a person in 1,000 records of every kind of storage: found, handed out, and erased without a trace of them."""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import django

from tests.drills.worker_kill import children
from tests.measuring import Case
from tests.running import Installation, installation, wait_until

TIMES = 84
"""Records of each of twelve kinds: 1,008, and the account with its address."""
PATIENCE = 300.0
OLD = timedelta(days=5_000)


def measure() -> Iterator[Case]:
    with tempfile.TemporaryDirectory() as folder, installation(Path(folder) / "var", demo=False) as program:
        os.environ |= program.environment | {"ORCHESTRALL_LOG_LEVEL": "CRITICAL"}
        django.setup()
        from apps.accounts.services import user_create
        from apps.common.privacy import Person
        from apps.tenants.context import tenant_context
        from apps.tenants.services import tenant_create
        from tests.compliance import privacy_ground as ground

        tenant = tenant_create(slug="people", name="People", industry="retail", now=True)
        with tenant_context(tenant):
            admin = user_create(email="admin@people.example", name="Admin", role="administrator")
            ana = user_create(email=ground.EMAIL, name=ground.NAME, role="analyst")
            planted = ground.plant(ana, times=TIMES)
            yield Case("planted", "records that name the person", planted, bar=">= 1000", holds=planted >= 1000)
            before = ground.others()
            yield from handed_out(admin, ana, planted)
            yield from erased(program, admin, ana, planted)
            left = ground.names_left(Person(ground.ANA))
            for place in left[:10]:
                yield Case("left behind", place, 1, bar="0", holds=False)
            yield Case("raw scan", "places that name the person", len(left), bar="0", holds=not left)
            after = ground.others()
            changed = sum(after.get(place) != said for place, said in before.items())
            yield Case("others' data", "places", len(before))
            yield Case("others' data", "places that changed", changed, bar="0", holds=changed == 0)
            yield from log_verifies(tenant)
            yield from gone_by_twice()


def handed_out(admin: Any, ana: Any, planted: int) -> Iterator[Case]:
    """The export, carried out by the installation's workers."""
    from apps.compliance.requests.services import file_download

    began = time.monotonic()
    request = _begun("export", admin, ana)
    _wait(request, {"done"})
    took = time.monotonic() - began
    looked = sum(kind["looked"] for kind in request.progress.values())
    with file_download(who=admin, request=request) as file, ZipFile(file) as archive:
        index = json.loads(archive.read("index.json"))
        written = sum(len(json.loads(archive.read(name))) for name in archive.namelist() if name.startswith("data/"))
    yield Case("export", "records found", sum(index["records"].values()), bar=f">= {planted}", holds=written >= planted)
    yield Case(
        "export", "records in the file", written, bar="as found", holds=written == sum(index["records"].values())
    )
    yield Case("export", "records looked at", looked)
    yield Case("export", "from the request to the file", took, "s")
    yield Case("export", "looked at a second", looked / took, "records/s")


def erased(program: Installation, admin: Any, ana: Any, planted: int) -> Iterator[Case]:
    """The erasure, with the workers' processes killed while they look and while they erase."""
    from apps.compliance.requests.services import request_confirm

    request = _begun("erase", admin, ana)
    kills = _killed_at(program, request, "looking", lambda: bool(request.progress))
    _wait(request, {"found"})
    found = request.finds.count()
    # And the file of the export, which is a copy of it all, with the request itself.
    yield Case("look before erasing", "records found", found, bar=f"= {planted + 2}", holds=found == planted + 2)
    began = time.monotonic()
    request_confirm(who=admin, user=admin, request=request, typed=request.ref)
    kills += _killed_at(
        program, request, "erasing", lambda: any(each.get("erased") for each in request.progress.values())
    )
    _wait(request, {"done", "failed"})
    yield Case("erasure", "kills of the workers' processes", kills, bar="2", holds=kills == 2)
    yield Case("erasure", "status", request.status, bar="done", holds=request.status == "done")
    count = request.finds.exclude(erased_at=None).count()
    yield Case("erasure", "records erased", count, bar=f"= {found}", holds=count == found)
    yield Case("erasure", "from the word to the end", time.monotonic() - began, "s")


def log_verifies(tenant: Any) -> Iterator[Case]:
    """The audit log after its payloads were shredded, by the verifier that knows no database."""
    from apps.audit.models import AuditCheckpoint, AuditPayload, AuditPending
    from tests.drills._tampering import verified

    wait_until(lambda: not AuditPending.objects.exists(), "all entries are in the tree", within=PATIENCE)
    unpublished = AuditCheckpoint.objects.filter(published_at=None)
    wait_until(lambda: not unpublished.exists(), "all checkpoints are outside", within=PATIENCE)
    from django.conf import settings

    report = verified(Path(settings.VAR) / "checkpoints" / str(tenant.pk))
    shredded = AuditPayload.objects.exclude(shredded_at=None).count()
    yield Case("audit log", "payloads shredded", shredded, bar=f">= {TIMES}", holds=shredded >= TIMES)
    yield Case("audit log", "entries covered", report.covered, bar=f"= {report.entries}", holds=report.covered > 0)
    yield Case("audit log", "findings", len(report.wrong), bar="0", holds=not report.wrong)


def gone_by_twice() -> Iterator[Case]:
    """The periods, on runs that are older than all of them."""
    from django.utils import timezone

    from apps.agents.models import AgentRun
    from apps.compliance.models import RetentionPeriod, RetentionRecord

    ages = timezone.now() - OLD
    old = AgentRun.objects.update(created_at=ages)
    removed = []
    for _ in range(2):
        RetentionPeriod.objects.update(applied_at=None)
        before = sum(RetentionRecord.objects.values_list("removed", flat=True))
        _go_by()
        removed.append(sum(RetentionRecord.objects.values_list("removed", flat=True)) - before)
    left = AgentRun.objects.count()
    yield Case("retention", "runs removed", old - left, bar=f"= {old}", holds=left == 0)
    yield Case("retention", "records removed the second time", removed[1], bar="0", holds=removed[1] == 0)


def _go_by() -> None:
    from django.db import transaction

    from apps.compliance.retention.services import retention_step

    more = True
    while more:
        with transaction.atomic():
            more = retention_step()


def _begun(kind: str, admin: Any, ana: Any) -> Any:
    from apps.compliance.requests.services import request_create
    from tests.compliance.privacy_ground import NUMBER

    said = {"member": ana.pk, "identifiers": [NUMBER], "reason": "A letter"}
    return request_create(who=admin, user=admin, kind=kind, **said)


def _wait(request: Any, statuses: set[str]) -> None:
    def holds() -> bool:
        request.refresh_from_db()
        return request.status in statuses

    wait_until(holds, f"{request} is {' or '.join(sorted(statuses))}", within=PATIENCE)


def _killed_at(program: Installation, request: Any, status: str, begun: Any) -> int:
    """Kill the processes that compute while a request is in a state and under way. 1, or 0 where it was quicker."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        request.refresh_from_db()
        if request.status == status and begun():
            for child in children(program):
                child.kill()
            return 1
        if request.status not in {status, "looking"}:
            return 0
        time.sleep(0.01)
    return 0
