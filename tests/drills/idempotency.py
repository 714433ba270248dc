"""Send 1,000 keyed requests 20 times each at once, and kill the server in the middle: each is carried out once."""

from __future__ import annotations

import os
import signal
import tempfile
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import django
import httpx
import psutil

from tests.measuring import Case
from tests.running import Installation, installation

KEYS, TIMES = 1_000, 20
AT_ONCE = 40
KILLS, RUNS = 3, 60
BACK_WITHIN = 120.0
AGAIN_AFTER = 0.05
"""Seconds until what is under way is asked for again: sooner than `Retry-After` says, so that more tries meet."""
SLUG, UNLIMITED = "repeated", 1_000_000
ACCOUNTS = "/api/v1/service-accounts"
STARTS = "/api/v1/agents/retail.demand_forecaster/runs"
TABLE = [{"item": "Tea", "period": f"2026-{month:02}", "quantity": 10 + month} for month in range(1, 9)]


def measure() -> Iterator[Case]:
    with tempfile.TemporaryDirectory() as folder, installation(Path(folder), demo=False) as program:
        os.environ |= program.environment | {"ORCHESTRALL_LOG_LEVEL": "ERROR"}
        django.setup()
        caller = prepare(program)
        yield from duplicates(caller)
        yield from killed(program, caller)


@dataclass
class Caller:
    """A program with a key of the tenant's owner."""

    base: str
    headers: dict[str, str]
    _own: threading.local = field(default_factory=threading.local)

    def post(self, address: str, body: dict[str, Any], key: str) -> httpx.Response:
        client: httpx.Client | None = getattr(self._own, "client", None)
        if client is None:
            client = self._own.client = httpx.Client(base_url=self.base, headers=self.headers, timeout=60)
        return client.post(address, json=body, headers={"Idempotency-Key": key})


@dataclass
class Told:
    """What the answers to all tries of all requests said."""

    statuses: Counter[int] = field(default_factory=Counter)
    lost: int = 0
    answers: dict[str, set[bytes]] = field(default_factory=lambda: defaultdict(set))
    replayed: int = 0

    def insist(self, send: Callable[[str], httpx.Response], key: str) -> None:
        """Send a request until it is answered, as a client does: again while it is under way, or nobody answers."""
        until = time.monotonic() + BACK_WITHIN
        while time.monotonic() < until:
            try:
                answer = send(key)
            except httpx.TransportError:
                self.lost += 1
                time.sleep(1)
                continue
            self.statuses[answer.status_code] += 1
            if answer.is_success:
                self.answers[key].add(answer.content + answer.headers["Location"].encode())
                self.replayed += "Idempotency-Replayed" in answer.headers
                return
            if answer.status_code not in {409, 502, 503, 504}:
                return
            time.sleep(AGAIN_AFTER)

    @property
    def failures(self) -> int:
        return sum(number for status, number in self.statuses.items() if status >= 500)

    @property
    def alike(self) -> int:
        """Requests whose every try was answered byte for byte alike."""
        return sum(len(bodies) == 1 for bodies in self.answers.values())


def duplicates(caller: Caller) -> Iterator[Case]:
    told, keys = Told(), [str(uuid4()) for _ in range(KEYS)]

    def send(key: str) -> httpx.Response:
        return caller.post(ACCOUNTS, {"name": key, "role": "analyst"}, key)

    began = time.monotonic()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(lambda key: told.insist(send, key), [key for key in keys for _ in range(TIMES)]))
    took = time.monotonic() - began
    case = f"{KEYS:,} keys x {TIMES} at once"
    made = effects("accounts", keys)
    yield Case(case, "effects", len(made), bar=f"{KEYS}", holds=sorted(made) == sorted(keys))
    yield Case(case, "requests answered alike", told.alike, bar=f"{KEYS}", holds=told.alike == KEYS)
    repeats = KEYS * (TIMES - 1)
    yield Case(
        case, "repeats that got the first answer", told.replayed, bar=f"{repeats}", holds=told.replayed == repeats
    )
    yield Case(case, "answers 5xx", told.failures, bar="0", holds=not told.failures)
    yield Case(case, "told that it is under way (409)", told.statuses[409])
    yield Case(case, "requests a second", sum(told.statuses.values()) / took, "1/s")


