"""Delete a tenant's key: an old dump yields none of its payloads, others read on, also while the master key changes."""

from __future__ import annotations

import base64
import json
import os
import re
import secrets
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any

import django
import httpx
import psycopg

from orchestrall import embedded
from tests.measuring import Case
from tests.running import ROOT, Installation, environment, launched, wait_until

LEAVING, STAYING = "leaving", "staying"
AGENT = "retail.demand_forecaster"
CLOSED_WITHIN = 5.0
"""Seconds until every process has noticed that a key was deleted."""
PATIENCE = 180.0
_BYTEA = re.compile(rb"\\\\x([0-9a-f]{4,})")


def measure() -> Iterator[Case]:
    old, new = (base64.b64encode(secrets.token_bytes(32)).decode() for _ in range(2))
    with tempfile.TemporaryDirectory() as folder, started(Path(folder) / "var", old, new) as program:
        for name, value in _told(program, old, new).items():
            os.environ[name] = value
        django.setup()
        markers = {slug: f"{slug} {secrets.token_hex(8)}" for slug in (LEAVING, STAYING)}
        people = {slug: fill(slug, marker) for slug, marker in markers.items()}
        wait_until(lambda: all(map(runs_ended, people)), "the runs have ended", within=PATIENCE)

        backup = Path(folder) / "backup"
        dump = backup_make(program.database_url, program.folder, backup)
        yield from nothing_in_plain(dump, backup, list(markers.values()))
        yield from master_key_changes(program, old, new)

        began = time.monotonic()
        manage(program, new, old, "keys", "erase", LEAVING, "--confirm", LEAVING)
        wait_until(lambda: asked(program, LEAVING).status_code == 503, "the tenant is closed", within=PATIENCE)
        took = time.monotonic() - began
        yield Case("deleted key", "from the command to a closed host", took, "s")
        with restored(dump, backup, "restored"):
            yield from nothing_comes_back(LEAVING, STAYING)


@contextmanager
def started(folder: Path, current: str, other: str) -> Iterator[Installation]:
    """An installation whose processes hold both master keys."""
    argv = [sys.executable, "-m", "orchestrall.start", "up", "--port", str(embedded.free_port()), "--no-demo"]
    told = environment(folder) | {"ORCHESTRALL_MASTER_KEY": current, "ORCHESTRALL_FORMER_MASTER_KEYS": other}
    with launched(argv, project=ROOT, folder=folder, environment=told) as program:
        yield program


def _told(program: Installation, current: str, former: str) -> dict[str, str]:
    keys = {"ORCHESTRALL_MASTER_KEY": current, "ORCHESTRALL_FORMER_MASTER_KEYS": former}
    return {**program.environment, **keys, "ORCHESTRALL_PROCESS": "manage", "ORCHESTRALL_LOG_LEVEL": "WARNING"}


def manage(program: Installation, current: str, former: str, *arguments: str) -> str:
    """A command on the installation with these master keys. Returns what it printed."""
    argv = [sys.executable, "manage.py", *arguments]
    told = os.environ | _told(program, current, former)
    return subprocess.run(argv, cwd=ROOT, env=told, capture_output=True, text=True, check=True).stdout


def fill(slug: str, marker: str) -> str:
    """A tenant with tables, inputs, results and kept answers that hold the marker. Returns its slug."""
    from apps.tenants.services import tenant_create

    tenant = tenant_create(slug=slug, name=slug.title(), industry="retail", industries=["retail"], now=True)
    fill_tenant(tenant, marker, AGENT)
    return slug


def fill_tenant(tenant: Any, marker: str, agent: str) -> None:
    """Give the tenant payloads of every sort that hold the marker: a table, runs, one that failed, a kept answer."""
    from apps.agents.contract import AGENTS
    from apps.agents.models import AgentRun
    from apps.agents.services import run_start
    from apps.datasets.services import dataset_upload
    from apps.gateway.models import IdempotentAnswer
    from apps.tenants.context import tenant_context
    from tests.factories import make_member

    weeks = [f"2024-{month:02d}-{day:02d}" for month in range(1, 13) for day in (1, 8, 15, 22)]
    rows = [{f"item {marker}": f"{marker} {n}", "week": week, "sold": str(n)} for n in (1, 2) for week in weeks]
    lines = [",".join(rows[0])] + [",".join(row.values()) for row in rows]
    with tenant_context(tenant):
        owner = make_member("owner", email=f"owner@{tenant.slug}.example")
        dataset = dataset_upload(file=BytesIO("\n".join(lines).encode()), name="sales.csv", user=owner)
        chosen = AGENTS[agent]
        for table in ({"rows": rows}, {"dataset": str(dataset.pk)}):
            run_start(agent=chosen, data={chosen.table_field: table}, user=owner, who=owner, origin="api")
        AgentRun.objects.create(
            agent_key=agent,
            agent_version="1.0",
            status=AgentRun.Status.FAILED,
            input={"note": marker},
            problem={"code": "invalid_input", "title": "Refused", "detail": marker, "remedy": "", "issues": []},
            problem_code="invalid_input",
            origin="api",
        )
        IdempotentAnswer.objects.create(
            user=owner, key="once", fingerprint=b"-", status=201, body=marker, expires_at=dataset.created_at
        )


