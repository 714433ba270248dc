"""Wake-ups that wait in a queue: whose they are decides whether a long turn ends (rule R10)."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest
from celery.worker import state
from django.conf import settings

from apps.dispatch import wakeups
from apps.tenants.models import Tenant


@pytest.fixture(autouse=True)
def queue(acme: Tenant) -> Iterator[str]:
    """The list that the broker keeps for a queue of this test's own."""
    name = "flow-of-tests"
    key = f"{settings.CELERY_BROKER_TRANSPORT_OPTIONS['global_keyprefix']}{name}"
    wakeups._redis().delete(key, wakeups._key("t_acme", name))
    yield name
    wakeups._redis().delete(key, wakeups._key("t_acme", name))


def send(tenant: str, queue: str) -> None:
    """As `wake` does: note it as outstanding, and lay it in the queue."""
    wakeups._redis().set(wakeups._key(tenant, queue), 1, px=60_000)
    wakeups._redis().lpush(f"{settings.CELERY_BROKER_TRANSPORT_OPTIONS['global_keyprefix']}{queue}", tenant)


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
