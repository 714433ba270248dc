"""Wake-ups that wait in a queue: whose they are decides whether a long turn ends (rule R10)."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from celery import current_app
from celery.worker import state

from apps.dispatch import wakeups
from apps.tenants.models import Tenant


@pytest.fixture(autouse=True)
def queue(acme: Tenant) -> Iterator[str]:
    """The list that the broker keeps for a queue of this test's own."""
    name = "flow-of-tests"
    key = wakeups._list(name)
    wakeups._redis().delete(key, wakeups._key("t_acme", name))
    yield name
    wakeups._redis().delete(key, wakeups._key("t_acme", name))


def send(tenant: str, queue: str) -> None:
    """As `wake` does: note it as outstanding, and lay it in the queue."""
    wakeups._redis().set(wakeups._key(tenant, queue), 1, px=60_000)
    wakeups._redis().lpush(wakeups._list(queue), tenant)


def messages(queue: str) -> list[dict[str, Any]]:
    """What lies in the queue, with its ids told apart from nothing else."""
    found = wakeups._redis().lrange(wakeups._list(queue), 0, -1)
    told = [json.dumps(json.loads(each)) for each in found]
    return [json.loads(re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "an id", each)) for each in told]


def test_one_wake_up_is_outstanding_at_most(queue: str) -> None:
    """Rule R10."""
    assert [wakeups.wake("t_acme", queue) for _ in range(3)] == [True, False, False]
    wakeups.received("t_acme", queue)
    assert wakeups.wake("t_acme", queue)
    assert len(messages(queue)) == 2


def test_a_wake_up_is_what_celery_would_send(queue: str) -> None:
    wakeups.wake("t_acme", queue)
    current_app.send_task(wakeups.TASK, args=["t_acme", queue], queue=queue, retry=False, ignore_result=True)
    theirs, ours = messages(queue)
    assert ours["properties"].pop("reply_to") == ""  # nobody waits for an answer
    del theirs["properties"]["reply_to"]
    assert ours == theirs


def test_each_wake_up_has_an_id_of_its_own(queue: str) -> None:
    for tenant in ("t_acme", "t_globex"):
        wakeups.wake(tenant, queue)
    wakeups._redis().delete(wakeups._key("t_globex", queue))
    found = [json.loads(each)["headers"]["id"] for each in wakeups._redis().lrange(wakeups._list(queue), 0, -1)]
    assert len(set(found) - {wakeups._NAME}) == 2


def test_a_tenant_does_not_make_way_for_its_own_wake_up(queue: str) -> None:
    assert not wakeups.others_waiting("t_acme", queue)
    send("t_acme", queue)
    assert not wakeups.others_waiting("t_acme", queue)


def test_a_tenant_makes_way_for_another(queue: str) -> None:
    send("t_globex", queue)
    assert wakeups.others_waiting("t_acme", queue)
    send("t_acme", queue)
    assert wakeups.others_waiting("t_acme", queue)
    wakeups._redis().delete(wakeups._key("t_globex", queue))


class Fetched:
    """A message that the worker's consumer has taken, as Celery keeps it."""

    def __init__(self, tenant: str, queue: str) -> None:
        self.args = [tenant, queue]


def test_a_tenant_makes_way_for_one_whose_wake_up_waits_for_a_thread_of_this_worker(queue: str) -> None:
    other = Fetched("t_globex", queue)
    state.reserved_requests.add(other)
    try:
        assert wakeups.others_waiting("t_acme", queue)
        assert not wakeups.others_waiting("t_globex", queue)
        assert not wakeups.others_waiting("t_acme", "another-queue")
        state.active_requests.add(other)
        assert not wakeups.others_waiting("t_acme", queue), "a thread is at it"
    finally:
        state.reserved_requests.discard(other)
        state.active_requests.discard(other)


def test_what_waits_in_the_queue_is_anothers_when_ones_own_was_fetched(queue: str) -> None:
    send("t_acme", queue)
    own = Fetched("t_acme", queue)
    state.reserved_requests.add(own)
    try:
        assert wakeups.others_waiting("t_acme", queue), "what is in the queue is not ours, which is here"
    finally:
        state.reserved_requests.discard(own)


def test_only_a_pool_of_processes_fetches_nothing_ahead() -> None:
    ask = "from orchestrall.settings import tasks; print(tasks.CELERY_WORKER_DISABLE_PREFETCH)"
    for process, answer in (("worker-cpu", "True"), ("worker-io", "False")):
        environment = {**os.environ, "ORCHESTRALL_PROCESS": process}
        done = subprocess.run([sys.executable, "-c", ask], env=environment, capture_output=True, text=True, check=True)
        assert done.stdout.split() == [answer]
