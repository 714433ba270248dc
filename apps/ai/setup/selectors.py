"""Reads of how models are set up. What a person asks for is fetched and permitted in one call."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from apps.ai.askers import Asker, askers_of
from apps.ai.contract import PROVIDER_KINDS, ProviderKind
from apps.ai.models import AiPolicy, LanguageModel, ModelChoice, Provider
from apps.ai.permissions import MODELS_VIEW
from apps.common.errors import NotFound
from apps.common.permissions import Principal, demand
from apps.console.schemaforms import shape_of
from apps.console.schemaforms.secrets import masked


@dataclass(frozen=True)
class Mode:
    """Whether there is a model to ask, and what to say of it. It tells nothing of how models are reached."""

    models: tuple[str, ...]
    """In the order in which they are asked; none: analytic mode."""
    why: str = ""
    """Why there is none, in a sentence."""

    @property
    def is_analytic(self) -> bool:
        return not self.models

    @property
    def title(self) -> str:
        return "Analytic mode" if self.is_analytic else f"Explained by {self.models[0]}"

    @property
    def text(self) -> str:
        if self.is_analytic:
            return f"Everything works, and nothing is sent to a model. {self.why}"
        others = f" and, where that does not answer, by {', '.join(self.models[1:])}" if self.models[1:] else ""
        return f"What models do is done by {self.models[0]}{others}. Figures are computed as always."


def mode(agent_key: str = "") -> Mode:
    """How it stands for an agent, or for those without models of their own. For every page: two statements at most."""
    rows = ModelChoice.objects.filter(Q(agent_key=agent_key) | Q(agent_key="")).select_related("model__provider")
    every = list(rows.order_by("position"))
    chosen = [row for row in every if row.agent_key == agent_key] or every
    models = tuple(row.model.name for row in chosen if row.model.is_enabled and row.model.provider.is_enabled)
    if models:
        return Mode(models)
    if chosen:
        return Mode((), "The models that were chosen are turned off.")
    connected = Provider.objects.exists()
    return Mode((), "No model is chosen." if connected else "No provider of models is connected.")


@dataclass(frozen=True)
class Choice:
    """The models of an agent, in their order."""

    agent_key: str
    title: str
    rows: list[ModelChoice]
    others: list[LanguageModel]
    """That may be added."""
    icon: str = "robot"


@dataclass(frozen=True)
class Setup:
    """All that the page shows."""

    providers: list[Provider]
    models: list[LanguageModel]
    default: Choice
    own: list[Choice]
    """Of agents that have a choice of their own."""
    askers: dict[str, Asker]
    policy: AiPolicy


def setup_get(*, who: Principal) -> Setup:
    """How models are set up in the current tenant. Four statements, and those of the sources of agents."""
    demand(who, MODELS_VIEW)
    providers = list(providers_query(who=who).prefetch_related("models"))
    models = [model for provider in providers for model in provider.models.all()]
    for model in models:
        model.provider = next(each for each in providers if each.pk == model.provider_id)
    askers = askers_of(who)
    found: dict[str, list[ModelChoice]] = {}
    for row in choices_query(who=who):
        found.setdefault(row.agent_key, []).append(row)
    own = [
        Choice(key, asker.title if asker else key, rows, _others(models, rows), asker.icon if asker else "robot")
        for key, rows in found.items()
        if key
        for asker in [askers.get(key)]
    ]
    held = found.get("", [])
    default = Choice("", "Every agent without models of its own", held, _others(models, held))
    own.sort(key=lambda choice: choice.title)
    return Setup(providers, models, default, own, askers, policy_get(who=who))


def _others(models: list[LanguageModel], rows: list[ModelChoice]) -> list[LanguageModel]:
    chosen = {row.model_id for row in rows}
    return [model for model in models if model.pk not in chosen]


def providers_query(*, who: Principal) -> QuerySet[Provider]:
    """The providers, by name. Evaluate it before leaving the tenant."""
    demand(who, MODELS_VIEW)
    return Provider.objects.select_related("created_by")


def provider_get(*, who: Principal, id: UUID, lock: bool = False) -> Provider:
    """One of them, locked for the rest of the transaction where it is to be changed. Raises `NotFound`."""
    rows = providers_query(who=who).filter(pk=id)
    found = (rows.select_for_update(of=("self",)) if lock else rows).first()
    if found is None:
        raise NotFound("There is no such provider of models here.", remedy="See the list of providers.")
    return found


def models_query(*, who: Principal, provider: Provider | None = None) -> QuerySet[LanguageModel]:
    """Models with their providers, by name. Evaluate it before leaving the tenant."""
    demand(who, MODELS_VIEW)
    rows = LanguageModel.objects.select_related("provider").order_by("provider__name", "name")
    return rows.filter(provider=provider) if provider else rows


def model_get(*, who: Principal, id: UUID, lock: bool = False) -> LanguageModel:
    """One of them. Raises `NotFound`."""
    rows = models_query(who=who).filter(pk=id)
    found = (rows.select_for_update(of=("self",)) if lock else rows).first()
    if found is None:
        raise NotFound("There is no such model here.", remedy="See the list of models.")
    return found


def choices_query(*, who: Principal, agent_key: str | None = None) -> QuerySet[ModelChoice]:
    """What is chosen, for one agent or for all, in the order in which it is asked."""
    demand(who, MODELS_VIEW)
    rows = ModelChoice.objects.select_related("model__provider").order_by("agent_key", "position")
    return rows if agent_key is None else rows.filter(agent_key=agent_key)


def policy_get(*, who: Principal, lock: bool = False) -> AiPolicy:
    """What holds for all models; the defaults where nobody has said anything."""
    demand(who, MODELS_VIEW)
    rows = AiPolicy.objects.select_for_update() if lock else AiPolicy.objects.all()
    return rows.filter(pk=1).first() or AiPolicy()


def kind_get(*, who: Principal, key: str) -> ProviderKind[Any]:
    """A kind of provider. Raises `NotFound`."""
    demand(who, MODELS_VIEW)
    found = PROVIDER_KINDS.get(key)
    if found is None:
        known = ", ".join(PROVIDER_KINDS.keys()) or "none"
        raise NotFound(f"There is no kind of provider {key!r}.", remedy=f"The kinds are: {known}.")
    return found


def access_shown(provider: Provider) -> dict[str, Any]:
    """How it is reached, as people and programs may see it: of a secret only that it is set."""
    kind = PROVIDER_KINDS.get(provider.kind)
    if kind is None:  # its library was taken out: what is secret is not known
        return {}
    shown: dict[str, Any] = masked(shape_of(kind.settings_type), provider.access)
    return shown