def killed(program: Installation, caller: Caller) -> Iterator[Case]:
    """Kill the web server while it carries requests out. What was not answered is sent again."""
    told, keys = Told(), [str(uuid4()) for _ in range(RUNS)]
    input = {"horizon": 2, "history": {"rows": TABLE}}

    def send(key: str) -> httpx.Response:
        return caller.post(STARTS, {"input": input}, key)

    before, kills = len(effects("runs")), 0
    with ThreadPoolExecutor(AT_ONCE // 4) as pool:
        waiting = [pool.submit(told.insist, send, key) for key in keys for _ in range(2)]
        for part in range(1, KILLS + 1):
            while sum(each.done() for each in waiting) < part * len(waiting) // (KILLS + 1):
                time.sleep(0.02)
            kills += kill_server(program)
        for each in waiting:
            each.result()
    runs = effects("runs")
    kept = effects("answers", keys)
    case = f"{kills} kills under {RUNS} starts"
    yield Case(case, "servers killed", kills, bar=f">= {KILLS}", holds=kills >= KILLS)
    yield Case(case, "requests cut off", told.lost, bar=">= 1", holds=told.lost >= 1)
    made = len(runs) - before
    yield Case(case, "runs", made, bar=f"{RUNS}", holds=made == RUNS)
    yield Case(case, "answers kept", len(kept), bar=f"{RUNS}", holds=len(kept) == RUNS)
    there = sum(any(run.encode() in body for body in told.answers[key] for run in runs) for key in keys)
    yield Case(case, "answers whose run is there", there, bar=f"{RUNS}", holds=there == RUNS)
    yield Case(case, "requests answered alike", told.alike, bar=f"{RUNS}", holds=told.alike == RUNS)


def kill_server(program: Installation) -> int:
    """Kill -9 every process that answers on the installation's port. Returns how many."""
    killed = 0
    for process in program.processes()[1:]:
        try:
            listens = any(
                each.status == psutil.CONN_LISTEN and each.laddr.port == program.port
                for each in process.net_connections(kind="inet")
            )
            if listens:
                process.send_signal(signal.SIGKILL)
                killed += 1
        except psutil.Error:  # it ended meanwhile
            continue
    return killed


def prepare(program: Installation) -> Caller:
    """A tenant without limits, and a key of its owner."""
    from apps.gateway.principals import Caller as Person
    from apps.gateway.services import key_create
    from apps.tenants.context import tenant_context
    from apps.tenants.services import tenant_create
    from tests.factories import make_member

    quotas = {"max_members": 100_000, "max_running_runs": 4}
    quotas |= dict.fromkeys(("max_requests", "max_caller_requests", "max_starts"), UNLIMITED)
    tenant = tenant_create(slug=SLUG, name="Repeated", industry="retail", quotas=quotas, now=True)
    with tenant_context(tenant):
        who = Person(make_member("owner"))
        scopes = ["members.view", "members.manage", "agents.view", "agents.run", "runs.view"]
        _, key = key_create(who=who, name="Drill", scopes=scopes, days=1)
    headers = {"Host": f"{SLUG}.localhost:{program.port}", "Authorization": f"Bearer {key}"}
    return Caller(f"http://127.0.0.1:{program.port}", headers)


def effects(kind: str, keys: list[str] | None = None) -> list[str]:
    """What is there: the names of accounts that are among `keys`, the ids of all runs, the `keys` with an answer."""
    from apps.accounts.models import User
    from apps.agents.models import AgentRun
    from apps.gateway.models import IdempotentAnswer
    from apps.tenants.context import public_context, tenant_context
    from apps.tenants.models import Tenant

    with public_context():
        tenant = Tenant.objects.get(slug=SLUG)
    with tenant_context(tenant):
        if kind == "accounts":
            return list(User.objects.filter(is_service=True, name__in=keys or []).values_list("name", flat=True))
        if kind == "answers":
            return list(IdempotentAnswer.objects.filter(key__in=keys or []).values_list("key", flat=True))
        return [str(id) for id in AgentRun.objects.values_list("id", flat=True)]
