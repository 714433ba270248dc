"""Datasets: tables that are uploaded once and used by many runs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO
from uuid import UUID

from orchestrall_client.connection import Call, Connection, get
from orchestrall_client.files import Source, upload_of
from orchestrall_client.models import Dataset, DatasetDetail
from orchestrall_client.pages import id_of, items

DatasetId = Dataset | UUID | str
PATH = "/api/v1/datasets"


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

    def list(self, *, q: str = "", page_size: int | None = None) -> Iterator[Dataset]:
        """The datasets, newest first; `q` are words that the name contains. A page is asked for as it is reached."""
        return items(self._connection, get(PATH, q=q, limit=page_size), Dataset.model_validate)

    def get(self, dataset: DatasetId) -> DatasetDetail:
        """One dataset with the profile of its columns and its first rows."""
        return self._connection.one(get(self._at(dataset)), DatasetDetail)

    def rows(self, dataset: DatasetId, to: str | Path | BinaryIO) -> None:
        """Write all rows as CSV, in UTF-8. Text that a spreadsheet program would run begins with an apostrophe."""
        self._connection.download(get(f"{self._at(dataset)}/rows.csv"), to)

    def delete(self, dataset: DatasetId) -> None:
        """Delete a dataset with its rows, for good. Runs that used it keep their results."""
        self._connection.json(Call("DELETE", self._at(dataset)))

    @staticmethod
    def _at(dataset: DatasetId) -> str:
        return f"{PATH}/{id_of(dataset, 'dataset')}"
