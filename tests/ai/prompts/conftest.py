from __future__ import annotations

from collections.abc import Callable

import pytest

from apps.accounts.models import User
from apps.ai.models import LanguageModel
from apps.ai.prompts import selectors, services
from apps.ai.prompts.schemas import Words
from apps.ai.prompts.selectors import Standing
from apps.ai.setup import services as setup
from apps.common import work
from apps.dispatch import turns, wakeups
from apps.dispatch.board import Board
from apps.dispatch.services import WorkDispatcher
from apps.tenants.models import Tenant
from tests.conftest import MakeMember

SAY = "dummy.say"


@pytest.fixture
def builder(member: MakeMember) -> User:
    return member("builder")


@pytest.fixture
def publish(builder: User) -> Callable[..., Standing]:
    """`publish(user="...", system="...", note="...")`: words of the prompt `dummy.say`."""

    def make(user: str = "Say: {counted}", system: str = "Be brief.", note: str = "") -> Standing:
        services.draft_save(who=builder, user=builder, key=SAY, words=Words(system=system, user=user))
        services.draft_publish(who=builder, user=builder, key=SAY, note=note)
        return selectors.prompt_get(who=builder, key=SAY)

    return make


@pytest.fixture
def models(member: MakeMember) -> list[LanguageModel]:
    admin = member("administrator")
    access = {"api_key": "x"}
    provider = setup.provider_create(who=admin, user=admin, kind="dummy.parrot", name="Parrots", access=access)
    return setup.models_add(who=admin, provider=provider, names=["green", "grey"])


@pytest.fixture
def work_off(acme: Tenant, monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    """`work_off()`: take a turn of a worker of the queue `io` in acme."""
    board = Board()
    monkeypatch.setattr(work, "_dispatcher", WorkDispatcher(board))
    monkeypatch.setattr(wakeups, "wake", lambda tenant, queue: True)
    return lambda: turns.turn(schema=acme.schema_name, queue="io", board=board)
