"""Wake-ups that wait in a queue: whose they are decides whether a long turn ends (rule R10)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
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
