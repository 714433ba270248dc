"""Spend a budget from many sides at once, and kill -9 who spends it: no call too many, none lost, none booked twice."""

from __future__ import annotations

import os
import random
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import django

from tests.aiserver import AiServer, Asked, Say, connect, loopback_allowed
from tests.measuring import Case
from tests.running import installation

CALLS, ROOM = 50, 10
KILLS, AT_ONCE = 6, 2
"""Processes that are killed, and how many ask at the same time."""
MARK = re.compile(r"MARK (\S+) END")


def measure() -> Iterator[Case]:
    with tempfile.TemporaryDirectory() as folder, installation(Path(folder), demo=False) as program:
        os.environ |= program.environment | {"ORCHESTRALL_LOG_LEVEL": "CRITICAL"}
        django.setup()
        from apps.tenants.context import tenant_context
        from apps.tenants.services import tenant_create

        tenant = tenant_create(slug="drill", name="Drill", industry="retail", now=True)
        with tenant_context(tenant), loopback_allowed(), AiServer() as server:
            for limit in ("tokens", "money"):
                yield from at_once(server, tenant, limit)
            yield from killed(server, tenant)


def at_once(server: AiServer, tenant: Any, limit: str, *, calls: int = CALLS, room: int = ROOM) -> Iterator[Case]:
    """So many calls together, on a budget that has room for few: no answer comes before every call has been decided."""
    from django.db import connection

    from apps.ai.models import Budget, ModelCall
    from apps.tenants.context import tenant_context

    _begin(server, "gated", at_once=calls)
    asked_once = _ask("00")
    (first,) = ModelCall.objects.all()
    room_for = {"tokens": first.reserved_tokens * room, "money": first.reserved_money * room}
    ModelCall.objects.all().delete()
    Budget.objects.create(scope="tenant", period="month", **{limit: room_for[limit]})
    server.forget()
    gate, ends, lock = threading.Event(), Counter[str](), threading.Lock()

    def held(asked: Asked) -> Say:
        gate.wait(60)
        return Say("All is well.")

    def one(number: int) -> None:
        with tenant_context(tenant):
            end = _ask(f"{number:02}")
        with lock:
            ends[end] += 1
            if ends["budget_spent"] >= calls - room:
                gate.set()
        connection.close()

    server.always("gated", held)
    threads = [threading.Thread(target=one, args=(number,)) for number in range(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    case = f"{calls} calls at once, {limit} for {room}"
    sent = len(server.asked)
    yield Case(case, "a call alone", asked_once, bar="answered", holds=asked_once == "answered")
    yield Case(case, "that left", sent, bar=f"{room}", holds=sent == room)
    yield Case(case, "answered", ends["answered"], bar=f"{room}", holds=ends["answered"] == room)
    refused = ends["budget_spent"]
    yield Case(case, "told that the budget is spent", refused, bar=f"{calls - room}", holds=refused == calls - room)
    yield from _booked(case)


def killed(server: AiServer, tenant: Any, *, kills: int = KILLS, side_by_side: int = AT_ONCE) -> Iterator[Case]:
    """Processes that ask without end are killed one after the other, each in the middle of its calls."""
    from django.utils import timezone

    from apps.ai.budgets.services import calls_lapse
    from apps.ai.models import Budget, ModelCall

    _begin(server, "slow", at_once=100)
    Budget.objects.create(scope="tenant", period="month", money=1_000, tokens=10**12)
    Budget.objects.create(scope="agent", period="day", money=1_000)
    chance = random.Random(5)
    lock = threading.Lock()

    def slow(asked: Asked) -> Say:
        with lock:
            pause = chance.uniform(0.0, 0.2)
        time.sleep(pause)
        return Say("All is well.")

    server.always("slow", slow)
    running: list[subprocess.Popen[bytes]] = []
    try:
        for number in range(kills):
            running.append(_asker(tenant.schema_name, f"p{number}"))
            _wait_for(server, f"p{number}-")
            if len(running) > side_by_side:
                running.pop(0).kill()
    finally:
        for process in running:
            process.kill()
            process.wait()
    time.sleep(0.5)  # what was under way at the server ends there
    rows = [_mark(str(row.sent)) for row in ModelCall.objects.all()]
    came = Counter(_mark(asked.raw) for asked in server.asked)
    case = f"{kills} processes killed -9 in their calls"
    open_ = list(ModelCall.objects.filter(status=ModelCall.Status.OPEN).values_list("pk", flat=True))
    yield Case(case, "requests that left", sum(came.values()), bar="> 0", holds=bool(came))
    yield Case(case, "calls that were cut off", len(open_), bar="> 0", holds=bool(open_))
    lost = len(set(came) - set(rows))
    yield Case(case, "requests that the ledger does not have", lost, bar="0", holds=lost == 0)
    twice = sum(number - 1 for number in Counter(rows).values())
    yield Case(case, "calls that it has twice", twice, bar="0", holds=twice == 0)
    yield from _booked(f"{case}, before anybody looked")
    # Their time is over.
    ModelCall.objects.filter(status=ModelCall.Status.OPEN).update(until=timezone.now())
    calls_lapse()
    # Not all that there are: on a slow machine the time of some was over before the last process was killed.
    unknown = ModelCall.objects.filter(status=ModelCall.Status.UNKNOWN, pk__in=open_).count()
    yield Case(case, "of these said to be not known", unknown, bar=f"{len(open_)}", holds=unknown == len(open_))
    yield from _booked(f"{case}, afterwards")


def _begin(server: AiServer, model: str, *, at_once: int) -> None:
    """Nothing is spent, and this model is asked."""
    from apps.ai.models import Budget, ModelCall, Provider

    for kind in (Budget, ModelCall, Provider):
        kind._default_manager.all().delete()
    server.forget()
    server.always(model, Say("All is well."))
    connect(server, model, at_once=at_once)


def _ask(mark: str) -> str:
    """How one call ended, in a word."""
    from apps.ai.calling import model_for
    from apps.ai.contract import Message, Purpose, Request
    from apps.common.errors import Problem

    model = model_for(Purpose("test"), seconds=90.0)
    if model is None:
        return "no model"
    try:
        model.ask(Request(messages=(Message(role="user", text=f"MARK {mark} END"),)))
    except Problem as problem:
        return problem.code
    return "answered"


def _booked(case: str) -> Iterator[Case]:
    """Each account has reserved what its open calls reserved, and spent what the others took: to the last place."""
    from apps.ai.models import BudgetAccount, ModelCall

    calls, wrong = list(ModelCall.objects.defer("sent", "answered")), 0
    for account in BudgetAccount.objects.all():
        mine = [call for call in calls if str(account.pk) in call.accounts]
        open_ = [call for call in mine if call.status == ModelCall.Status.OPEN]
        ended = [call for call in mine if call.status != ModelCall.Status.OPEN]
        tokens = sum(call.tokens_input + call.tokens_output for call in ended)
        wrong += account.reserved_money != sum(call.money for call in open_)
        wrong += account.spent_money != sum(call.money for call in ended)
        wrong += account.reserved_tokens != sum(call.reserved_tokens for call in open_)
        wrong += account.spent_tokens != tokens
    yield Case(case, "sums of budgets that differ from the ledger", wrong, bar="0", holds=wrong == 0)


def _asker(schema: str, name: str) -> subprocess.Popen[bytes]:
    argv = [sys.executable, "-m", "tests.drills._spending", schema, name]
    return subprocess.Popen(argv, env=dict(os.environ), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def _wait_for(server: AiServer, begins: str, *, requests: int = 6, within: float = 120.0) -> None:
    until = time.monotonic() + within
    while sum(_mark(asked.raw).startswith(begins) for asked in list(server.asked)) < requests:
        if time.monotonic() > until:
            raise RuntimeError(f"The process {begins} asked nothing within {within:.0f} s.")
        time.sleep(0.05)


def _mark(text: str) -> str:
    found = MARK.search(text)
    return found[1] if found else ""
