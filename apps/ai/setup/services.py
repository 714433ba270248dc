"""Writes of how models are set up: providers, their models, choices, and what holds for all."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import UUID

from django.db import IntegrityError, transaction
from pydantic import BaseModel, ValidationError

from apps.accounts.models import User
from apps.ai import auditing
from apps.ai.askers import askers_of
from apps.ai.contract import PROVIDER_KINDS
from apps.ai.models import AiPolicy, LanguageModel, ModelChoice, Provider
from apps.ai.permissions import MODELS_MANAGE
from apps.ai.setup import selectors
from apps.ai.setup.connecting import Tested, connection_test
from apps.ai.setup.schemas import ModelSettings
from apps.audit.services import Subject, record
from apps.common.errors import Conflict, InvalidInput, Issue
from apps.common.permissions import Principal, demand
from apps.console.schemaforms import shape_of
from apps.console.schemaforms.secrets import MASK, dumped, kept, replaced

MOST_AT_ONCE: Final = 1_000
MOST_OFFERED: Final = 1_000
"""Names of models that are kept of what a provider offers."""
MOST_CHOSEN: Final = 10
"""Models that are tried one after the other."""
_ADDRESS: Final = re.compile(r"\s*https?:", re.IGNORECASE)
_CURRENCY: Final = re.compile(r"[A-Z]{3}")


def provider_create(
    *, who: Principal, user: User | None, kind: str, name: str, access: Mapping[str, Any], at_once: int = 8
) -> Provider:
    """Connect a provider. It is not tested by this: `provider_test` does.

    Raises `NotFound` for a kind that there is not, `InvalidInput` with an issue for each place, `Conflict` for a name
    that is taken.
    """
    demand(who, MODELS_MANAGE)
    settings_type = selectors.kind_get(who=who, key=kind).settings_type
    made = Provider(kind=kind, name=_name(name), access=_access(settings_type, access, {}), created_by=user)
    made.at_once = _at_once(at_once)
    with _once(f"There is a provider called {made.name} already."):
        made.save(force_insert=True)
        record(auditing.PROVIDER_CONNECTED, who=who, subject=made, after=_told(made))
    return made


def provider_change(
    *,
    who: Principal,
    provider: Provider,
    name: str | None = None,
    access: Mapping[str, Any] | None = None,
    at_once: int | None = None,
    is_enabled: bool | None = None,
    seen: int | None = None,
) -> Provider:
    """Change what is given. A secret that is sent as it was shown, or left out, stays as it is; it does not go along
    to another host. `seen` is the `seq` that was looked at.

    Raises `InvalidInput`, and `Conflict` where somebody else has changed it in between or the name is taken.
    """
    demand(who, MODELS_MANAGE)
    with transaction.atomic():
        row = selectors.provider_get(who=who, id=provider.pk, lock=True)
        if seen is not None and seen != row.seq:
            raise Conflict(
                f"Somebody else has changed {row.name} in the meantime; nothing was stored.",
                remedy="Look at how it is now, and make your change to that.",
            )
        before, held = _told(row), row.access
        if name is not None:
            row.name = _name(name)
        if access is not None:
            row.access = _access(selectors.kind_get(who=who, key=row.kind).settings_type, access, row.access)
        if at_once is not None:
            row.at_once = _at_once(at_once)
        if is_enabled is not None:
            row.is_enabled = is_enabled
        row.seq += 1
        with _once(f"There is a provider called {row.name} already."):
            row.save()
        record(
            auditing.PROVIDER_CHANGED, who=who, subject=row, before=before, after=_told(row),
            **_secrets_told(row, held),
        )  # fmt: skip
    return row


def provider_test(*, who: Principal, provider: Provider) -> Tested:
    """Ask a provider which models it has, and keep what came of it. The network is asked outside any transaction of
    this call's own."""
    demand(who, MODELS_MANAGE)
    tested = connection_test(provider)
    problem = tested.problem
    told = (
        {"code": problem.code, "title": problem.title, "detail": problem.detail, "remedy": problem.remedy}
        if problem
        else None
    )
    with transaction.atomic():
        row = selectors.provider_get(who=who, id=provider.pk, lock=True)
        row.checked_at, row.problem = tested.at, told
        if problem is None:
            row.offered = tested.models[:MOST_OFFERED]
        row.save(update_fields=["checked_at", "problem", "offered"])
        found = problem.code if problem else f"{len(tested.models):,} models"
        record(auditing.PROVIDER_TESTED, who=who, subject=row, found=found)
    return tested


