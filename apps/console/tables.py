"""A table of a result as one request sees it: sorted, searched and paged on the server, by the query string."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, isnan
from typing import Any, Literal

from django.http import HttpRequest, QueryDict

from apps.common import formats
from apps.common.widgets import Cell, Column, TableWidget

PAGE = 25
# Where choosing a row shows its detail below, the table leaves room for it.
PAGE_ABOVE_DETAIL = 10


@dataclass(frozen=True)
class Heading:
    column: Column
    sorted: Literal["ascending", "descending", "none"]
    url: str
    """Sorts by this column, the other way round when it is already sorted by it."""


@dataclass(frozen=True)
class CellText:
    text: str
    numeric: bool


@dataclass(frozen=True)
class Row:
    key: str
    url: str
    """Chooses this row; empty where rows have no detail."""
    current: bool
    cells: list[CellText]


class TableView:
    """`widget` after the sort, search and page of the request's query string.

    For a widget with key `k`: `?k.sort=-column`, `?k.q=text`, `?k.page=2`; the chosen row is `?row=<row key>`.
    Values that make no sense are ignored: such an address is a shared link that outlived its table. `size` is the
    number of rows of a page; 0 leaves it to the table.
    """

    kind = "table"

    def __init__(self, widget: TableWidget, request: HttpRequest, *, size: int = 0) -> None:
        size = size or (PAGE_ABOVE_DETAIL if widget.row_key else PAGE)
        self.widget = widget
        self.key = widget.key
        self.title = widget.title
        self._query = request.GET
        self._columns = {column.key: column for column in widget.columns}
        self.search = self._asked("q")[:100].strip()
        self.sort, self.descending = self._sort()
        self.total = len(widget.rows)
        found = self._sorted(self._matching())
        self.found = len(found)
        self.pages = max(1, ceil(self.found / size))
        asked = self._asked("page")
        self.page = min(max(1, int(asked)) if asked.isdecimal() and len(asked) < 10 else 1, self.pages)
        self._shown = found[(self.page - 1) * size : self.page * size]

    @property
    def headings(self) -> list[Heading]:
        headings = []
        for column in self.widget.columns:
            # A first click shows the largest numbers, or the beginning of the alphabet.
            descending = not self.descending if column.key == self.sort else column.numeric
            state: Literal["ascending", "descending", "none"] = "none"
            if column.key == self.sort:
                state = "descending" if self.descending else "ascending"
            headings.append(Heading(column, state, self._url(sort=f"{'-' if descending else ''}{column.key}", page="")))
        return headings

    @property
    def rows(self) -> list[Row]:
        chosen = self._query.get("row") or self.first_key()
        rows = []
        for row in self._shown:
            key = self._key(row)
            cells = [CellText(_text(row.get(column.key), column), column.numeric) for column in self.widget.columns]
            rows.append(Row(key, self._row_url(key) if key else "", bool(key) and key == chosen, cells))
        return rows

    def first_key(self) -> str:
        """The key of the first row shown; empty where there is none."""
        return self._key(self._shown[0]) if self._shown else ""

    @property
    def kept(self) -> list[tuple[str, str]]:
        """What the search form hands on: the rest of the query string."""
        own = {f"{self.key}.q", f"{self.key}.page"}
        return [(name, value) for name, values in self._query.lists() if name not in own for value in values]

    @property
    def clear_url(self) -> str:
        return self._url(q="", page="")

    @property
    def previous_url(self) -> str:
        return self._url(page=str(self.page - 1)) if self.page > 1 else ""

    @property
    def next_url(self) -> str:
        return self._url(page=str(self.page + 1)) if self.page < self.pages else ""

    @property
    def searchable(self) -> bool:
        """Whether a search box helps: not over a handful of rows."""
        return self.total > 8

    def _asked(self, name: str) -> str:
        return self._query.get(f"{self.key}.{name}") or ""

    def _sort(self) -> tuple[str, bool]:
        asked = self._asked("sort")
        key = asked.removeprefix("-")
        return (key, asked.startswith("-")) if key in self._columns else ("", False)

    def _matching(self) -> list[dict[str, Cell]]:
        wanted = self.search.lower().split()
        if not wanted:
            return self.widget.rows
        return [
            row
            for row in self.widget.rows
            if all(any(word in str(row.get(key, "")).lower() for key in self._columns) for word in wanted)
        ]

    def _sorted(self, rows: list[dict[str, Cell]]) -> list[dict[str, Cell]]:
        """Numbers before text; what is missing comes last, whichever way the rest goes."""
        if not self.sort:
            return rows
        present = [row for row in rows if not _missing(row.get(self.sort))]
        absent = [row for row in rows if _missing(row.get(self.sort))]
        return sorted(present, key=lambda row: _order(row[self.sort]), reverse=self.descending) + absent

    def _key(self, row: dict[str, Cell]) -> str:
        value = row.get(self.widget.row_key) if self.widget.row_key else None
        return "" if value is None else str(value)

    def _url(self, **changes: str) -> str:
        return _address(self._query, {f"{self.key}.{name}": value for name, value in changes.items()})

    def _row_url(self, key: str) -> str:
        return _address(self._query, {"row": key})


def _address(query: QueryDict, changes: dict[str, str]) -> str:
    values = query.copy()
    for name, value in changes.items():
        values.pop(name, None)
        if value:
            values[name] = value
    return f"?{values.urlencode()}"


def _missing(value: Cell) -> bool:
    return value is None or value == "" or (isinstance(value, float) and isnan(value))


def _order(value: Any) -> tuple[int, float, str]:
    return (0, float(value), "") if isinstance(value, int | float) else (1, 0.0, str(value).casefold())


def _text(value: Cell, column: Column) -> str:
    if _missing(value):
        return formats.NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        text = formats.number(value, column.digits)
        return f"{text}\N{NO-BREAK SPACE}{column.unit}" if column.unit else text
    return str(value)
