"""Files of every kind for tests, and a look at what was stored."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars
import pytest
from django.conf import settings

from apps.datasets import selectors, services
from apps.datasets.models import Dataset
from apps.datasets.reading.child import Job, table_read
from apps.datasets.reading.shapes import Reading
from apps.tenants.models import Tenant

Read = Callable[..., tuple[Reading, polars.DataFrame]]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """`read(content, sheet="")`: what is read from a file with these bytes, in this process, and its table."""

    def go(content: bytes, sheet: str = "") -> tuple[Reading, polars.DataFrame]:
        source, target = tmp_path / "source", tmp_path / "table.parquet"
        source.write_bytes(content)
        reading = table_read(Job(source=source, target=target, sheet=sheet))
        return reading, polars.read_parquet(target)

    return go


@pytest.fixture
def _tables_are_read_here() -> None:
    """An upload is read by a child, as in the product."""


@pytest.fixture
def stored(acme: Tenant) -> Callable[[], list[str]]:
    """`stored()`: the names of all datasets of acme, having checked that its folder holds their files and no other."""

    def look() -> list[str]:
        folder = Path(settings.VAR) / "files" / acme.schema_name / "datasets"
        kept = sorted(path.name for path in folder.iterdir()) if folder.exists() else []
        assert kept == sorted(f"{dataset.pk}.parquet" for dataset in Dataset.objects.all())
        return list(Dataset.objects.order_by("name").values_list("name", flat=True))

    return look


@pytest.fixture
def made(acme: Tenant) -> Callable[..., Dataset]:
    """`made(name="Sales", user=None, rows=3)`: a small dataset of the tenant that is entered."""

    def make(name: str = "Sales", user: Any = None, rows: int = 3, **columns: list[Any]) -> Dataset:
        frame = polars.DataFrame(columns or {"item": ["Tea"] * rows, "sold": list(range(rows))})
        return services.dataset_from_frame(frame=frame, name=name, filename=f"{name.lower()}.parquet", user=user)

    return make


def rows_of(dataset: Dataset) -> list[dict[str, Any]]:
    return selectors.dataset_frame(dataset).to_dicts()
