"""Nothing personal leaves by any way in, and everything comes back: `run.py drill redaction` in small."""

from __future__ import annotations

import pytest

from apps.ai.masking import Masker, PersonalDataStays
from apps.ai.models import AiPolicy, ModelCall
from apps.tenants.models import Tenant
from tests.ai import leaving
from tests.ai.leaving import WAYS, plant
from tests.ai.personal_data import items
from tests.aiserver import AiServer, connect, loopback_allowed


@pytest.fixture
def own(committed_db: str, acme: Tenant) -> Tenant:
    return acme


def test_no_personal_data_leaves_and_all_of_it_comes_back(own: Tenant) -> None:
    with loopback_allowed(), AiServer() as server:
        outcome = plant(server, "everyday", 10 * leaving.AT_ONCE)
    assert set(outcome.planted) == set(WAYS)
    assert outcome.left == []
    assert outcome.not_restored == []
    calls = ModelCall.objects.all()
    assert len(calls) > 10
    assert all(call.masked for call in calls)
    assert not any(item.is_in(str((call.sent, call.masked))) for call in calls for item in items("everyday", 50))


def test_whoever_looks_for_what_left_would_find_it(own: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Masker, "_spans", lambda self, text, label: [])
    with loopback_allowed(), AiServer() as server:
        outcome = plant(server, "unmasked", 10 * leaving.AT_ONCE)
    assert len(outcome.left) == 10 * leaving.AT_ONCE
    assert outcome.not_restored == []


def test_with_the_switch_a_document_is_refused_before_anything_is_sent(own: Tenant) -> None:
    AiPolicy.objects.create(keeps_personal_data=True)
    with loopback_allowed(), AiServer() as server:
        connect(server, "echo")
        with pytest.raises(PersonalDataStays):
            WAYS["document"](list(items("x", 2)))
        assert server.asked == []
        assert WAYS["question"](list(items("x", 2)))
    assert ModelCall.objects.count() == 1
