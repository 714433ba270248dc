"""What a call of a model costs us: CPU of masking, budgets, ledger and limits beyond that of the bare client."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import django

from tests.aiserver import connect, loopback_allowed
from tests.aiserver.server import KEY
from tests.measuring import ROOT, Case
from tests.running import installation

BAR_MS = 15.0
CALLS, WARM = 150, 20
PARAGRAPHS, PEOPLE = 20, 4
PARAGRAPH = (
    "The forecast of item A-{n} for week {n} is 1,204 pieces, with a band from 1,010 to 1,398; it rose by 3.4 % since "
    "the last origin, as it did in most of the years before, and is held back by what lies in stock. "
)
PERSON = "Ana Example (ana.{n}@acme.example, +44 20 7946 0{n:03d}) asked for it. "


def measure() -> Iterator[Case]:
    with tempfile.TemporaryDirectory() as folder, installation(Path(folder), demo=False) as program:
        os.environ |= program.environment | {"ORCHESTRALL_LOG_LEVEL": "WARNING"}
        django.setup()
        from apps.tenants.context import tenant_context
        from apps.tenants.services import tenant_create

        tenant = tenant_create(slug="bench", name="Bench", industry="retail", now=True)
        with tenant_context(tenant), loopback_allowed(), serving() as url:
            yield from compared(url)


@contextmanager
def serving() -> Iterator[str]:
    """The scripted server in a process of its own, so that its work does not count as ours. Gives its base URL."""
    argv = [sys.executable, "-m", "tests.aiserver"]
    with subprocess.Popen(argv, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline().split()[2].rstrip(",")
        finally:
            process.kill()


@dataclass(frozen=True)
class Served:
    url: str
    key: str = KEY


def compared(url: str) -> Iterator[Case]:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from apps.ai.calling import model_for
    from apps.ai.contract import Message, Purpose, Request
    from apps.ai.models import Budget

    connect(Served(url), "plain")
    for scope in ("tenant", "agent", "user"):
        Budget.objects.create(scope=scope, period="month", money=Decimal(1_000))
    text = "".join(PARAGRAPH.format(n=number) for number in range(PARAGRAPHS))
    text += "".join(PERSON.format(n=number) for number in range(PEOPLE))
    messages = (Message(role="system", text="Explain the figures."), Message(role="user", text=text))
    asked, purpose = Request(messages=messages), Purpose("explain", agent_key="retail.demand_forecaster")

    def ours() -> None:
        model = model_for(purpose)
        assert model is not None
        model.ask(asked)

    def ours_streamed() -> None:
        model = model_for(purpose)
        assert model is not None
        model.ask(asked, told=lambda _: None)

    bare, bare_streamed = _bare(url, messages)
    for case, mine, theirs in (("whole answer", ours, bare), ("streamed answer", ours_streamed, bare_streamed)):
        (mine_ms, theirs_ms) = _taken(mine, theirs)
        over = median(mine_ms) - median(theirs_ms)
        yield Case(case, f"characters asked, {CALLS} calls", len(text))
        yield Case(case, "CPU of the bare client, p50", median(theirs_ms), "ms")
        yield Case(case, "CPU of a call, p50", median(mine_ms), "ms")
        yield Case(case, "CPU of a call, p95", quantiles(mine_ms, n=20)[-1], "ms")
        yield Case(case, "CPU of our layer, p50", over, "ms", f"<= {BAR_MS:.0f}", over <= BAR_MS)
    with CaptureQueriesContext(connection) as captured:
        ours()
    yield Case("whole answer", "statements, transactions' own included", len(captured))


def _taken(*whats: Callable[[], None]) -> list[list[float]]:
    """CPU in ms of each call, of all by turns."""
    taken: list[list[float]] = [[] for _ in whats]
    for number in range(WARM + CALLS):
        for place, what in enumerate(whats):
            began = time.process_time()
            what()
            if number >= WARM:
                taken[place].append(1000 * (time.process_time() - began))
    return taken


def _bare(url: str, messages: Any) -> tuple[Callable[[], None], Callable[[], None]]:
    """What OpenAI's client does with nothing around it, with a connection that it keeps."""
    import openai

    client = openai.OpenAI(base_url=url, api_key=KEY, max_retries=0)
    sent: Any = [{"role": each.role, "content": each.text} for each in messages]

    def whole() -> None:
        client.chat.completions.create(model="plain", messages=sent)

    def streamed() -> None:
        for _ in client.chat.completions.create(model="plain", messages=sent, stream=True):
            pass

    return whole, streamed
