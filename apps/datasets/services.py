"""Writes to datasets. A file is stored whole or not at all."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Set
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any, Protocol
from uuid import UUID

from django.db import transaction

from apps.audit.services import Record, record, record_many
from apps.common.errors import InvalidInput, Issue, NotFound, PermissionDenied, TooLarge
from apps.common.ids import uuid7
from apps.common.permissions import Principal
from apps.common.transactions import on_failure, whole
from apps.datasets import files
from apps.datasets.auditing import DELETED, DOWNLOADED, RENAMED, STORED
from apps.datasets.models import Dataset
from apps.datasets.reading import isolation
from apps.datasets.reading.shapes import Reading
from apps.datasets.selectors import dataset_csv, datasets_by_id, may_change, samples_list
from apps.tenants.context import current_tenant
from apps.tenants.storage import file_seal, scratch_path

if TYPE_CHECKING:
    import polars

    from apps.accounts.models import User

BLOCK = 1024 * 1024


class Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


def dataset_upload(
    *, file: Readable, name: str, user: User | None, title: str = "", sheet: str = "", is_demo: bool = False
) -> Dataset:
    """Store the table in `file`: CSV, XLSX (its first sheet or the named one) or Parquet, told by its content.

    `name` is the file's; `title` what people call the dataset, by default the file's name without its ending.
    Raises `TooLarge`, `UnsupportedFormat` or `InvalidInput`, naming row and column; then nothing is stored.
    """
    filename = _line(Path(name.replace("\\", "/")).name, 255) or "table"
    with _workplace() as (id, source, table):
        size, digest = _receive(file, source)
        reading = isolation.table_read(source=source, target=table, sheet=sheet)
        dataset = _dataset(id, reading, filename, title, user, is_demo=is_demo)
        dataset.size_bytes, dataset.sha256 = size, digest
        return _keep(dataset, table, user)


def dataset_from_frame(
    *, frame: polars.DataFrame, name: str, filename: str, user: User | None, is_demo: bool = False
) -> Dataset:
    """Store a table that the program made itself, as if it had been uploaded as Parquet. Raises as `dataset_upload`."""
    from apps.datasets.reading import columnar

    with _workplace() as (id, source, table):
        frame.write_parquet(source)
        dataset = _dataset(id, columnar.store(source, table), filename, name, user, is_demo=is_demo)
        dataset.size_bytes = source.stat().st_size
        with source.open("rb") as file:
            dataset.sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        return _keep(dataset, table, user)


def dataset_sample(*, name: str, user: User) -> Dataset:
    """Store the sample of this name. Raises `NotFound` where the enabled industries bring none."""
    for sample in samples_list():
        if sample.name == name:
            frame = sample.make(Random(name))  # noqa: S311  # generated data, the same each time
            return dataset_from_frame(frame=frame, name=sample.name, filename=sample.filename, user=user, is_demo=True)
    raise NotFound("There is no such sample here. Nothing was stored.", remedy="Choose one from the page of data.")


def dataset_delete(*, who: Principal, user_id: UUID | None, dataset: Dataset) -> None:
    """Delete a dataset and its rows; results of runs that used it stay. Raises `PermissionDenied`."""
    require_may_change(who=who, user_id=user_id, dataset=dataset)
    path = files.path_of(dataset.pk)
    with transaction.atomic():
        record(DELETED, who=who, subject=dataset, before=_said(dataset))
        dataset.delete()
        transaction.on_commit(_remover(path))


def datasets_delete(*, who: Principal, user_id: UUID | None, ids: Set[UUID]) -> dict[UUID, str]:
    """Delete datasets with their rows, those that are here and that `who` may delete, in one transaction.

    What became of each: `deleted`, `not_allowed` or `not_found`. Raises `PermissionDenied` for who may see none.
    """
    with transaction.atomic():
        there = datasets_by_id(who=who, ids=ids, lock=True)
        allowed = [id for id, found in there.items() if may_change(who=who, user_id=user_id, dataset=found)]
        record_many([Record(DELETED, who, there[id], before=_said(there[id])) for id in allowed])
        Dataset.objects.filter(pk__in=allowed).delete()
        for id in allowed:
            transaction.on_commit(_remover(files.path_of(id)))
    outcomes = dict.fromkeys(ids, "not_found") | dict.fromkeys(there, "not_allowed")
    return outcomes | dict.fromkeys(allowed, "deleted")


def dataset_rename(*, who: Principal, user_id: UUID | None, dataset: Dataset, name: str) -> Dataset:
    """Call a dataset otherwise. Raises `PermissionDenied`, `InvalidInput` for a name without a printable character."""
    require_may_change(who=who, user_id=user_id, dataset=dataset)
    wanted = _line(name, 200)
    if not wanted:
        issue = Issue(path="name", message="Give a name of 1 to 200 characters.")
        raise InvalidInput("The dataset keeps its name.", issues=[issue])
    before, dataset.name = dataset.name, wanted
    if before != wanted:
        with transaction.atomic():
            dataset.save(update_fields=["name"])
            record(RENAMED, who=who, subject=dataset, before={"name": before}, after={"name": wanted})
    return dataset


def dataset_download(*, who: Principal, dataset: Dataset) -> Iterator[str]:
    """All rows as CSV in pieces, which is recorded before the first of them is given out.

    Raises `NotFound` when the file is not there, `AuditNotWritten`.
    """
    pieces = dataset_csv(dataset)
    with transaction.atomic():
        record(DOWNLOADED, who=who, subject=dataset, rows=dataset.rows)
    return pieces


def require_may_change(*, who: Principal, user_id: UUID | None, dataset: Dataset) -> None:
    """Raise `PermissionDenied` unless `who` may rename and delete the dataset."""
    if not may_change(who=who, user_id=user_id, dataset=dataset):
        raise PermissionDenied(
            "You may rename and delete the datasets that you uploaded, not this one. Nothing was changed.",
            remedy="Ask a builder, an administrator or an owner.",
        )


def _remover(path: Path) -> Callable[[], None]:
    return lambda: path.unlink(missing_ok=True)


@contextmanager
def _workplace() -> Iterator[tuple[UUID, Path, Path]]:
    """An id with the places of its source and its table while they are made. Neither is left behind.

    Both are plain: the process that reads a stranger's file holds no key.
    """
    id = uuid7()
    source, table = (scratch_path(f"{id}.{part}") for part in ("source", "table"))
    try:
        yield id, source, table
    finally:
        source.unlink(missing_ok=True)
        table.unlink(missing_ok=True)


def _receive(file: Readable, source: Path) -> tuple[int, str]:
    """Copy the upload to `source`. Returns its size and digest; raises `TooLarge` as soon as it is over the quota."""
    most = current_tenant().max_upload_mb
    size, digest = 0, hashlib.sha256()
    with source.open("wb") as target:
        while block := file.read(BLOCK):
            size += len(block)
            if size > most * 1024 * 1024:
                raise over_quota(most)
            digest.update(block)
            target.write(block)
    return size, digest.hexdigest()


def over_quota(most: int) -> TooLarge:
    """The problem of a file larger than the tenant's quota, in megabytes."""
    return TooLarge(
        f"A file may have {most:,} MB here; this one is larger. Nothing was stored.",
        remedy="Leave out columns that are not needed, split the file, or save it as Parquet, which is smaller.",
    )