def runs_ended(slug: str) -> bool:
    from apps.agents.models import AgentResult

    with _in_tenant(slug):
        return AgentResult.objects.count() == 2


@contextmanager
def _in_tenant(slug: str) -> Iterator[Any]:
    from apps.tenants.context import public_context, tenant_context
    from apps.tenants.models import Tenant

    with public_context():
        tenant = Tenant.objects.get(slug=slug)
    with tenant_context(tenant):
        yield tenant


# The backup, and what it shows


def backup_make(database_url: str, var: Path, folder: Path) -> Path:
    """What an operator backs up: a dump of the database, and the files. Returns the dump."""
    folder.mkdir(parents=True)
    dump = folder / "dump.sql"
    argv = [str(embedded.postgres_bin() / "pg_dump"), "--no-owner", "--file", str(dump), database_url]
    subprocess.run(argv, check=True, capture_output=True)
    if (var / "files").exists():
        shutil.copytree(var / "files", folder / "files")
    return dump


def nothing_in_plain(dump: Path, backup: Path, markers: list[str]) -> Iterator[Case]:
    text, files = dump.read_bytes(), [path for path in (backup / "files").rglob("*") if path.is_file()]
    values = [bytes.fromhex(found.decode()) for found in _BYTEA.findall(text)]
    shown = sum(marker.encode() in text for marker in markers) + sum(shows(value, markers) for value in values)
    yield Case("old dump", "binary values looked at", len(values), bar="> 0", holds=bool(values))
    yield Case("old dump", "that show a marker", shown, bar="0", holds=shown == 0)
    open_files = sum(path.read_bytes()[:4] == b"PAR1" or shows(path.read_bytes(), markers) for path in files)
    yield Case("old files", "files looked at", len(files), bar="> 0", holds=bool(files))
    yield Case("old files", "that show anything", open_files, bar="0", holds=open_files == 0)
    kept = [json.loads(path.read_text())["wrapped"] for path in _key_files()]
    brought = sum(base64.b64decode(each).hex().encode() in text or each.encode() in text for each in kept)
    yield Case("old dump", "wrapped keys in it", brought, bar="0", holds=brought == 0)
    # What the search is worth: a payload as it was stored before there was encryption.
    planted = b"\x01" + zlib.compress(json.dumps({"deep": [markers[0]]}).encode())
    seen = shows(planted, markers)
    yield Case("search", "finds a payload stored in plain", str(seen), bar="True", holds=seen)


def shows(value: bytes, markers: Iterable[str]) -> bool:
    """Whether what was stored gives a marker away, as it is or unpacked."""
    seen = [value]
    for start in (0, 1):
        with suppress(zlib.error):
            seen.append(zlib.decompress(value[start:]))
    return any(marker.encode() in each for each in seen for marker in markers)


def _key_files() -> list[Path]:
    from django.conf import settings

    return [path for path in Path(settings.KEYS).iterdir() if not path.name.startswith(".")]


# The master key


@dataclass
class Reading:
    """Reads of a tenant's payloads over HTTP, for as long as the block lasts."""

    program: Installation
    slug: str
    good: int = 0
    bad: list[str] = field(default_factory=list)

    @contextmanager
    def going_on(self) -> Iterator[None]:
        done = threading.Event()
        thread = threading.Thread(target=self._read, args=[done])
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()

    def _read(self, done: threading.Event) -> None:
        with _api(self.program, self.slug) as api:
            runs = [each["id"] for each in api.get("/api/v1/runs").json()["items"]]
            tables = [each["id"] for each in api.get("/api/v1/datasets").json()["items"]]
            paths = [f"/api/v1/runs/{id}" for id in runs] + [f"/api/v1/datasets/{id}" for id in tables]
            paths += [f"/api/v1/datasets/{id}/rows.csv" for id in tables]
            while True:
                for path in paths:
                    answer = api.get(path)
                    if answer.status_code == 200:
                        self.good += 1
                    elif answer.status_code != 429:
                        self.bad.append(f"{path}: {answer.status_code}")
                if done.wait(0.2):
                    return


@contextmanager
def _api(program: Installation, slug: str) -> Iterator[httpx.Client]:
    from tests.factories import PASSWORD

    base, host = f"http://127.0.0.1:{program.port}", f"{slug}.localhost:{program.port}"
    with httpx.Client(base_url=base, headers={"Host": host}, timeout=60) as api:
        answer = api.post("/api/v1/tokens", json={"email": f"owner@{slug}.example", "password": PASSWORD})
        answer.raise_for_status()
        api.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
        yield api


def asked(program: Installation, slug: str) -> httpx.Response:
    return httpx.get(
        f"http://127.0.0.1:{program.port}/api/v1/runs", headers={"Host": f"{slug}.localhost:{program.port}"}
    )