def provider_delete(*, who: Principal, provider: Provider) -> None:
    """Delete a provider with its models, out of every choice too. The ledger keeps what was spent on them."""
    demand(who, MODELS_MANAGE)
    with transaction.atomic():
        keys = ModelChoice.objects.filter(model__provider=provider).values_list("agent_key", flat=True)
        touched = set(keys)
        record(auditing.PROVIDER_DELETED, who=who, subject=provider, before=_told(provider), chosen_for=touched)
        provider.delete()
        _close_ranks(touched)


def models_add(
    *, who: Principal, provider: Provider, names: Sequence[str], settings: ModelSettings | None = None
) -> list[LanguageModel]:
    """Add models of a provider by the names that it has for them. One that is there already stays as it is.

    Returns them in that order. Raises `InvalidInput` where a name cannot be one.
    """
    demand(who, MODELS_MANAGE)
    wanted = list(dict.fromkeys(_model_name(name, at) for at, name in enumerate(names)))
    if not wanted:
        raise InvalidInput("No model was named; nothing was added.", issues=[Issue(path="names", message="Name one.")])
    values = (settings or ModelSettings()).model_dump()
    rows = [LanguageModel(provider=provider, name=name, **values) for name in wanted]
    with transaction.atomic():
        LanguageModel.objects.bulk_create(rows, ignore_conflicts=True)
        record(auditing.MODELS_ADDED, who=who, subject=provider, after=values, names=wanted)
    found = {row.name: row for row in LanguageModel.objects.filter(provider=provider).select_related("provider")}
    return [found[name] for name in wanted]


def model_change(*, who: Principal, model: LanguageModel, settings: ModelSettings) -> LanguageModel:
    """What a model costs and takes, from now on. What was spent stays as it was counted."""
    demand(who, MODELS_MANAGE)
    before = auditing.model_told(model)
    for name, value in settings.model_dump().items():
        setattr(model, name, value)
    with transaction.atomic():
        model.save()
        after = auditing.model_told(model)
        record(auditing.MODEL_CHANGED, who=who, subject=model, before=before, after=after)
    return model


def model_delete(*, who: Principal, model: LanguageModel) -> None:
    """Delete a model, out of every choice too."""
    demand(who, MODELS_MANAGE)
    with transaction.atomic():
        touched = set(ModelChoice.objects.filter(model=model).values_list("agent_key", flat=True))
        before = auditing.model_told(model)
        record(auditing.MODEL_DELETED, who=who, subject=model, before=before, chosen_for=touched)
        model.delete()
        _close_ranks(touched)


def choices_save(*, who: Principal, agent_key: str, models: Sequence[UUID]) -> list[ModelChoice]:
    """Choose which models are asked for an agent, in their order; for "" those of every agent without its own. None:
    it has no choice of its own any more.

    Raises `InvalidInput` for an agent or a model that there is not, or one named twice.
    """
    demand(who, MODELS_MANAGE)
    if agent_key and agent_key not in askers_of(who):
        raise InvalidInput(
            "Nothing was stored.", issues=[Issue(path="agent", message=f"There is no agent {agent_key!r} here.")]
        )
    known = {model.pk: model for model in LanguageModel.objects.filter(pk__in=models)}
    issues = [
        Issue(path=f"models.{at}", message="There is no such model here." if id not in known else "It is named twice.")
        for at, id in enumerate(models)
        if id not in known or id in models[:at]
    ]
    if len(models) > MOST_CHOSEN:
        issues.append(Issue(path="models", message=f"Choose {MOST_CHOSEN} at most."))
    if issues:
        raise InvalidInput("The choice cannot be used; nothing was stored.", issues=issues)
    with _once("Somebody else has changed this choice in the meantime."), transaction.atomic():
        held = ModelChoice.objects.filter(agent_key=agent_key).order_by("position")
        before = {"models": list(held.values_list("model__name", flat=True))}
        held.delete()
        rows = [ModelChoice(agent_key=agent_key, position=at, model=known[id]) for at, id in enumerate(models)]
        ModelChoice.objects.bulk_create(rows)
        after = {"models": [row.model.name for row in rows]}
        if before != after:
            chooser = Subject("ai.asker", agent_key, agent_key or "every agent without its own")
            record(auditing.CHOICE_CHANGED, who=who, subject=chooser, before=before, after=after)
    return rows


