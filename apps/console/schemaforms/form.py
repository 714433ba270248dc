"""A form while it is filled in: fields to show, data for the model, and changes to its rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from typing import Any, Final

from pydantic import BaseModel

from apps.common.errors import InvalidInput, Issue
from apps.console.schemaforms import sheets
from apps.console.schemaforms.fields import Choices, Field, fields_of
from apps.console.schemaforms.shapes import Shape, shape_of
from apps.console.schemaforms.texts import json_text
from apps.console.schemaforms.values import ABSENT, CHOSEN, ROWS, Entered, chosen_of, entered_of, read, tidied

EDIT: Final = "_edit"
"""The name of the buttons that change rows: the form is sent, and comes back changed, without being carried out."""
FILE: Final = "_file"
"""A file whose rows go into a list."""
PASTED: Final = "&"
"""The sign beside a list under which text stands that is to be put into it."""
ReadFile = Callable[[Any], sheets.Cells]


class SchemaForm:
    """A model that is entered by fields, under the path `root`.

    `values` is what was entered, by path; `base` the data that the form starts from, and `held` the data that hold now,
    from which secrets are kept. `offered` has choices for fields by their path.
    """

    def __init__(
        self,
        model: type[BaseModel],
        values: Mapping[str, str],
        *,
        root: str = "",
        base: Mapping[str, Any] | None = None,
        held: Mapping[str, Any] | None = None,
        skip: Iterable[str] = (),
        offered: Mapping[str, Choices] | None = None,
    ) -> None:
        skipped = set(skip)
        whole = shape_of(model)
        self.root, self.offered = root, offered or {}
        self.shape = Shape(
            whole.name, "group", whole.label, parts=tuple(part for part in whole.parts if part.name not in skipped)
        )
        self.held: Any = dict(held or {})
        for part in reversed(root.split(".") if root else []):
            self.held = {part: self.held}
        place = Entered.of(values).get(root) or Entered()
        self.entered = place.over(entered_of(self.shape, base)) if base else place
        self.issues: list[Issue] = []
        self.note = ""
        """What an edit has to tell."""

    @cached_property
    def _made(self) -> tuple[list[Field], list[Issue]]:
        return fields_of(
            self.shape, self.entered, root=self.root, issues=self.issues, held=self.held, offered=self.offered
        )

    @property
    def fields(self) -> list[Field]:
        """The fields, with what was entered and what was wrong."""
        return self._made[0]

    @property
    def other_issues(self) -> list[Issue]:
        """Issues that belong to no field."""
        return self._made[1]

    def refused(self, issues: Iterable[Issue]) -> None:
        """Keep what is wrong with `data()`, to be shown beside the fields; rows without anything in them go."""
        self.issues = list(issues)
        if self.issues:
            tidied(self.shape, self.entered)
        self.__dict__.pop("_made", None)

    @property
    def is_touched(self) -> bool:
        """Whether anything was entered."""
        return any(text for path, text in self.entered.flat() if not path.endswith(ROWS))

    def values(self) -> dict[str, str]:
        """What was entered, by path: the same form again."""
        return dict(self.entered.flat(self.root))

    def data(self, *, partly: bool = False) -> dict[str, Any]:
        """What was entered, as the model takes it, without the rows in which nothing was entered.

        Raises `InvalidInput` with an issue for each field that holds no JSON and should; `partly` leaves these out.
        """
        issues: list[Issue] = []
        entered = self.entered.copy()
        tidied(self.shape, entered)
        found = read(self.shape, entered, self.root, self.held, issues)
        if issues and not partly:
            raise InvalidInput("Some fields cannot be read; nothing was started.", issues=issues)
        return {} if found is ABSENT else dict(found)

    # ------------------------------------------------------------------------------------------------------- changes

    def edit(self, told: str, *, file: Any = None, read_file: ReadFile | None = None) -> None:
        """Change rows as a button tells: ``add parts``, ``remove parts.3``, ``up`` and ``down``, and ``fill
        parts``, at a cell ``fill parts 3 0``. Anything else changes nothing: another alternative was chosen.

        Raises `InvalidInput` for text or a file whose rows cannot be put into the list.
        """
        self.__dict__.pop("_made", None)
        verb, _, rest = told.partition(" ")
        path, *at = rest.split(" ") if rest else [""]
        if verb in {"remove", "up", "down"}:
            path, _, number = path.rpartition(".")
            at = [number]
        found = self._list(path)
        if found is None or any(not each.isdecimal() or len(each) > 6 for each in at):
            return
        shape, place = found
        numbers = [int(each) for each in at]
        if verb == "fill":
            self._fill(shape, place, path, numbers, file, read_file)
        elif verb in _MOVES and not place.text:
            place.rows = _MOVES[verb](place.rows or [Entered()] * (ROWS not in place.below and shape.spare), *numbers)

    def _list(self, path: str) -> tuple[Shape, Entered] | None:
        """The list at a path, and what was entered in it."""
        inner = path.removeprefix(f"{self.root}.") if self.root else path
        shape, place = self.shape, self.entered
        for name in inner.split("."):
            shape = _chosen(shape, place)
            if shape.kind == "group" and name in shape.by_name:
                shape = shape.by_name[name]
            elif shape.kind == "list" and name.isdecimal() and name in place.below:
                shape = shape.item
            else:
                return None
            place = place.at([name])
        shape = _chosen(shape, place)
        return (shape, place) if shape.kind == "list" else None

    def _fill(
        self, shape: Shape, place: Entered, path: str, at: list[int], file: Any, read_file: ReadFile | None
    ) -> None:
        pasted = place.at([PASTED])
        try:
            if file is not None and read_file is not None:
                cells = read_file(file)
            else:
                cells = sheets.cells_of(pasted.text or "", single=not shape.is_table)
        except InvalidInput as problem:
            issues = [each.model_copy(update={"path": path}) for each in problem.issues] or [
                Issue(path=path, message=problem.detail)
            ]
            raise InvalidInput(problem.detail, remedy=problem.remedy, issues=issues) from problem
        if not cells or not shape.columns:
            return
        row, column = [*at, 0][:2] if at else (None, 0)
        rows = [each.copy() for each in place.rows]
        before = len(rows)
        unknown = sheets.rows_put(shape, rows, cells, row=row, column=column)
        place.rows = rows
        del place.below[PASTED]
        told = [f"{len(rows) - before:,} rows were added." if len(rows) > before else "The cells were put in."]
        if unknown:
            told.append(f"There is no place for {', '.join(unknown[:10])}: the rest was put in.")
        if len(rows) > shape.most_rows:
            self._as_json(shape, place, path)
            told.append(
                f"{len(rows):,} rows are more than the {shape.most_rows} that are edited here: they are JSON now."
            )
        self.note = " ".join(told)

    def _as_json(self, shape: Shape, place: Entered, path: str) -> None:
        """More rows than a page takes stand as JSON in one field: all of them."""
        found = read(shape, place, path, None, [])
        place.below = {name: each for name, each in place.below.items() if name == CHOSEN}
        place.text = json_text(found)


def _chosen(shape: Shape, place: Entered) -> Shape:
    """Of a union the alternative that was chosen, which from now on is said outright."""
    while shape.kind == "union":
        number = chosen_of(shape, place) or 0
        place.at([CHOSEN]).text = str(number)
        shape = shape.parts[number]
    return shape


def _add(rows: list[Entered]) -> list[Entered]:
    return [*rows, Entered()]


def _remove(rows: list[Entered], number: int) -> list[Entered]:
    return [row for n, row in enumerate(rows) if n != number]


def _up(rows: list[Entered], number: int) -> list[Entered]:
    return _down(rows, number - 1) if number > 0 else rows


def _down(rows: list[Entered], number: int) -> list[Entered]:
    if number + 1 < len(rows):
        rows[number], rows[number + 1] = rows[number + 1], rows[number]
    return rows


_MOVES: Final[dict[str, Callable[..., list[Entered]]]] = {"add": _add, "remove": _remove, "up": _up, "down": _down}
