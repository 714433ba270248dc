"""Reads of datasets. What a person asks for is fetched and permitted in one call."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Set
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db.models import Q, QuerySet

from apps.common.demo import DemoDataset, demo_tenants
from apps.common.errors import NotFound
from apps.common.permissions import Principal, demand
from apps.common.spans import created_within
from apps.datasets import files
from apps.datasets.models import Dataset
from apps.datasets.permissions import DATASETS_DELETE, DATASETS_UPLOAD, DATASETS_VIEW
from apps.tenants.context import current_tenant

if TYPE_CHECKING:
    import polars

PAGE = 30
RECENT = 50
GONE = "There is no such dataset here; it may have been deleted."


@dataclass(frozen=True)
class DatasetPage:
    datasets: list[Dataset]
    page: int
    pages: int
    found: int


def datasets_query(
    *, who: Principal, search: str = "", since: datetime | None = None, before: datetime | None = None
) -> QuerySet[Dataset]:
    """The datasets, newest first, without what is heavy. `search` looks at their names and those of their files."""
    demand(who, DATASETS_VIEW)
    wanted = Q()
    for word in search.replace("\x00", "").split():  # a byte that the database has no text with
        wanted &= Q(name__icontains=word) | Q(filename__icontains=word)
    found = Dataset.objects.filter(wanted).select_related("created_by").defer(*Dataset.HEAVY)
    return created_within(found, since=since, before=before)


def datasets_page(*, who: Principal, search: str = "", page: int = 1) -> DatasetPage:
    """One page of datasets, in two statements."""
    rows = datasets_query(who=who, search=search)
    found = rows.count()
    pages = max(1, -(-found // PAGE))
    page = min(max(1, page), pages)
    return DatasetPage(list(rows[(page - 1) * PAGE : page * PAGE]), page, pages, found)


def datasets_recent(*, who: Principal) -> list[Dataset]:
    """The newest datasets, for choosing one; none for those who may not see datasets."""
    return list(datasets_query(who=who)[:RECENT]) if who.can(DATASETS_VIEW) else []


def dataset_get(*, who: Principal, id: UUID, lock: bool = False) -> Dataset:
    """One dataset with its profile and first rows, locked for the rest of the transaction where it is to be changed.

    Raises `NotFound` where there is none in this tenant.
    """
    demand(who, DATASETS_VIEW)
    return dataset_by_id(id, lock=lock)


def dataset_by_id(id: UUID, *, lock: bool = False) -> Dataset:
    """The dataset, for work that was permitted already. Raises `NotFound`."""
    datasets = Dataset.objects.select_related("created_by")
    dataset = (datasets.select_for_update(of=("self",)) if lock else datasets).filter(pk=id).first()
    if dataset is None:
        raise NotFound(GONE, remedy="Choose another one, or upload the file again.")
    return dataset


def datasets_finder(*, who: Principal, ids: Set[UUID]) -> Callable[[UUID], Dataset]:
    """A function that finds each of `ids` as `dataset_get` does. One statement for all; none where there are none."""
    if not ids:
        return lambda id: dataset_get(who=who, id=id)
    demand(who, DATASETS_VIEW)
    there = Dataset.objects.select_related("created_by").in_bulk(list(ids))

    def find(id: UUID) -> Dataset:
        if id not in there:
            raise NotFound(GONE, remedy="Choose another one, or upload the file again.")
        return there[id]

    return find


def datasets_by_id(*, who: Principal, ids: Set[UUID], lock: bool = False) -> dict[UUID, Dataset]:
    """Those of `ids` that are datasets here, by id, without what is heavy. One statement, which may lock them."""
    demand(who, DATASETS_VIEW)
    found = Dataset.objects.filter(pk__in=ids).defer(*Dataset.HEAVY).order_by("id")
    return {dataset.pk: dataset for dataset in (found.select_for_update() if lock else found)}


def dataset_frame(dataset: Dataset) -> polars.DataFrame:
    """All rows. Columns of CSV and XLSX are text; `__row__` is the row in the source file, its header being row 1.

    Raises `NotFound` when the file is not there.
    """
    try:
        return files.frame_of(files.path_of(dataset.pk))
    except FileNotFoundError as error:
        raise _lost(dataset) from error


def dataset_csv(dataset: Dataset) -> Iterator[str]:
    """All rows as CSV in pieces. Raises `NotFound` when the file is not there."""
    try:
        return files.csv_of(files.path_of(dataset.pk))
    except FileNotFoundError as error:
        raise _lost(dataset) from error


def rows_frame(rows: list[dict[str, Any]]) -> polars.DataFrame:
    """Rows given inline as a table of text; `__row__` counts from 1. Raises `InvalidInput` for nested cells."""
    return files.frame_of_rows(rows)


def samples_list() -> list[DemoDataset]:
    """Generated tables to try things with: those of the industries enabled here, in the order of the industries."""
    order = current_tenant().industries
    demos = sorted((demo for demo in demo_tenants() if demo.industry in order), key=lambda d: order.index(d.industry))
    return [sample for demo in demos for sample in demo.datasets]


def may_change(*, who: Principal, user_id: UUID | None, dataset: Dataset) -> bool:
    """Whether `who`, being the user of this id, may rename or delete the dataset: their own, or everybody's."""
    own = user_id is not None and dataset.created_by_id == user_id
    return who.can(DATASETS_DELETE) or (own and who.can(DATASETS_UPLOAD))


def _lost(dataset: Dataset) -> NotFound:
    return NotFound(
        f"The rows of “{dataset.name}” are not in the storage any more.",
        remedy="Upload the file again, or ask the operator to restore it from a backup.",
    )
