"""What uploaded tables hold of people, and for how long. Rows that name a person are removed from the file."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from django.db import transaction
from django.urls import reverse

from apps.common.ids import uuid7
from apps.common.privacy import Found, Item, Person
from apps.datasets import files
from apps.datasets.models import Dataset
from apps.datasets.reading.shapes import ROW
from apps.tenants.fields import sealed_for
from apps.tenants.personal import PersonalRows, RetainedRows, salted_digest
from apps.tenants.storage import file_open, file_seal, scratch_path

AT_ONCE: Final = 5
"""Datasets that are looked at in one go: each may have millions of cells."""
SHOWN: Final = 1_000
"""Rows of a dataset that an export shows."""


class Datasets(PersonalRows):
    key = "datasets.dataset"
    title = "Datasets"
    what = "Rows of uploaded tables, their names, and who uploaded them."
    erasure = (
        "Rows that name the person are removed from the table; the file as it was is deleted. Its name is cleaned."
    )
    model = Dataset
    member = ("created_by",)
    texts = ("name", "filename", "read_as")

    def url_of(self, row: Dataset) -> str:
        return reverse("datasets:dataset", args=[row.pk])

    def find(self, person: Person, *, mark: str | None, limit: int, to_erase: bool) -> Found:
        return super().find(person, mark=mark, limit=min(limit, AT_ONCE), to_erase=to_erase)

    def _item(self, row: Dataset, person: Person, to_erase: bool) -> Item | None:
        item, rows = super()._item(row, person, to_erase), list(_rows_of(row, person))
        if item is None and not rows:
            return None
        # Its profile and its first rows repeat what is in the file, beside what is others'.
        named = {name: value for name, value in self._said(row).items() if name in self.texts}
        says = [{"where": where, "says": part} for where, part in person.parts(named)]
        says += [{"where": f"row {number}", "says": cells} for number, cells in rows[:SHOWN]]
        content = {"columns": self._shown(row), "says": says}
        return Item(str(row.pk), row.name, row.created_at, content, self.url_of(row), max(1, len(says)))

    def _erase(self, row: Any, person: Person) -> str | None:
        said, file = self._said(row), _file_without(row, person)
        if file is None and not person.is_in(said):
            return None
        changes = self._cleaned(row, said, person)
        if file is not None:
            seen = {name: person.taken_out_of(file[name]) for name in ("columns", "preview")}
            changes |= {"rows": file["rows"], **sealed_for(row, **seen)}
        Dataset.objects.filter(pk=row.pk).update(**changes)
        return salted_digest({"sha256": row.sha256, **said})


def _rows_of(dataset: Dataset, person: Person) -> Iterator[tuple[int, dict[str, Any]]]:
    """The rows of a dataset that name a person, with their number in the source."""
    import pyarrow.parquet as pq

    try:
        table = file_open(files.path_of(dataset.pk))
    except FileNotFoundError:
        return
    with table, pq.ParquetFile(table) as file:
        for batch in file.iter_batches(batch_size=20_000):
            for place in _places(batch, person):
                cells = {name: values[place].as_py() for name, values in zip(batch.schema.names, batch.columns)}  # noqa: B905
                number = int(cells.pop(ROW, place + 1))
                yield number, {name: _told(cell) for name, cell in cells.items()}


def _places(batch: Any, person: Person) -> list[int]:
    """The rows of a batch in which a cell names the person. Each different text and number is looked at once."""
    import pyarrow as pa
    import pyarrow.compute as pc

    hit: Any = None
    for name, values in zip(batch.schema.names, batch.columns, strict=True):
        if name == ROW or not (pa.types.is_string(values.type) or pa.types.is_integer(values.type)):
            continue
        named = [each for each in pc.unique(values).to_pylist() if each is not None and person.is_in(each)]
        if named:
            here = pc.is_in(values, value_set=pa.array(named, type=values.type))
            hit = here if hit is None else pc.or_(hit, here)
    return [] if hit is None else [place for place, is_hit in enumerate(hit.to_pylist()) if is_hit]


def _file_without(dataset: Dataset, person: Person) -> dict[str, Any] | None:
    """Put a file without the person's rows in the place of a dataset's. What is to be said of it then; None where it
    names nobody, or is not there. Whoever reads the former file meanwhile goes on reading that."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    from apps.datasets.reading.store import TableWriter

    path, target = files.path_of(dataset.pk), scratch_path(f"{uuid7()}.table")
    try:
        if next(_rows_of(dataset, person), None) is None:
            return None
        with file_open(path) as table, pq.ParquetFile(table) as file:
            plain = file.schema_arrow.remove(file.schema_arrow.get_field_index(ROW))
            with TableWriter(target, plain) as writer:
                for batch in file.iter_batches(batch_size=20_000):
                    gone = set(_places(batch, person))
                    left = batch.take(pa.array([n for n in range(len(batch)) if n not in gone], type=pa.int64()))
                    writer.add(left.column(ROW), [left.column(name) for name in plain.names])
                reading = writer.reading("parquet", "")
        file_seal(target, path)
    finally:
        Path(target).unlink(missing_ok=True)
    columns = [column.model_dump() for column in reading.columns]
    return {"rows": reading.rows, "columns": columns, "preview": reading.preview}


def _told(cell: Any) -> Any:
    return cell if cell is None or isinstance(cell, str | int | float | bool) else str(cell)


class DatasetsKept(RetainedRows):
    key = "datasets.dataset"
    title = "Datasets"
    group = "Data"
    what = (
        "They are deleted with their files; results of runs that used them stay. A workflow that names one fails then."
    )
    note = "Tables that people upload again and again may go; those that workflows read should be kept."
    default = None
    model = Dataset

    def expire(self, before: datetime, limit: int) -> int:
        oldest = self.rows(before).order_by("created_at").select_for_update(of=("self",), skip_locked=True)
        ids = list(oldest.values_list("pk", flat=True)[:limit])
        Dataset.objects.filter(pk__in=ids).delete()
        for path in [files.path_of(id) for id in ids]:
            transaction.on_commit(lambda path=path: path.unlink(missing_ok=True))  # type: ignore[misc]
        return len(ids)
