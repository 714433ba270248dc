"""What an answer costs whose result is at hand: over REST from a running program, in statements and in CPU."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import django
import httpx

from tests.benchmarks.engine import callers
from tests.benchmarks.gateway import processor, statements
from tests.measuring import Case
from tests.running import Installation, installation

ANSWER_MS, ANSWER_STATEMENTS = 30.0, 4
ANSWERS, READS, WORKED, LOOKS = 200, 50, 5, 200
AGENTS_ASKED = ("healthcare.drug_checker", "manufacturing.quality_inspector", "retail.demand_forecaster")
SCOPES = ["agents.view", "agents.run", "runs.view"]
UNLIMITED = 1_000_000


def measure() -> Iterator[Case]:
    with tempfile.TemporaryDirectory() as folder, installation(Path(folder), demo=False) as program:
        os.environ |= program.environment | {"ORCHESTRALL_LOG_LEVEL": "ERROR"}
        django.setup()
        for key in AGENTS_ASKED:
            yield from Asked(program, key).measured()


class Asked:
    """An agent in a tenant of its industry, asked for its first example over and over, by a key."""

    def __init__(self, program: Installation, key: str) -> None:
        from apps.agents.contract import AGENTS
        from apps.gateway.principals import Caller
        from apps.gateway.services import key_create
        from apps.tenants.context import tenant_context
        from apps.tenants.services import tenant_create
        from tests.factories import make_member

        self.program, self.agent = program, AGENTS[key]
        self.body, self.path = {"input": self.agent.examples[0].input}, f"/api/v1/agents/{key}/runs"
        quotas = dict.fromkeys(("max_requests", "max_caller_requests", "max_starts"), UNLIMITED)
        industry = self.agent.industry
        self.tenant = tenant_create(slug=industry, name=industry.title(), industry=industry, quotas=quotas, now=True)
        with tenant_context(self.tenant):
            _, text = key_create(who=Caller(make_member("owner")), name="Bench", scopes=SCOPES, days=1)
        self.headers = {"Authorization": f"Bearer {text}", "Host": f"{industry}.localhost"}

    def measured(self) -> Iterator[Case]:
        case = f"{self.agent.title}, {self.agent.examples[0].title}"
        worked = [self.worked() for _ in range(WORKED)]
        yield Case(case, "worked out anew, p50", median(worked), "ms")
        asked = {"port": self.program.port, "path": self.path, "headers": self.headers, "body": self.body}
        callers(asked | {"status": 200, "callers": 1, "requests": 20})
        taken = [1000 * each for each in callers(asked | {"status": 200, "callers": 1, "requests": ANSWERS})["taken"]]
        middle = median(taken)
        yield Case(case, "answered at hand, p50", middle, "ms", f"<= {ANSWER_MS:.0f}", middle <= ANSWER_MS)
        yield Case(case, "answered at hand, p95", quantiles(taken, n=20)[-1], "ms")
        yield Case(case, "a read of one run beside it, p50", self.read(), "ms")
        yield from self.inside(case)

    def worked(self) -> float:
        """From the request for a run that looks for no result, until its result is there, in ms."""
        with httpx.Client(
            base_url=f"http://127.0.0.1:{self.program.port}", headers=self.headers, timeout=120
        ) as client:
            began = time.perf_counter()
            run = client.post(self.path, json=self.body | {"fresh": True}).raise_for_status().json()
            while run["status"] in {"queued", "running"}:
                run = client.get(f"/api/v1/runs/{run['id']}", params={"wait": 60}).raise_for_status().json()
            took = 1000 * (time.perf_counter() - began)
        if run["status"] != "succeeded":
            raise RuntimeError(f"{run['ref']} {run['status']}: {run['problem']}")
        return took

    def read(self) -> float:
        """A read of the last run over REST, in ms: what the machine takes for the least that there is at the time."""
        taken = []
        with httpx.Client(base_url=f"http://127.0.0.1:{self.program.port}", headers=self.headers, timeout=60) as client:
            [run] = client.get("/api/v1/runs", params={"limit": 1}).raise_for_status().json()["items"]
            for _ in range(READS):
                began = time.perf_counter()
                client.get(f"/api/v1/runs/{run['id']}").raise_for_status()
                taken.append(1000 * (time.perf_counter() - began))
        return median(taken)

    def inside(self, case: str) -> Iterator[Case]:
        """The same answers in this process, and the look for them alone."""
        from rest_framework.test import APIClient

        from apps.agents import cache
        from apps.agents.inputs import input_parse
        from apps.tenants.context import tenant_context

        client = APIClient(HTTP_HOST=self.headers["Host"])
        client.credentials(HTTP_AUTHORIZATION=self.headers["Authorization"])

        def ask() -> Any:
            return client.post(self.path, self.body, format="json")

        asked = len(sql := [each for each in statements(ask) if each not in {"BEGIN", "COMMIT"}])
        within = asked <= ANSWER_STATEMENTS
        yield Case(case, "SQL statements", asked, bar=f"<= {ANSWER_STATEMENTS}", holds=within)
        if not within:
            raise RuntimeError("\n".join(sql))
        yield Case(case, "processor time of an answer", median(processor({"ask": ask})["ask"]), "ms")
        parsed = input_parse(agent=self.agent, data=self.body["input"])
        data = parsed.model_dump(mode="json", exclude_defaults=True)
        with tenant_context(self.tenant):
            found = timed(lambda: cache.find(self.agent, None, data), there=True)
            missed = timed(lambda: cache.find(self.agent, None, {**data, "": 0}), there=False)
        yield Case(case, "a look that finds it", found, "ms")
        yield Case(case, "a look that finds nothing", missed, "ms")


def timed(look: Callable[[], object], *, there: bool) -> float:
    """The median of looks, in ms. Raises `RuntimeError` where one does not find what it should."""
    taken = []
    for _ in range(LOOKS):
        began = time.perf_counter()
        if (look() is not None) is not there:
            raise RuntimeError("a look found what is not there, or did not find what is")
        taken.append(1000 * (time.perf_counter() - began))
    return median(taken)
