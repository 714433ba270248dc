from __future__ import annotations

import pytest

from apps.accounts.models import User
from apps.ai.models import LanguageModel, Provider
from apps.ai.setup import services
from tests.conftest import MakeMember


@pytest.fixture
def admin(member: MakeMember) -> User:
    return member("administrator")


@pytest.fixture
def provider(admin: User) -> Provider:
    access = {"api_key": "secret-of-parrots"}
    return services.provider_create(who=admin, user=admin, kind="dummy.parrot", name="Parrots", access=access)


@pytest.fixture
def models(admin: User, provider: Provider) -> list[LanguageModel]:
    return services.models_add(who=admin, provider=provider, names=["green", "grey"])
