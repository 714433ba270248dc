"""What the API says about datasets, and what it takes."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from django.core.files.uploadedfile import UploadedFile
from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema

from apps.common.schemas import StrictModel
from apps.datasets.models import Dataset
from apps.datasets.reading.shapes import Column, Kind
from apps.gateway.pagination import Created

_DATASET: dict[str, Any] = {
    "id": "0192f3a4-b5c6-7d8e-9f00-112233445566",
    "name": "Weekly sales",
    "filename": "weekly.csv",
    "format": "csv",
    "read_as": "UTF-8 text, separated by commas",
    "size_bytes": 48211,
    "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "rows": 2080,
    "width": 3,
    "created_at": "2026-11-25T16:40:00Z",
    "created_by": "analyst@acme.example",
    "is_demo": False,
}
_COLUMNS = [
    {"name": "item", "type": "text", "nulls": 0, "examples": ["Tea", "Coffee"]},
    {"name": "week", "type": "date", "nulls": 0, "examples": ["2026-01-05"]},
    {"name": "sold", "type": "integer", "nulls": 4, "examples": ["12", "9"]},
]


class DatasetUpload(StrictModel):
    """A table to store, sent as a form with a file."""

    model_config = ConfigDict(
        arbitrary_types_allowed=True,
        json_schema_extra={"examples": [{"file": "item,week,sold\nTea,2026-01-05,12\n", "title": "Weekly sales"}]},
    )

    file: Annotated[UploadedFile, WithJsonSchema({"type": "string", "format": "binary"})] = Field(  # type: ignore[type-arg]
        description="CSV, XLSX or Parquet; which one is told by its content. Its first row names the columns."
    )
    title: str = Field(default="", max_length=200, description="What people call it; by default the file's name.")
    sheet: str = Field(default="", max_length=100, description="The sheet of a workbook; by default its first.")


class DatasetChange(StrictModel):
    """What is changed of a dataset: its name. Its rows stay as they are for good."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"name": "Weekly sales, all shops"}]})

    name: str = Field(min_length=1, max_length=200, description="What people call it, on one line.")


MOST_DELETED = 100


class DatasetsDelete(StrictModel):
    """Datasets to delete."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"ids": [_DATASET["id"]]}]})

    ids: list[UUID] = Field(min_length=1, max_length=MOST_DELETED)


class DatasetDeleted(BaseModel):
    """What became of the wish to delete a dataset."""

    id: UUID
    outcome: Literal["deleted", "not_allowed", "not_found"]


class DatasetsDeleted(BaseModel):
    model_config = ConfigDict(
        json_schema_extra={"examples": [{"items": [{"id": _DATASET["id"], "outcome": "deleted"}]}]}
    )

    items: list[DatasetDeleted] = Field(description="In the order of `ids`.")


class DatasetQuery(Created):
    """How a list of datasets is narrowed."""

    q: str = Field(default="", max_length=100)


class DatasetOut(BaseModel):
    model_config = ConfigDict(json_schema_extra={"examples": [_DATASET]})

    id: UUID
    name: str
    filename: str = Field(description="Name of the file that was uploaded.")
    format: Kind = Field(description="What the file turned out to be.")
    read_as: str = Field(description="How it was read: encoding and separator, or the sheet.")
    size_bytes: int = Field(description="Of the uploaded file.")
    sha256: str = Field(description="Of the uploaded file, in hexadecimal.")
    rows: int
    width: int = Field(description="How many columns it has.")
    created_at: datetime
    created_by: str | None = Field(description="Address of the member who uploaded it; null for a program's own.")
    is_demo: bool = Field(description="Whether it was generated for demonstration.")

    @classmethod
    def of(cls, dataset: Dataset) -> DatasetOut:
        return cls.model_validate(_fields(dataset))


class DatasetDetail(DatasetOut):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [_DATASET | {"columns": _COLUMNS, "preview": [["Tea", "2026-01-05", "12"]]}],
        }
    )

    columns: list[Column] = Field(description="Each column with what was seen in it.")
    preview: list[list[str | None]] = Field(description="The first rows, cut to the first columns, as text.")

    @classmethod
    def of(cls, dataset: Dataset) -> DatasetDetail:
        return cls.model_validate({**_fields(dataset), "columns": dataset.columns, "preview": dataset.preview})


def _fields(dataset: Dataset) -> dict[str, Any]:
    same = ("id", "name", "filename", "format", "read_as", "size_bytes", "sha256", "rows", "width")
    return {
        **{name: getattr(dataset, name) for name in (*same, "created_at", "is_demo")},
        "created_by": dataset.created_by.email if dataset.created_by else None,
    }
