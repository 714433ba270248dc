from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from apps.tenants.models import Tenant
from tests.accounts.sso.ground import Ground, Peers, connect, peers
from tests.aiserver import loopback_allowed


@pytest.fixture(scope="session")
def providers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Peers]:
    folder: Path = tmp_path_factory.mktemp("saml")
    with peers(folder) as found:
        yield found


@pytest.fixture
def ground(providers: Peers, acme: Tenant, globex: Tenant) -> Iterator[Any]:
    with loopback_allowed():
        for tenant in (acme, globex):
            connect(providers, tenant)
        yield Ground(providers, acme, globex)
