"""Rules of the protocol: where leases live, who waits for whom, what is seen, and in which order is locked.

`docs/guides/engine.md` says for each rule which tests show it.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.accounts.models import User
from apps.agents import services as agents
from apps.agents.models import AgentRun
from apps.common import work
from apps.dispatch import rows
from apps.dispatch.models import WorkRow
from apps.tenants.context import tenant_context
from apps.tenants.models import Tenant
from apps.workflows import calls, pump, services, store
from apps.workflows.approvals.deciding import approval_decide
from apps.workflows.models import Approval, HttpCall, WorkflowRun
from tests.workflows.conftest import MakeWorkflow, Work, ledger
from tests.workflows.test_engine import give
from tests.workflows.test_faults import claim, expire
from tests.workflows.test_pump import AMOUNT, Start, after, chain

APPROVAL = {"ask": {"kind": "approval", "question": "Yes?"}, "then": give(1)}


def elsewhere(tenant: Tenant, call: Callable[[], Any]) -> None:
    """Do something in a thread of its own, with a connection of its own, and wait until it is committed."""
    raised: list[BaseException] = []

    def run() -> None:
        try:
            with tenant_context(tenant):
                call()
        except BaseException as error:  # noqa: BLE001  # told to the test
            raised.append(error)
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(30)
    assert not thread.is_alive(), "it waits for somebody"
    assert raised == []


@contextmanager
def locked(tenant: Tenant, id: Any) -> Iterator[None]:
    """Somebody slow has locked a work row, as while a decision is being committed."""
    held, done = threading.Event(), threading.Event()

    def hold() -> None:
        try:
            with tenant_context(tenant), connection.cursor() as cursor:
                cursor.execute("begin")
                cursor.execute("select 1 from public.dispatch_work where id = %s for no key update", [id])
                held.set()
                done.wait(30)
                cursor.execute("rollback")
        finally:
            connection.close()

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait(30)
    try:
        yield
    finally:
        done.set()
        thread.join(30)


def test_no_table_of_a_tenant_has_a_lease_or_a_fence_and_no_work_row_holds_data(acme: Tenant) -> None:
    """Rule R1."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select table_schema, table_name, column_name from information_schema.columns "
            "where column_name ~ '(^|_)(lease|fenc)' and table_schema !~ '^(pg_|information_schema)'"
        )
        homes = {(schema, table) for schema, table, _ in cursor.fetchall()}
        cursor.execute(
            "select column_name, data_type from information_schema.columns where table_name = 'dispatch_work'"
        )
        columns = dict(cursor.fetchall())
    assert homes == {("public", "dispatch_work")}
    assert not {"json", "jsonb", "bytea", "text"} & set(columns.values())


