"""Reads of models that are trained here. Each takes who asks and demands the permission in the call that fetches."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from django.db.models import QuerySet
from pydantic import BaseModel

from apps.ai.models import TrainedModel
from apps.ai.permissions import MODELS_VIEW
from apps.ai.training.contract import TRAINABLES, Gain, Metric, Trainable
from apps.common.errors import NotFound
from apps.common.permissions import Principal, demand
from apps.tenants.context import current_tenant

AnyTrainable = Trainable[Any, Any]
KEPT: Final = 100
"""Versions of a model that are kept: each new one takes the place of the oldest that is not promoted."""


class Judged(BaseModel):
    """What a training was judged by, as it is stored in `TrainedModel.metrics`."""

    metrics: list[Metric]
    gain: Gain
    notes: list[str] = []


@dataclass(frozen=True)
class Promoted:
    """A trained model that is in use."""

    number: int
    parameters: BaseModel = field(repr=False)


def trainables_list(*, who: Principal) -> list[AnyTrainable]:
    """What can be trained in the industries enabled here, by title."""
    demand(who, MODELS_VIEW)
    enabled = current_tenant().industries
    return sorted((each for each in TRAINABLES if each.industry in enabled), key=lambda each: each.title)


def trainable_get(*, who: Principal, key: str) -> AnyTrainable:
    """One of them. Raises `NotFound` where there is none, or its industry is not enabled here."""
    demand(who, MODELS_VIEW)
    found = TRAINABLES.get(key)
    if found is None or found.industry not in current_tenant().industries:
        raise NotFound(f"There is no model {key!r} to be trained here.", remedy="See the list of trained models.")
    return found


def trained_query(*, who: Principal, key: str = "") -> QuerySet[TrainedModel]:
    """Versions, newest first. Evaluate it before leaving the tenant."""
    demand(who, MODELS_VIEW)
    rows = TrainedModel.objects.select_related("created_by", "promoted_by").order_by("-id")
    return rows.filter(kind=key) if key else rows


def trained_get(*, who: Principal, trainable: AnyTrainable, id: UUID, lock: bool = False) -> TrainedModel:
    """One version. Raises `NotFound`."""
    rows = trained_query(who=who, key=trainable.key).filter(pk=id)
    found = (rows.select_for_update(of=("self",)) if lock else rows).first()
    if found is None:
        raise NotFound(f"{trainable.title} has no such version here.", remedy="See the list of its versions.")
    return found


def trained_by_id(*, who: Principal, id: UUID) -> TrainedModel:
    """A version of whatever is trained here, by its id. Raises `NotFound`."""
    found = trained_query(who=who).filter(pk=id).first()
    if found is None:
        raise NotFound("There is no trained model of this id here.", remedy="See the list of trained models.")
    return found


def judged_of(row: TrainedModel) -> Judged | None:
    return Judged.model_validate(row.metrics) if row.metrics else None


def promoted_of(keys: Collection[str]) -> dict[str, Promoted]:
    """Those of these models that are in use in the current tenant. One statement; none for no keys.

    One that was trained by another release is left out: its parameters may mean something else by now.
    """
    if not keys:
        return {}
    rows = TrainedModel.objects.filter(kind__in=list(keys), is_promoted=True).only(
        "id", "kind", "kind_version", "number", "parameters"
    )
    return {
        row.kind: Promoted(row.number, trainable.parameters_type.model_validate(row.parameters))
        for row in rows
        if (trainable := TRAINABLES.get(row.kind)) and trainable.version == row.kind_version
    }


_VERSIONS: Final = """
select coalesce(jsonb_object_agg(kind, number), '{}') from ai_trainedmodel
where is_promoted and (kind, kind_version) in (select * from unnest(%s::text[], %s::text[]))
"""


def versions_query(keys: Collection[str]) -> tuple[str, list[Any]]:
    """The SQL, with its parameters, that selects what `versions_of` tells of the models in use, as one JSON object: for
    who asks for something else in the same statement."""
    ours = [(each.key, each.version) for key in keys if (each := TRAINABLES.get(key))]
    return _VERSIONS, [[key for key, _ in ours], [version for _, version in ours]]


def versions_of(trained: Mapping[str, Promoted]) -> dict[str, int]:
    """The numbers of models in use, by their keys."""
    return {key: promoted.number for key, promoted in trained.items()}


def parameters_of(trained: Mapping[str, Promoted]) -> Callable[[str], BaseModel | None]:
    """What agents ask for the parameters of a model in use."""
    return lambda key: trained[key].parameters if key in trained else None