def _dataset(id: UUID, reading: Reading, filename: str, title: str, user: Any, *, is_demo: bool) -> Dataset:
    return Dataset(
        id=id,
        name=_line(title, 200) or _line(Path(filename).stem, 200) or "Table",
        filename=filename,
        format=reading.kind,
        read_as=_line(reading.read_as, 400),
        rows=reading.rows,
        width=len(reading.columns),
        columns=[column.model_dump() for column in reading.columns],
        preview=reading.preview,
        created_by=user,
        is_demo=is_demo,
    )


def _keep(dataset: Dataset, table: Path, user: User | None) -> Dataset:
    """Seal the table in its place and commit the row that makes it visible. No row without its file, and none without
    its audit entry."""
    place = files.path_of(dataset.pk)
    with whole():
        on_failure(_remover(place))
        dataset.save(force_insert=True)
        record(STORED, who=user, subject=dataset, after=_said(dataset))
        file_seal(table, place)
    return dataset


def _said(dataset: Dataset) -> dict[str, Any]:
    """What an entry says of a dataset: what tells its file from others, and nothing that stands in it."""
    return {name: getattr(dataset, name) for name in ("filename", "format", "rows", "width", "sha256")}


def _line(text: str, longest: int) -> str:
    """One line of printable text, as names are shown and stored."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())[:longest]
