"""How models of language are set up: providers and their models, and which of them are asked for whom."""

from __future__ import annotations

import builtins
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote
from uuid import UUID

from orchestrall_client.connection import Call, Connection, get
from orchestrall_client.model_setup_models import (
    LanguageModel,
    ModelChoice,
    ModelMode,
    ModelPolicy,
    Provider,
    ProviderKind,
)
from orchestrall_client.pages import id_of, listed
from orchestrall_client.payloads import plain

ProviderId = Provider | UUID | str
ModelId = LanguageModel | UUID | str
PROVIDERS = "/api/v1/model-providers"
MODELS = "/api/v1/language-models"
CHOICES = "/api/v1/model-choices"
POLICY = "/api/v1/model-policy"


class ModelSetup:
    """`client.models`

    provider = client.models.connect("Our own", "compatible", {"base_url": "https://models.acme.example/v1"})
    if client.models.test(provider).problem is None:
        (model,) = client.models.add(provider, ["small-1"], settings={"price_input": 2.5, "price_output": 10})
        client.models.choose([model])
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def mode(self) -> ModelMode:
        """Whether there is a model to ask, for agents without models of their own."""
        return self._connection.one(get("/api/v1/model-mode"), ModelMode)

    def kinds(self) -> builtins.list[ProviderKind]:
        """The kinds of providers that are installed."""
        answer = self._connection.json(get("/api/v1/model-provider-kinds"))
        return [ProviderKind.model_validate(each) for each in answer["items"]]

    def providers(self, *, fields: Sequence[str] | None = None, page_size: int | None = None) -> Iterator[Any]:
        """The providers that are connected, newest first. With `fields` each is a dict of these alone."""
        return listed(self._connection, PROVIDERS, Provider, fields=fields, limit=page_size)

    def provider(self, provider: ProviderId) -> Provider:
        """One of them as it is now."""
        return self._connection.one(get(_provider(provider)), Provider)

    def connect(
        self,
        name: str,
        kind: str,
        access: Mapping[str, Any],
        *,
        at_once: int = 8,
        idempotency_key: str | None = None,
    ) -> Provider:
        """Connect a provider; it is not reached by this. `Conflict` where the name is taken."""
        body = {"name": name, "kind": kind, "access": plain(access), "at_once": at_once}
        return self._connection.one(Call("POST", PROVIDERS, json=body).once(idempotency_key), Provider)

    def change(self, provider: ProviderId, **changes: Any) -> Provider:
        """Change `name`, `access`, `at_once` or `is_enabled`. A secret that is left out of `access` stays, except
        where the address has another host."""
        return self._connection.one(Call("PATCH", _provider(provider), json=plain(changes)), Provider)

    def test(self, provider: ProviderId) -> Provider:
        """Ask a provider which models it offers: look at its `problem` and at what it `offered`."""
        return self._connection.one(Call("POST", f"{_provider(provider)}/test").once(), Provider)

    def disconnect(self, provider: ProviderId) -> None:
        """Delete a provider with its models, out of every choice too."""
        self._connection.json(Call("DELETE", _provider(provider)))

    def add(
        self, provider: ProviderId, names: Sequence[str], *, settings: Mapping[str, Any] | None = None
    ) -> builtins.list[LanguageModel]:
        """Add models of a provider by its names for them. One that is there already stays as it is."""
        body = {"names": [*names], "settings": None if settings is None else plain(settings)}
        answer = self._connection.json(Call("POST", f"{_provider(provider)}/models", json=body).once())
        return [LanguageModel.model_validate(each) for each in answer["items"]]

    def list(self, *, fields: Sequence[str] | None = None, page_size: int | None = None) -> Iterator[Any]:
        """The models of all providers, newest first. With `fields` each is a dict of these alone."""
        return listed(self._connection, MODELS, LanguageModel, fields=fields, limit=page_size)

    def get(self, model: ModelId) -> LanguageModel:
        """What a model costs, and how much it takes."""
        return self._connection.one(get(_model(model)), LanguageModel)

    def save(self, model: ModelId, **settings: Any) -> LanguageModel:
        """Say what a model costs and takes: what is left out is as it is by default."""
        return self._connection.one(Call("PUT", _model(model), json=plain(settings)), LanguageModel)

    def remove(self, model: ModelId) -> None:
        """Take a model out, of every choice too."""
        self._connection.json(Call("DELETE", _model(model)))

    def choices(self) -> dict[str, ModelChoice]:
        """Which models are asked for whom, by agent; `default` is for all others."""
        answer = self._connection.json(get(CHOICES))
        return {each["agent"]: ModelChoice.model_validate(each) for each in answer["items"]}

    def choice(self, agent: str = "default") -> ModelChoice:
        """Which models are asked for an agent."""
        return self._connection.one(get(f"{CHOICES}/{quote(agent, safe='')}"), ModelChoice)

    def choose(self, models: Sequence[ModelId], agent: str = "default") -> ModelChoice:
        """Have these models asked for an agent, in this order. None: it has no choice of its own any more."""
        ids = [id_of(model, "model") for model in models]
        call = Call("PUT", f"{CHOICES}/{quote(agent, safe='')}", json={"models": ids})
        return self._connection.one(call, ModelChoice)

    def policy(self) -> ModelPolicy:
        """What holds for all models."""
        return self._connection.one(get(POLICY), ModelPolicy)

    def set_policy(self, *, keeps_personal_data: bool, currency: str) -> ModelPolicy:
        """Say what holds for all models."""
        body = {"keeps_personal_data": keeps_personal_data, "currency": currency}
        return self._connection.one(Call("PUT", POLICY, json=body), ModelPolicy)


def _provider(provider: ProviderId) -> str:
    return f"{PROVIDERS}/{id_of(provider, 'provider')}"


def _model(model: ModelId) -> str:
    return f"{MODELS}/{id_of(model, 'model')}"
