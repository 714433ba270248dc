from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.accounts.models import User
from apps.agents.models import AgentWatch
from tests.agents.conftest import Start


def drifting(key: str, **more: Any) -> None:
    AgentWatch.objects.create(agent_key=key, drifting_since=timezone.now(), **more)


def test_an_agent_that_drifts_needs_attention_and_shows_it_beside_its_health(
    builder: User, client_for: Callable[..., Client], finished: Start
) -> None:
    finished(builder)
    AgentWatch.objects.create(agent_key="dummy.counter")
    browser = client_for(builder)
    assert "Drifts" not in browser.get("/").content.decode()
    drifting("dummy.decider", falls_back=True)
    shown = browser.get("/").content.decode()
    assert "Decider decides otherwise than it did" in shown
    assert "Each new decision waits for a person." in shown
    assert shown.count("/agents/dummy.decider/drift/") == 2


def test_the_dashboard_takes_as_many_statements_however_many_agents_drift(
    builder: User, client_for: Callable[..., Client], finished: Start
) -> None:
    finished(builder)
    browser = client_for(builder)

    def statements() -> int:
        browser.get("/")
        with CaptureQueriesContext(connection) as seen:
            browser.get("/")
        return len(seen)

    few = statements()
    for key in ("dummy.decider", "dummy.counter", "dummy.gone"):
        drifting(key)
    assert statements() == few