def master_key_changes(program: Installation, old: str, new: str) -> Iterator[Case]:
    """Wrap all data keys by the new master key while the running processes read."""
    from django.conf import settings

    reading = Reading(program, STAYING)
    with reading.going_on():
        wait_until(lambda: reading.good > 20, "payloads are read", within=PATIENCE)
        before = reading.good
        manage(program, new, old, "keys", "rotate")
        # Until every process has looked at the store again, and read by the key that is wrapped anew.
        until = time.monotonic() + 2 * CLOSED_WITHIN
        wait_until(lambda: time.monotonic() > until and reading.good > before + 20, "they are read", within=PATIENCE)
    yield Case("new master key", "reads meanwhile", reading.good, bar="> 40", holds=reading.good > 40)
    yield Case("new master key", "reads that failed", len(reading.bad), bar="0", holds=not reading.bad)
    for name, key, wanted in (("old", old, 0), ("new", new, 2)):
        settings.MASTER_KEY, settings.FORMER_MASTER_KEYS = key, []
        opens = sum(_opens(slug) for slug in (LEAVING, STAYING))
        metric = f"tenants that the {name} one alone opens"
        yield Case("new master key", metric, opens, bar=str(wanted), holds=opens == wanted)
    settings.MASTER_KEY, settings.FORMER_MASTER_KEYS = new, [old]


def _opens(slug: str) -> bool:
    from apps.common.errors import Problem
    from apps.tenants import keys

    keys.forget()
    with _in_tenant(slug) as tenant:
        try:
            return keys.data_key(tenant) is not None
        except Problem:
            return False


# After the erasure


@contextmanager
def restored(dump: Path, backup: Path, database: str) -> Iterator[None]:
    """Be in an installation made of the old backup, with the master keys and the key store of today."""
    from django.conf import settings
    from django.db import connection, connections

    from apps.tenants import context, keys

    name, var = connection.settings_dict["NAME"], settings.VAR
    base = os.environ["DATABASE_URL"].rpartition("/")[0]
    with psycopg.connect(f"{base}/postgres", autocommit=True) as admin:
        admin.execute(f'create database "{database}"')
        argv = [str(embedded.postgres_bin() / "psql"), "--quiet", "--set", "ON_ERROR_STOP=1", "--file", str(dump)]
        subprocess.run([*argv, f"{base}/{database}"], check=True, capture_output=True)
        try:
            connections.close_all()
            connection.settings_dict["NAME"], settings.VAR = database, backup
            context.forget()
            keys.forget()
            yield
        finally:
            connections.close_all()
            connection.settings_dict["NAME"], settings.VAR = name, var
            context.forget()
            keys.forget()
            admin.execute(f'drop database "{database}" with (force)')


def nothing_comes_back(leaving: str, staying: str) -> Iterator[Case]:
    """Open whatever the restored backup holds of both tenants."""
    for slug in (leaving, staying):
        found = Haul.of(slug)
        wanted = found.pieces if slug == staying else 0
        yield Case(f"restored, {slug}", "payloads and files", found.pieces, bar="> 5", holds=found.pieces > 5)
        yield Case(f"restored, {slug}", "that open", found.opened, bar=str(wanted), holds=found.opened == wanted)
        yield Case(f"restored, {slug}", "that open by another key", found.by_others, bar="0", holds=not found.by_others)


@dataclass
class Haul:
    """What somebody gets out of a tenant who has its database, its files, and the master key."""

    pieces: int = 0
    opened: int = 0
    by_others: int = 0

    @classmethod
    def of(cls, slug: str) -> Haul:
        haul = cls()
        with _in_tenant(slug) as tenant:
            haul._rows(tenant)
            haul._files(tenant)
        return haul

    def _rows(self, tenant: Any) -> None:
        from django.apps import apps

        from apps.common.errors import Problem
        from apps.tenants.fields import payload_fields

        others = list(_other_keys(tenant))
        for model in apps.get_models():
            if not payload_fields(model) or not model._meta.managed:
                continue
            for row in model._base_manager.all():
                for column in payload_fields(model):
                    sealed = row.__dict__[column.attname]
                    if sealed is None:
                        continue
                    self.pieces += 1
                    context = f"tenant:{tenant.pk}:{sealed.column}:{row.pk}"
                    for key in others:
                        with suppress(Problem):
                            key.open(sealed.stored[1:], purpose=sealed.column, context=context)
                            self.by_others += 1
                    with suppress(Problem):
                        getattr(row, column.attname)
                        self.opened += 1

    def _files(self, tenant: Any) -> None:
        from django.conf import settings

        from apps.common.errors import Problem
        from apps.tenants.storage import file_open

        for path in (Path(settings.VAR) / "files" / tenant.schema_name).resolve().rglob("*.parquet"):
            self.pieces += 1
            with suppress(Problem), file_open(path) as file:
                file.read()
                self.opened += 1


def _other_keys(tenant: Any) -> Iterator[Any]:
    """The data keys of all other tenants that there are."""
    from apps.common.errors import Problem
    from apps.tenants import keys
    from apps.tenants.context import public_context
    from apps.tenants.models import Tenant

    with public_context():
        others = list(Tenant.objects.exclude(pk=tenant.pk))
    for other in others:
        with suppress(Problem):
            yield keys.require_data_key(other)
