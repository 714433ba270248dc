from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.aiserver import AiServer, loopback_allowed


@pytest.fixture(scope="module")
def served() -> Iterator[AiServer]:
    with loopback_allowed(), AiServer() as server:
        yield server


@pytest.fixture
def server(served: AiServer) -> AiServer:
    """The scripted server; nothing was asked of it yet."""
    served.forget()
    return served