def test_a_clock_that_goes_wrong_moves_no_lease(
    acme: Tenant, workflow: MakeWorkflow, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rule R1: the times of work rows are the database's, whatever this machine takes for the time."""
    from django.utils import timezone

    real = timezone.now
    for hours in (-1, 1):
        monkeypatch.setattr(timezone, "now", lambda hours=hours: real() + timedelta(hours=hours))
        start(workflow(chain(1), name=f"clock-{hours + 1}", inputs=AMOUNT), amount=1)
        [taken] = claim(acme)
        assert claim(acme) == [], "its lease has not run out"
        assert 0 < rows.renew([taken])[taken.id, taken.kind, taken.tenant].left <= 5
    assert not WorkRow.objects.filter(due_at__gt=real()).exists()


def test_one_run_that_somebody_slow_has_locked_holds_up_no_other(
    committed_db: str, acme: Tenant, workflow: MakeWorkflow, start: Start, worked: Work
) -> None:
    """Rule R2: its row is left out of the round, and its step is done again once it is free."""
    made = workflow(chain(2), inputs=AMOUNT)
    runs = [start(made, amount=n) for n in range(4)]
    turn = pump.Pump(claim(acme))
    with locked(acme, runs[1].id):
        turn._round()
    assert [len(ledger(run)) for run in runs] == [1, 0, 1, 1]
    turn.run()
    for run in runs:
        assert after(run).status == "succeeded"
        assert ledger(run) == [(n, -1, 1, "succeeded") for n in range(2)]


def test_a_pump_writes_nothing_for_a_run_that_another_one_has_in_hand(
    acme: Tenant, workflow: MakeWorkflow, start: Start
) -> None:
    """Rule R2: its row is there, and its fence is somebody else's."""
    run = start(workflow(chain(2), inputs=AMOUNT), amount=1)
    stale = pump.Pump(claim(acme))
    expire()
    [taken] = claim(acme)
    stale.run()
    assert ledger(run) == []
    assert after(run).status == "queued"
    assert work.still_ours([taken]) == [taken]


@pytest.mark.parametrize("moment", ["claimed", "loaded", "committing"])
def test_a_decision_is_seen_by_who_has_the_run_in_hand_at_whatever_moment_it_comes(
    moment: str,
    committed_db: str,
    acme: Tenant,
    workflow: MakeWorkflow,
    start: Start,
    worked: Work,
    member: Callable[..., User],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Rule R3: after the claim, after the ledger was read, and while the run is being given back; with no other wake-up
    and no other turn."""
    approver = member("approver")
    run = start(workflow(APPROVAL))
    worked()
    assert after(run).status == "waiting"
    asked = Approval.objects.get()

    def decide() -> None:
        approval_decide(who=approver, user=approver, approval=asked, approved=True)

    elsewhere(acme, lambda: work.signal("workflows.run", run.id))  # so that somebody takes it in hand
    claims = claim(acme)
    if moment == "claimed":
        elsewhere(acme, decide)
    turn = pump.Pump(claims)
    if moment == "loaded":
        elsewhere(acme, decide)
    if moment == "committing":
        real, decided = store.commit, list[int]()

        def commit(*what: Any) -> Any:
            if not decided:
                decided.append(1)
                elsewhere(acme, decide)
            return real(*what)

        monkeypatch.setattr(store, "commit", commit)
    turn.run()
    assert after(run).status == "succeeded"
    assert not WorkRow.objects.filter(kind="workflows.run").exists()


_WRITES = re.compile(
    r'^\s*(?:update\s+(?:public\.)?"?(\w+)|delete\s+from\s+"?(\w+)|.*\bfrom\s+(?:public\.)?"?(\w+)"?.*\bfor\s+(?:no\s+key\s+)?update)',
    re.IGNORECASE | re.DOTALL,
)


def locks_in_order(queries: Any) -> list[str]:
    """The tables whose rows each statement locks first, in the order in which that happens."""
    found = []
    for each in queries:
        sql = each["sql"]
        if "dispatch_work" in sql and not re.match(r"\s*select\b(?!.*\bfor\b.*\bupdate)", sql, re.I | re.S):
            found.append("dispatch_work")
        elif match := _WRITES.match(sql):
            found.append(next(name for name in match.groups() if name))
    return found


def test_whoever_changes_a_run_from_outside_locks_its_work_row_before_its_own_rows(
    acme: Tenant, workflow: MakeWorkflow, start: Start, worked: Work, builder: User, member: Callable[..., User]
) -> None:
    """Rule R5: two who lock in one order never wait for each other."""
    approver = member("approver")
    waiting = workflow(APPROVAL)
    ask = {"ask": {"kind": "agent", "agent": "dummy.stepper", "input": {"seconds": 0}}}
    agent = workflow(ask, name="agent")
    call = workflow({"call": {"kind": "http", "url": "http://127.0.0.1:1/", "body": {}}}, name="call")

    def made(which: Any) -> WorkflowRun:
        run = start(which)
        worked("flow")
        return after(run)

    open_run, other, paused, decided = (made(waiting) for _ in range(4))
    services.run_pause(who=builder, run=paused)
    approval = Approval.objects.get(run=decided)
    HttpCall.objects.filter(run=made(call)).update(status="unknown")
    agent_run = AgentRun.objects.get(caller=made(agent).id)
    changes: dict[str, Callable[[], Any]] = {
        "cancel": lambda: services.run_cancel(who=builder, run=open_run),
        "pause": lambda: services.run_pause(who=builder, run=other),
        "resume": lambda: services.run_resume(who=builder, run=paused),
        "decide": lambda: approval_decide(who=approver, user=approver, approval=approval, approved=True),
        "settle": lambda: calls.call_settle(
            who=builder, user=builder, call=HttpCall.objects.get(), happened=True, note="Looked"
        ),
        "cancel an agent's run": lambda: agents.run_cancel(run=agent_run),
    }
    for name, change in changes.items():
        with CaptureQueriesContext(connection) as caught:
            change()
        order = locks_in_order(caught)
        assert order, name
        assert order[0] == "dispatch_work", f"{name}: {order}"
