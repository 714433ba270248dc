"""Every fault of a provider of models, by the real client: each call ends clearly, in time, with its cost accounted."""

from __future__ import annotations

import os
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import django

from tests.aiserver import AiServer, connect, loopback_allowed
from tests.measuring import Case
from tests.running import installation

SECONDS = 3.0
"""That a call may take."""
GRACE = 1.0
"""Seconds after which it has ended all the same."""
AT_ONCE, CALLERS = 4, 32
COST = Decimal("0.0004")
"""Of an answer of the server, by the prices of `connect`."""
RESERVED = Decimal(-1)
"""Stands for what was reserved: nobody knows whether the provider charges it."""
SCHEMA = {"type": "object", "properties": {"answer": {"type": "integer"}}, "required": ["answer"]}


@dataclass(frozen=True)
class Scenario:
    """What a model does, and what has to become of a call of it."""

    model: str
    ends: str
    """`answered`, `refused`, `calls`, or the code of the problem."""
    paid: tuple[Decimal, ...]
    """Of each row of the ledger, in order."""
    by_schema: bool = False
    behind: tuple[str, ...] = ()
    """Models that are asked next."""
    key: str = ""
    """Another than the server's."""
    stops_after: float | None = None
    """Seconds until whoever asked says stop."""
    streamed: bool | None = None
    """Whether it holds for streams only, or for whole answers only; None: for both."""


SCENARIOS = (
    Scenario("plain", "answered", (COST,)),
    Scenario("no-usage", "answered", ()),
    Scenario("tool-call", "calls", (COST,)),
    Scenario("parallel-tool-calls", "calls", (COST,)),
    Scenario("refusal", "refused", (COST,)),
    Scenario("malformed-arguments", "model_answer_unusable", (COST, COST)),
    Scenario("malformed-json", "model_answer_unusable", (COST, COST), by_schema=True),
    Scenario("wrong-schema", "model_answer_unusable", (COST, COST), by_schema=True),
    Scenario("cut-answer", "model_answer_unusable", (COST,), by_schema=True),
    Scenario("rate-limited-long", "model_failed", (Decimal(0),)),
    Scenario("used-up", "model_misconfigured", (Decimal(0),)),
    Scenario("too-long", "model_failed", (Decimal(0),)),
    Scenario("unheard-of", "model_not_there", (Decimal(0),)),
    Scenario("plain", "model_misconfigured", (Decimal(0),), key="wrong"),
    Scenario("moved", "model_misconfigured", (Decimal(0),)),
    Scenario("not-json", "model_misanswered", (RESERVED,), streamed=False),
    Scenario("half-json", "model_misanswered", (RESERVED,), streamed=False),
    Scenario("huge", "model_failed", (RESERVED,), streamed=False),
    Scenario("hang", "model_unavailable", (RESERVED,)),
    Scenario("slow-drip", "model_unavailable", (RESERVED,)),
    Scenario("hang", "model_stopped", (RESERVED,), stops_after=0.3),
    Scenario("slow-drip", "model_stopped", (RESERVED,), stops_after=0.3),
    Scenario("hang", "answered", (RESERVED, COST), behind=("plain",)),
    Scenario("rate-limited-long", "answered", (Decimal(0), COST), behind=("plain",)),
    Scenario("unheard-of", "answered", (Decimal(0), COST), behind=("plain",)),
)
"""Those whose tries take their waits (429, 500, a cut stream) are told by `repeated`."""


def measure() -> Iterator[Case]:
    with tempfile.TemporaryDirectory() as folder, installation(Path(folder), demo=False) as program:
        os.environ |= program.environment | {"ORCHESTRALL_LOG_LEVEL": "ERROR"}
        django.setup()
        from apps.tenants.context import tenant_context
        from apps.tenants.services import tenant_create

        tenant = tenant_create(slug="drill", name="Drill", industry="retail", now=True)
        with tenant_context(tenant), loopback_allowed(), AiServer() as server:
            yield from scenarios(server, seconds=SECONDS)
            yield from repeated(server)
            yield from crowded(server, tenant)


def scenarios(
    server: AiServer,
    *,
    seconds: float,
    chosen: Sequence[Scenario] = SCENARIOS,
    kinds: Sequence[str] = ("compatible", "openai"),
) -> Iterator[Case]:
    """Each scenario whole and streamed, over chat completions and over the Responses API."""
    from apps.ai.models import Budget

    Budget.objects.get_or_create(scope="tenant", period="month", defaults={"money": Decimal(1_000)})
    for kind in kinds:
        wrong, slowest, number = [], 0.0, 0
        for each in chosen:
            for streamed in (False, True) if each.streamed is None else (each.streamed,):
                seen, took = _played(server, each, kind=kind, streamed=streamed, seconds=seconds)
                number, slowest = number + 1, max(slowest, took)
                if seen:
                    wrong.append(f"{each.model}{' streamed' if streamed else ''}: {seen}")
        told = "; ".join(wrong[:3]) or "0"
        yield Case(f"{number} scenarios, {kind}", "that ended otherwise than told", told, bar="0", holds=not wrong)
        latest = seconds + GRACE
        yield Case(f"{number} scenarios, {kind}", "slowest", slowest, "s", f"<= {latest:g}", slowest <= latest)
    yield from _accounted("all scenarios")


