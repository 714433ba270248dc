"""A row by a column, with the row that it points to: by a statement that is composed once.

For what nearly every request asks. To have the ORM compose such a statement takes longer than to carry it out.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any, Generic, TypeVar

from django.db import connection, models

Row = TypeVar("Row", bound=models.Model)


class Pointing(Generic[Row]):
    """Rows of `model` by the column of the field `by`, each with the row that its foreign key `key` points to, or with
    None where it points to none. The column has each value once, or the row with the most in the field `last` counts.
    """

    def __init__(self, model: type[Row], *, by: str, key: str, last: str = "") -> None:
        self._model, self._by, self._key, self._last = model, by, key, last

    def get(self, value: Any) -> Row | None:
        """The row with this value in the current tenant, in one statement; None where there is none."""
        with connection.cursor() as cursor:
            cursor.execute(self._statement, [value])
            found = cursor.fetchone()
        return None if found is None else self._made(found)

    def get_with(self, value: Any, sql: str, parameters: Sequence[Any]) -> tuple[Row | None, Any]:
        """The same, and in the same statement the one value that `sql` selects, whether there is such a row or not."""
        beside = f"select ({sql}), found.* from (select) one left join lateral ({self._statement}) found on true"  # noqa: S608
        with connection.cursor() as cursor:
            cursor.execute(beside, [*parameters, value])
            other, *found = cursor.fetchone()
        row = self._made(found)
        return (None if row.pk is None else row), other

    def _made(self, found: Sequence[Any]) -> Row:
        columns = len(self._model._meta.concrete_fields)
        row, other = _row(self._model, found[:columns]), _row(self._other, found[columns:])
        setattr(row, self._key, None if other.pk is None else other)
        return row

    @cached_property
    def _other(self) -> type[models.Model]:
        other: type[models.Model] = self._model._meta.get_field(self._key).related_model  # type: ignore[assignment]
        return other

    @cached_property
    def _statement(self) -> str:
        mine, other = self._model._meta, self._other._meta
        asked = [_column("m", each) for each in mine.concrete_fields]
        asked += [_column("o", each) for each in other.concrete_fields]
        quote = connection.ops.quote_name
        return (
            f"select {', '.join(asked)} from {quote(mine.db_table)} m left join {quote(other.db_table)} o "  # noqa: S608
            f"on {_column('o', other.pk)} = {_column('m', mine.get_field(self._key))} "
            f"where {_column('m', mine.get_field(self._by))} = %s"
            + (f" order by {_column('m', mine.get_field(self._last))} desc limit 1" if self._last else "")
        )


def _column(table: str, field: Any) -> str:
    return f"{table}.{connection.ops.quote_name(field.column)}"


def _row(model: type[Row], values: Sequence[Any]) -> Row:
    fields = model._meta.concrete_fields
    read = [_read(field, value) for field, value in zip(fields, values, strict=True)]
    return model.from_db(connection.alias, [field.attname for field in fields], read)


def _read(field: models.Field[Any, Any], value: Any) -> Any:
    for convert in field.get_db_converters(connection):
        value = convert(value, None, connection)
    return value
