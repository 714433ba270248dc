"""What the gateway adds to a request that creates something, and what a read of one thing costs: statements and CPU."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any
from unittest import mock
from uuid import uuid4

import django

from tests.measuring import Case
from tests.running import installation

ADDED_STATEMENTS, ADDED_MS, READ_STATEMENTS = 6, 3.0, 2
ROUNDS, REQUESTS = 15, 20
SLUG, UNLIMITED = "measured", 1_000_000
STARTS = "/api/v1/agents/retail.demand_forecaster/runs"
INPUT = {
    "horizon": 2,
    "history": {"rows": [{"item": "Tea", "period": f"2026-{month:02}", "quantity": 10} for month in range(1, 9)]},
}
Send = Callable[[], Any]


def measure() -> Iterator[Case]:
    with tempfile.TemporaryDirectory() as folder, installation(Path(folder), demo=False) as program:
        os.environ |= program.environment | {"ORCHESTRALL_LOG_LEVEL": "ERROR"}
        django.setup()
        callers = Callers.make()
        yield from creating(callers)
        yield from reading(callers)


def creating(callers: Callers) -> Iterator[Case]:
    """A run is started with everything, and by the view alone: nobody is asked who calls, counted, or remembered."""
    case = "POST of a run"
    bare, whole = callers.bare, callers.with_key
    plain, full = statements(bare), statements(whole)
    yield Case(case, "SQL statements of the view", len(plain))
    yield Case(case, "SQL statements with all", len(full))
    added = len(full) - len(plain)
    yield Case(case, "SQL statements added", added, bar=f"<= {ADDED_STATEMENTS}", holds=added <= ADDED_STATEMENTS)
    taken = processor({"bare": bare, "with": whole})
    yield Case(case, "processor time of the view", median(taken["bare"]), "ms")
    yield Case(case, "processor time with all", median(taken["with"]), "ms")
    # Both in each round, so that what else the machine does lengthens both.
    more = median(w - b for w, b in zip(taken["with"], taken["bare"], strict=True))
    yield Case(case, "processor time added", more, "ms", bar=f"<= {ADDED_MS:.0f}", holds=more <= ADDED_MS)


def reading(callers: Callers) -> Iterator[Case]:
    for name, send in callers.reads().items():
        found = len(statements(send))
        yield Case(name, "SQL statements", found, bar=f"<= {READ_STATEMENTS}", holds=found <= READ_STATEMENTS)
        yield Case(name, "processor time", median(processor({name: send})[name]), "ms")


def statements(send: Send) -> list[str]:
    """The SQL statements of a request; what begins and ends a transaction is among them.

    Of several requests that with the fewest: once in a few seconds the tenant is looked up, and once a minute a key's
    use is noted.
    """
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    found: list[list[str]] = []
    for _ in range(4):
        with CaptureQueriesContext(connection) as captured:
            answer = send()
        if answer.status_code not in {200, 202}:
            raise RuntimeError(f"answered {answer.status_code}: {answer.content!r}")
        found.append([each["sql"] for each in captured])
    return min(found, key=len)


def processor(sends: dict[str, Send]) -> dict[str, list[float]]:
    """What this process computes for a request of each kind, in ms, round by round."""
    taken: dict[str, list[float]] = {name: [] for name in sends}
    for _ in range(ROUNDS):
        for name, send in sends.items():
            began = time.process_time()
            for _ in range(REQUESTS):
                send()
            taken[name].append((time.process_time() - began) * 1000 / REQUESTS)
    return taken


@dataclass(frozen=True)
class Callers:
    """An owner's clients in this process: by key, by token, and as nobody has to ask."""

    key: Any
    token: Any
    known: Any
    run: str
    dataset: str

    @classmethod
    def make(cls) -> Callers:
        import polars
        from rest_framework.test import APIClient

        from apps.agents.contract import AGENTS
        from apps.agents.services import run_start
        from apps.datasets.services import dataset_from_frame
        from apps.gateway.principals import Caller
        from apps.gateway.services import key_create
        from apps.gateway.tokens import token_issue
        from apps.tenants.context import tenant_context
        from apps.tenants.services import tenant_create
        from tests.factories import make_member

        quotas = dict.fromkeys(("max_requests", "max_caller_requests", "max_starts"), UNLIMITED)
        tenant = tenant_create(slug=SLUG, name="Measured", industry="retail", quotas=quotas, now=True)
        by_key, by_token, known = (APIClient(HTTP_HOST=f"{SLUG}.localhost") for _ in range(3))
        with tenant_context(tenant):
            owner = make_member("owner")
            scopes = ["agents.view", "agents.run", "runs.view", "datasets.view"]
            _, key = key_create(who=Caller(owner), name="Bench", scopes=scopes, days=1)
            by_key.credentials(HTTP_AUTHORIZATION=f"Bearer {key}")
            by_token.credentials(HTTP_AUTHORIZATION=f"Bearer {token_issue(user=owner)}")
            known.force_authenticate(owner)
            frame = polars.DataFrame({"item": ["Tea"], "sold": [3]})
            dataset = dataset_from_frame(frame=frame, name="Sales", filename="sales.parquet", user=owner)
            agent = AGENTS["retail.demand_forecaster"]
            run = run_start(agent=agent, data=INPUT, user=owner, who=owner, origin="api")
        return cls(by_key, by_token, known, run=str(run.pk), dataset=str(dataset.pk))

    def bare(self) -> Any:
        with mock.patch("apps.gateway.limits.take", return_value=None):
            return self.known.post(STARTS, {"input": INPUT}, format="json")

    def with_key(self) -> Any:
        return self.key.post(STARTS, {"input": INPUT}, format="json", headers={"Idempotency-Key": str(uuid4())})

    def reads(self) -> dict[str, Send]:
        paths = {
            "GET of a run": f"/api/v1/runs/{self.run}",
            "GET of a dataset": f"/api/v1/datasets/{self.dataset}",
            "GET of the runs": "/api/v1/runs?limit=50",
        }
        by = {"key": self.key, "token": self.token}
        return {
            f"{what}, by {how}": partial(client.get, path) for what, path in paths.items() for how, client in by.items()
        }