def policy_save(*, who: Principal, user: User | None, keeps_personal_data: bool, currency: str) -> AiPolicy:
    """What holds for all models. Prices, budgets and what was spent stay the figures that they are when the currency
    changes. Raises `InvalidInput`."""
    demand(who, MODELS_MANAGE)
    currency = currency.strip().upper()
    if not _CURRENCY.fullmatch(currency):
        issue = Issue(path="currency", message="Write the three letters of a currency, such as USD or EUR.")
        raise InvalidInput("Nothing was stored.", issues=[issue])
    values = {"keeps_personal_data": keeps_personal_data, "currency": currency, "changed_by": user}
    with transaction.atomic():
        held = selectors.policy_get(who=who, lock=True)
        before = _policy_told(held)
        policy, _ = AiPolicy.objects.update_or_create(pk=1, defaults=values)
        if before != _policy_told(policy):
            subject = Subject("ai.policy", "", "all models")
            record(auditing.POLICY_CHANGED, who=who, subject=subject, before=before, after=_policy_told(policy))
    return policy


def _policy_told(policy: AiPolicy) -> dict[str, Any]:
    return {"keeps_personal_data": policy.keeps_personal_data, "currency": policy.currency}


def _told(provider: Provider) -> dict[str, Any]:
    return auditing.provider_told(provider, selectors.access_shown(provider))


def _secrets_told(provider: Provider, held: Mapping[str, Any]) -> dict[str, Any]:
    """That a secret is another one now, where it is."""
    kind = PROVIDER_KINDS.get(provider.kind)
    other = kind is not None and replaced(shape_of(kind.settings_type), provider.access, held)
    return {"replaced": "a secret"} if other else {}


def _access(settings_type: type[BaseModel], access: Mapping[str, Any], held: Mapping[str, Any]) -> dict[str, Any]:
    """How a provider is reached, checked, as it is stored."""
    shape = shape_of(settings_type)
    secrets = [part.name for part in shape.parts if part.kind == "secret"]
    wanted = {**{name: MASK for name in secrets if held.get(name) and name not in access}, **access}
    unknown = sorted(set(wanted) - set(settings_type.model_fields))
    if unknown:
        known = ", ".join(settings_type.model_fields) or "none"
        issues = [
            Issue(path=f"access.{name}", message=f"There is no such setting. There are: {known}.") for name in unknown
        ]
        raise InvalidInput("The settings cannot be used; nothing was stored.", issues=issues)
    moved = _hosts(wanted) - _hosts(held)
    carried = [name for name in secrets if wanted.get(name) == MASK and held.get(name)]
    if held and moved and carried:
        issues = [
            Issue(path=f"access.{name}", message=f"Enter it again: it does not go along to {', '.join(sorted(moved))}.")
            for name in carried
        ]
        raise InvalidInput("The address has another host; nothing was stored.", issues=issues)
    try:
        return dumped(settings_type.model_validate(kept(shape, wanted, held)))
    except ValidationError as error:
        raise InvalidInput.from_pydantic(error, path="access") from error


def _hosts(access: Mapping[str, Any]) -> set[str]:
    """Scheme, host and port of all addresses among the settings, however they are written: what a credential is for."""
    texts = [value.strip() for value in access.values() if isinstance(value, str) and _ADDRESS.match(value)]
    parts = map(urlsplit, texts)
    return {f"{each.scheme}://{each.netloc.rpartition('@')[2].lower()}" for each in parts}


def _close_ranks(agent_keys: set[str]) -> None:
    """Number the places of choices anew where models have gone."""
    for key in agent_keys:
        for at, row in enumerate(ModelChoice.objects.filter(agent_key=key).order_by("position")):
            if row.position != at:
                ModelChoice.objects.filter(pk=row.pk).update(position=at)


def _name(name: str) -> str:
    name = " ".join(name.split())
    if not name or len(name) > 60 or not name.isprintable():
        issue = Issue(path="name", message="Give it a name of 1 to 60 printable characters.")
        raise InvalidInput("The provider has no usable name; nothing was stored.", issues=[issue])
    return name


def _model_name(name: str, at: int) -> str:
    name = name.strip()
    if not name or len(name) > 120 or not name.isprintable():
        issue = Issue(path=f"names.{at}", message="Write 1 to 120 printable characters, as the provider names it.")
        raise InvalidInput("A model has no usable name; nothing was added.", issues=[issue])
    return name


def _at_once(number: int) -> int:
    if not 1 <= number <= MOST_AT_ONCE:
        issue = Issue(path="at_once", message=f"Allow 1 to {MOST_AT_ONCE:,} calls at once.")
        raise InvalidInput("The provider cannot be set up so; nothing was stored.", issues=[issue])
    return number


@contextmanager
def _once(taken: str) -> Iterator[None]:
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        raise Conflict(f"{taken} Nothing was stored.", remedy="Look at what is there, and try again.") from error


def kind_title(provider: Provider) -> str:
    """What a person knows the kind by."""
    kind = PROVIDER_KINDS.get(provider.kind)
    return kind.title if kind else provider.kind