def _played(server: AiServer, scenario: Scenario, *, kind: str, streamed: bool, seconds: float) -> tuple[str, float]:
    """What was otherwise than it has to be, and how long it took."""
    from apps.ai.models import ModelCall, Provider
    from apps.common.ids import uuid7

    Provider.objects.all().delete()
    before = uuid7()
    models = connect(server, scenario.model, *scenario.behind, kind=kind)
    if scenario.key:
        provider = models[0].provider
        provider.access = {**provider.access, "key": scenario.key}
        provider.save()
    begun = time.monotonic()
    ended = _asked(scenario, streamed=streamed, seconds=seconds)
    took = time.monotonic() - begun
    rows = list(ModelCall.objects.filter(id__gt=before).order_by("id"))
    expected = [
        row.reserved_money if paid == RESERVED else paid for row, paid in zip(rows, scenario.paid, strict=False)
    ]
    if ended != scenario.ends:
        return f"{ended} instead of {scenario.ends}", took
    if scenario.paid and (len(rows) != len(scenario.paid) or [row.money for row in rows] != expected):
        return f"paid {[str(row.money) for row in rows]}", took
    if any(row.status == ModelCall.Status.OPEN for row in rows):
        return "a row is open", took
    return "", took


def _asked(scenario: Scenario, *, streamed: bool, seconds: float) -> str:
    """How it ended, in a word."""
    from apps.ai.calling import model_for
    from apps.ai.contract import Message, Purpose, Request, ToolOffer
    from apps.common.errors import Problem

    tool = ToolOffer(name="look_up", description="Look it up.", parameters={"type": "object", "properties": {}})
    asked = Request(messages=(Message(role="user", text="How is it?"),), tools=() if scenario.by_schema else (tool,))
    if scenario.by_schema:
        asked = asked.model_copy(update={"answer_schema": SCHEMA})
    stop = threading.Event()
    if scenario.stops_after is not None:
        threading.Timer(scenario.stops_after, stop.set).start()
    model = model_for(Purpose("test"), seconds=seconds, stopping=stop.is_set)
    if model is None:
        return "no model"
    try:
        reply = model.ask(asked, told=(lambda _: None) if streamed else None)
    except Problem as problem:
        return problem.code
    return "refused" if reply.refusal else "calls" if reply.calls else "answered"


def repeated(server: AiServer) -> Iterator[Case]:
    """Faults that pass: tried again after a wait, in one call of whoever asked."""
    from apps.ai.models import ModelCall, Provider
    from tests.aiserver import Fail, Say

    passing: tuple[tuple[str, Any, int, int], ...] = (
        ("429 with Retry-After: 1", Fail(429, headers={"Retry-After": "1"}), 1, 2),
        ("500", Fail(500), 1, 2),
        ("503", Fail(503), 1, 2),
        ("an answer that breaks off", Say("All is well.", breaks_after=0), 2, 2),
    )
    for case, fault, rows, tries in passing:
        Provider.objects.all().delete()
        ModelCall.objects.all().delete()
        connect(server, "plain")
        server.queue("plain", fault)
        ended = _asked(Scenario("plain", "answered", ()), streamed=False, seconds=10.0)
        made = list(ModelCall.objects.all())
        holds = ended == "answered" and len(made) == rows and sum(each.attempts for each in made) == tries
        told = f"{ended}, {sum(each.attempts for each in made)} tries in {len(made)} rows"
        yield Case(case, "ended", told, bar=f"{tries} in {rows}", holds=holds)


def crowded(server: AiServer, tenant: Any) -> Iterator[Case]:
    """Many callers at once, at a provider that takes few and of whose answers one in four breaks off."""
    from django.db import connection

    from apps.ai.models import ModelCall, Provider
    from apps.tenants.context import tenant_context
    from tests.aiserver import Asked, Say

    Provider.objects.all().delete()
    ModelCall.objects.all().delete()
    connect(server, "crowded", at_once=AT_ONCE)
    lock, under_way, most, number, ends = threading.Lock(), 0, 0, 0, list[str]()

    def answer(asked: Asked) -> Say:
        nonlocal under_way, most, number
        with lock:
            under_way, number = under_way + 1, number + 1
            most, breaks = max(most, under_way), number % 4 == 0
        time.sleep(0.05)
        with lock:
            under_way -= 1
        return Say("All is well.", breaks_after=0 if breaks else None)

    def one() -> None:
        with tenant_context(tenant):
            ends.append(_asked(Scenario("crowded", "answered", ()), streamed=False, seconds=60.0))
        connection.close()

    server.always("crowded", answer)
    threads = [threading.Thread(target=one) for _ in range(CALLERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    case, answered = f"{CALLERS} callers at once", ends.count("answered")
    yield Case(case, "at the provider at once", most, bar=f"<= {AT_ONCE}", holds=most <= AT_ONCE)
    yield Case(case, "answered", answered, bar=f"{CALLERS}", holds=answered == CALLERS)
    sent, rows = number, ModelCall.objects.count()
    yield Case(case, "rows for requests that may be charged", rows, bar=f"{sent}", holds=rows == sent)
    yield from _accounted(case)


def _accounted(case: str) -> Iterator[Case]:
    """The ledger and the budget say the same, and nothing is left reserved."""
    from django.db.models import Sum

    from apps.ai.models import BudgetAccount, ModelCall

    left = ModelCall.objects.filter(status=ModelCall.Status.OPEN).count()
    yield Case(case, "rows left open", left, bar="0", holds=left == 0)
    held = BudgetAccount.objects.aggregate(reserved=Sum("reserved_money"), spent=Sum("spent_money"))
    yield Case(case, "left reserved", str(held["reserved"].normalize()), bar="0", holds=held["reserved"] == 0)
    if not case.startswith("all"):
        return
    paid = ModelCall.objects.aggregate(paid=Sum("money"))["paid"]
    yield Case(case, "on the budget", str(held["spent"]), bar=f"{paid}", holds=held["spent"] == paid)
