"""Datasets: tables that are uploaded once and used by many runs."""

from __future__ import annotations

import builtins
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO, TypedDict, Unpack, overload
from uuid import UUID

from orchestrall_client.connection import Call, Connection, get
from orchestrall_client.files import Source, upload_of
from orchestrall_client.models import Dataset, DatasetDeleted, DatasetDetail
from orchestrall_client.pages import id_of, listed, moment

DatasetId = Dataset | UUID | str
PATH = "/api/v1/datasets"


class DatasetsNarrowed(TypedDict, total=False):
    """How a list of datasets is narrowed and ordered."""

    q: str
    since: datetime | None
    before: datetime | None
    order: str
    page_size: int | None


class Datasets:
    """`client.datasets`"""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def upload(
        self,
        source: Source,
        *,
        title: str = "",
        name: str | None = None,
        sheet: str = "",
        idempotency_key: str | None = None,
    ) -> DatasetDetail:
        """Store a table: CSV, XLSX or Parquet, told by its content, or a table of polars or pandas.

        `title` is what people call it, by default the file's name; `name` is that name where the source has none;
        `sheet` that of a workbook, by default its first. The answer comes once the whole file was read and checked:
        `InvalidRequest` names each row or column that cannot be used, and nothing of it is kept.
        """
        form = {key: value for key, value in (("title", title), ("sheet", sheet)) if value}
        with upload_of(source, name) as upload:
            call = Call("POST", PATH, form=form, upload=upload).once(idempotency_key)
            return self._connection.one(call, DatasetDetail)

    @overload
    def list(self, *, fields: None = None, **narrow: Unpack[DatasetsNarrowed]) -> Iterator[Dataset]: ...

    @overload
    def list(self, *, fields: Sequence[str], **narrow: Unpack[DatasetsNarrowed]) -> Iterator[dict[str, Any]]: ...

    def list(
        self,
        *,
        q: str = "",
        since: datetime | None = None,
        before: datetime | None = None,
        order: str = "",
        fields: Sequence[str] | None = None,
        page_size: int | None = None,
    ) -> Iterator[Any]:
        """The datasets: newest first, or in an `order` (`created_at`, `name`, or from above `-name`); `q` are
        words of the name.

        A page is asked for as it is reached. With `fields` each is a dict of these alone.
        """
        narrow = {"q": q, "since": moment(since, "since"), "before": moment(before, "before")}
        return listed(self._connection, PATH, Dataset, fields=fields, order=order, limit=page_size, **narrow)

    def get(self, dataset: DatasetId) -> DatasetDetail:
        """One dataset with the profile of its columns and its first rows."""
        return self._connection.one(get(self._at(dataset)), DatasetDetail)

    def rows(self, dataset: DatasetId, to: str | Path | BinaryIO) -> None:
        """Write all rows as CSV, in UTF-8. Text that a spreadsheet program would run begins with an apostrophe."""
        self._connection.download(get(f"{self._at(dataset)}/rows.csv"), to)

    def rename(self, dataset: DatasetId, name: str) -> DatasetDetail:
        """Give a dataset another name; its rows never change."""
        return self._connection.one(Call("PATCH", self._at(dataset), json={"name": name}), DatasetDetail)

    def delete(self, dataset: DatasetId) -> None:
        """Delete a dataset with its rows, for good. Runs that used it keep their results."""
        self._connection.json(Call("DELETE", self._at(dataset)))

    def delete_many(self, datasets: Iterable[DatasetId]) -> builtins.list[DatasetDeleted]:
        """Delete up to 100 datasets with one request: those that you may. Tells what became of each."""
        ids = [id_of(dataset, "dataset") for dataset in datasets]
        return self._connection.many(Call("POST", f"{PATH}/delete", json={"ids": ids}).once(), DatasetDeleted)

    @staticmethod
    def _at(dataset: DatasetId) -> str:
        return f"{PATH}/{id_of(dataset, 'dataset')}"
