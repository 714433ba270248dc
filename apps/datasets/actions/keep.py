"""Keep rows that an agent has found as a dataset."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.urls import reverse
from pydantic import Field

from apps.common.actions import ActionKind, Outcome
from apps.common.permissions import Principal, demand
from apps.common.schemas import StrictModel
from apps.datasets.permissions import DATASETS_UPLOAD
from apps.datasets.selectors import rows_frame
from apps.datasets.services import dataset_from_frame

if TYPE_CHECKING:
    from apps.accounts.models import User


class Rows(StrictModel):
    name: str = Field(min_length=1, max_length=200)
    rows: list[dict[str, Any]] = Field(min_length=1, max_length=10_000)


class KeepRows(ActionKind[Rows]):
    """Keep rows as a dataset."""

    kind, title, permission, icon = "datasets.create", "Keep rows as a dataset", DATASETS_UPLOAD, "database"

    def perform(self, *, who: Principal, user: User | None, arguments: Rows) -> Outcome:
        demand(who, DATASETS_UPLOAD)
        frame = rows_frame(arguments.rows).drop("__row__")
        made = dataset_from_frame(frame=frame, name=arguments.name, filename="rows.parquet", user=user)
        count = f"{made.rows:,} row{'' if made.rows == 1 else 's'}"
        return Outcome(f"The dataset {made.name} keeps {count}.", reverse("datasets:dataset", args=[made.pk]))
