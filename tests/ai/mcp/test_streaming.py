"""Calls of tools in threads: how many there may be, and what is told of their progress."""

from __future__ import annotations

import threading

import pytest

from apps.ai.mcp.server import streaming
from apps.common.errors import TooManyRequests
from apps.tenants.context import current_schema, tenant_context
from apps.tenants.models import Tenant


def test_a_tenant_that_has_enough_calls_in_hand_begins_no_more_and_others_do(
    acme: Tenant, globex: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streaming, "MOST_OF_A_TENANT", 1)
    over = threading.Event()

    def wait() -> dict[str, str]:
        over.wait(10)
        return {"schema": current_schema()}

    first = streaming.Work().begin(wait)
    with pytest.raises(TooManyRequests):
        streaming.Work().begin(wait)
    with tenant_context(globex):
        other = streaming.Work().begin(wait)
    assert streaming.within(first, 0.0) is None
    over.set()
    assert (first.result(10)["schema"], other.result(10)["schema"]) == (acme.schema_name, globex.schema_name)
    assert streaming.Work().begin(wait).result(10) == {"schema": acme.schema_name}


def test_the_newest_progress_is_told_once() -> None:
    work = streaming.Work()
    assert work.progress() is None
    for done in (1, 2, 2):
        work.tell(done, 3, "Counted")
    assert work.progress() == (2, 3, "Counted")
    assert work.progress() is None
