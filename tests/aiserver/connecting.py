"""A tenant that is connected to the server."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from apps.ai.models import LanguageModel

PRICES = {"price_input": Decimal(2), "price_cached": Decimal(1), "price_output": Decimal(10)}
"""For a million tokens. An answer of `Say` that is not told otherwise costs 0.0004."""


class Served(Protocol):
    """An `AiServer`, here or in another process."""

    @property
    def url(self) -> str: ...
    @property
    def key(self) -> str: ...


@contextmanager
def loopback_allowed() -> Iterator[None]:
    """Let requests of tenants reach this machine, as an operator may."""
    from django.test import override_settings  # the server itself needs no settings

    with override_settings(OUTBOUND_NETWORKS=["127.0.0.1/32"]):
        yield


def connect(
    server: Served, *models: str, agent: str = "", kind: str = "compatible", name: str = "Scripted", **options: Any
) -> list[LanguageModel]:
    """Connect the server in the current tenant, and choose these models of it for an agent, in this order, after those
    that are chosen already. `options` are of the models, or `at_once` of the provider."""
    from apps.ai.models import LanguageModel, ModelChoice, Provider

    access = {"base_url": server.url, "key": server.key}
    at_once = options.pop("at_once", 8)
    provider, _ = Provider.objects.get_or_create(
        name=name, defaults={"kind": kind, "access": access, "at_once": at_once}
    )
    made = [LanguageModel.objects.create(provider=provider, name=each, **{**PRICES, **options}) for each in models]
    taken = ModelChoice.objects.filter(agent_key=agent).count()
    for place, model in enumerate(made, start=taken):
        ModelChoice.objects.create(agent_key=agent, position=place, model=model)
    return made
