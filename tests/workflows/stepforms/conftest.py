"""Forms of steps without a database: agents and workflows are those of the test."""

from __future__ import annotations

import pytest

from apps.workflows.stepforms import picks, scope
from apps.workflows.stepforms.nodes import Choice
from tests.workflows.stepforms.posting import Shelf


@pytest.fixture(autouse=True)
def _shelf(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scope, "TenantCatalogue", Shelf)
    monkeypatch.setattr(scope, "samples_of", lambda **_: {})
    monkeypatch.setitem(picks.PICKS, "agent", lambda who: [Choice("demo.risk", "Risk of a payment", "finance")])
    monkeypatch.setitem(picks.PICKS, "workflow", lambda who: [Choice("payments", "Payments")])
    monkeypatch.setitem(picks.PICKS, "member", lambda who: [Choice("ada@acme.example", "Ada")])
