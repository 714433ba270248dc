"""Read what was posted into the raw mapping of a step: what is not posted stays, what was typed is kept as it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast

from apps.workflows.json_schemas import Schema
from apps.workflows.stepforms import modes
from apps.workflows.stepforms.agreed import (
    YAML,
    are_choices,
    choice_text,
    is_of,
    leaf_text,
    shape_default,
)
from apps.workflows.stepforms.modes import Mode
from apps.workflows.stepforms.operators import adapted, wanted_for
from apps.workflows.stepforms.posts import ABSENT, Posted, rows_changed, same_text
from apps.workflows.stepforms.scope import Scope
from apps.workflows.stepforms.shapes import UNSET, Kind, Shape
from apps.workflows.values import CEL

NEW_TEST: dict[str, Any] = {"field": "", "op": "="}


@dataclass
class Reader:
    posted: Posted
    scope: Scope

    def group(self, shape: Shape, path: str, before: Any) -> dict[str, Any]:
        """The fields of a group, with what is there and belongs to none of them; a field that is as it would be anyway
        is left out, unless it was said before."""
        former = before if isinstance(before, Mapping) else {}
        made: dict[str, Any] = {key: value for key, value in former.items() if key not in shape.by_name}
        for part in shape.parts:
            if not part.matters(made, shape):
                continue
            old = former.get(part.name, ABSENT)
            value = self.read(part, f"{path}.{part.name}", old, made)
            if value is ABSENT or (_is_default(part, value) and not same_data(value, old)):
                continue
            made[part.name] = value
        return made

    def read(self, shape: Shape, path: str, before: Any, beside: Mapping[str, Any], *, is_row: bool = False) -> Any:
        """One value; `ABSENT` for none. In a row there always is one."""
        if (text := self.posted.text(path + YAML)) is not None:
            return ABSENT if not text.strip() and not is_row else modes.data_read(text, before)
        if not is_of(shape, before):
            return before
        readers: dict[Kind, Callable[[], Any]] = {
            "value": lambda: self.value(shape.wants, path, before, is_row=is_row),
            "condition": lambda: self._condition(shape, path, before),
            "steps": lambda: self._steps(shape, path, before),
            "group": lambda: self._group(shape, path, before),
            "rows": lambda: self._rows(shape, path, before),
            "pairs": lambda: self._pairs(shape, path, before, beside),
            "fields": lambda: self._pairs(shape, path, before, beside),
            "many": lambda: self._many(path, before if before is not ABSENT else shape_default(shape), before),
        }
        read = readers.get(shape.kind)
        return read() if read is not None else self._leaf(shape, path, before, is_row=is_row)

    # ------------------------------------------------------------------------------------------------------- leaves

    def _leaf(self, shape: Shape, path: str, before: Any, *, is_row: bool) -> Any:
        text = self._last(path) if shape.kind == "flag" else self.posted.text(path)
        if text is None:
            return before
        if before is not ABSENT and same_text(leaf_text(shape, before), text):
            return before
        if text == "" or (shape.kind != "text" and not text.strip()):
            return "" if is_row else ABSENT
        if shape.kind == "flag":
            return {"true": True, "false": False}.get(text, text)
        if shape.kind in {"integer", "number"}:
            return modes.number_read(text)
        if shape.kind == "plain":
            return text if isinstance(before, str) else self._literal(text)
        return text.strip() if shape.kind == "duration" else text

    def _literal(self, text: str) -> Any:
        return {"true": True, "false": False}.get(text, modes.number_read(text))

    def _last(self, path: str) -> str | None:
        """Of a box to tick, which posts something only when it is ticked, with what stands before it."""
        found = self.posted.data.getlist(path)
        return str(found[-1]) if found else None

    def _many(self, path: str, shown: list[Any], before: Any) -> Any:
        if self.posted.count(path) is None:
            return before
        found = self.posted.texts(path)
        return before if sorted(found) == sorted(map(str, shown)) else found

    # -------------------------------------------------------------------------------------------------------- steps

    def _steps(self, shape: Shape, path: str, before: Any) -> Any:
        """Steps in the order in which they were chosen. One that is picked is added, with or without its button."""
        if self.posted.count(path) is None:
            return before
        names = self.posted.texts(path)
        changed = cast("list[str]", rows_changed(self.posted, path, names))
        picked = self.posted.text(f"{path}.new")
        if picked and picked not in changed:
            changed = [*changed, picked]
        if shape.nullable and self.posted.asks(path, "imply"):
            return ABSENT
        if shape.nullable and self.posted.text(f"{path}.said") == "no" and changed == names:
            return before
        if changed == names == before or changed:
            return changed
        return changed if before is not ABSENT or shape.required or shape.nullable else ABSENT

    # --------------------------------------------------------------------------------------------------------- rows

    def _group(self, shape: Shape, path: str, before: Any) -> Any:
        if not shape.nullable:
            return self.group(shape, path, before)
        if self.posted.asks(path, "set"):
            return {}
        if self.posted.asks(path, "drop"):
            return ABSENT
        if self.posted.count(path) is None or before in (ABSENT, None):
            return before
        return self.group(shape, path, before)

    def _rows(self, shape: Shape, path: str, before: Any) -> Any:
        count, item = self.posted.count(path), cast("Shape", shape.item)
        if count is None:
            return before
        former = list(before) if isinstance(before, list) else shape_default(shape)
        rows = []
        for number in range(count):
            old = former[number] if number < len(former) else _blank(item)
            rows.append(self._row(item, f"{path}.{number}", old))
        rows = rows_changed(self.posted, path, rows)
        if self.posted.asks(path, "add"):
            rows.append(_blank(item))
        return rows if rows or before is not ABSENT or shape.required or shape_default(shape) else ABSENT

    def _row(self, item: Shape, path: str, before: Any) -> Any:
        if item.kind == "group":
            return self.group(item, path, before) if isinstance(before, Mapping) else before
        return self.read(item, path, before, {}, is_row=True)

    def _pairs(self, shape: Shape, path: str, before: Any, beside: Mapping[str, Any]) -> Any:
        if shape.takes:
            takes = self.scope.takes(shape.takes, beside.get(shape.takes)) or {}
            made = self._object(takes, path, before, 0)
        else:
            made = self._keyed(path, before, lambda at, old: self._row(cast("Shape", shape.item), at, old),
                               cast("Shape", shape.item))  # fmt: skip
        return made if made or before is not ABSENT or shape.required else ABSENT

    def _keyed(self, path: str, before: Any, read: Any, item: Shape) -> Any:
        """A mapping whose keys are entered."""
        count = self.posted.count(path)
        if count is None:
            return before
        former = list(before.items()) if isinstance(before, Mapping) else []
        rows: list[tuple[str, Any]] = []
        for number in range(count):
            key, old = former[number] if number < len(former) else ("", _blank(item))
            told = self.posted.text(f"{path}.{number}.k")
            rows.append((key if told is None else told, read(f"{path}.{number}.v", old)))
        rows = rows_changed(self.posted, path, rows)
        if self.posted.asks(path, "add"):
            rows.append(("new", _blank(item)))
        return _mapping(rows, {})

    # ------------------------------------------------------------------------------------------------------- values

    def value(self, wanted: Schema, path: str, before: Any, *, is_row: bool = False, depth: int = 0) -> Any:
        """A value where one of the schema `wanted` is asked for; `ABSENT` for none."""
        mode = self.posted.text(f"{path}.mode")
        if mode is None or mode not in modes.WORDS:
            return before
        was = self.posted.text(f"{path}.was") or mode
        found = self._given(cast("Mode", was), wanted, path, before, depth, is_row=is_row)
        if mode != was:
            found = modes.converted(found, mode, wanted)
        return "" if found is ABSENT and is_row else found

    def _given(self, mode: Mode, wanted: Schema, path: str, before: Any, depth: int, *, is_row: bool) -> Any:
        if mode == "unset":
            return ABSENT
        if mode == "nothing":
            return None
        if mode in {"list", "object"}:
            return self._inner(mode, wanted, path, before, depth)
        text = self.posted.text(path)
        if text is None:
            return before
        if mode == "computed":
            return {CEL: text} if not _has_cel(before, text) else before
        if mode == "data":
            return modes.data_read(text, before)
        if mode == "from":
            return before if text == _picked(before) else text or modes.UNPICKED
        return self._typed(mode, wanted, path, before, text, is_row=is_row)

    def _typed(self, mode: Mode, wanted: Schema, path: str, before: Any, text: str, *, is_row: bool) -> Any:
        if mode == "text" and self.posted.asks(path, "insert"):
            return f"{text}{self.posted.text(f'{path}.insert') or ''}"
        if before is not ABSENT and not isinstance(before, Mapping | list) and same_text(choice_text(before), text):
            return before
        if text == "":
            return "" if is_row else ABSENT
        if mode == "choice":
            return next((each for each in modes.choices_of(wanted) if choice_text(each) == text), text)
        if mode == "flag":
            return {"true": True, "false": False}.get(text, text)
        return modes.number_read(text) if mode == "number" else text

    def _inner(self, mode: Mode, wanted: Schema, path: str, before: Any, depth: int) -> Any:
        if mode == "object":
            return self._object(wanted, path, before, depth)
        count, items = self.posted.count(path), modes.items_of(wanted)
        if count is None:
            return before
        listed = before if isinstance(before, list) else []
        if are_choices(listed, items):
            return self._ticked(path, listed, modes.choices_of(items), before)
        rows = [
            self.value(items, f"{path}.{n}", listed[n] if n < len(listed) else "", is_row=True, depth=depth + 1)
            for n in range(count)
        ]
        rows = rows_changed(self.posted, path, rows)
        return [*rows, ""] if self.posted.asks(path, "add") else rows

    def _ticked(self, path: str, listed: list[Any], choices: list[Any], before: Any) -> Any:
        texts = self.posted.texts(path)
        if sorted(texts) == sorted(map(choice_text, listed)):
            return before if before is not ABSENT else ABSENT if not texts else listed
        return [each for each in choices if choice_text(each) in texts]

    def _object(self, wanted: Schema, path: str, before: Any, depth: int) -> Any:
        former: Mapping[str, Any] = before if isinstance(before, Mapping) else {}
        count = self.posted.count(path)
        if count is None:
            return before
        schemas, _ = modes.fields_of(wanted)
        fixed = {}
        for name, schema in schemas.items():
            old = former.get(name, ABSENT)
            value = self.value(schema, f"{path}.f.{name}", old, depth=depth + 1)
            if value is not ABSENT:
                fixed[name] = value
        others = {key: value for key, value in former.items() if key not in schemas}
        read = lambda at, old: self.value({}, at, old, is_row=True, depth=depth + 1)  # noqa: E731  # one line says it
        found = self._keyed(path, others, read, _VALUE)
        return _mapping(list(found.items()), fixed)

    # --------------------------------------------------------------------------------------------------- conditions

    def _condition(self, shape: Shape, path: str, before: Any) -> Any:
        if self.posted.asks(path, "drop") and shape.nullable:
            return ABSENT
        if before in (ABSENT, None):
            return {"all": [dict(NEW_TEST)]} if self.posted.asks(path, "add-test") else before
        return self._part(path, before)

    def _part(self, path: str, before: Any) -> Any:
        form = self.posted.text(f"{path}.is")
        if form == "test":
            made = self._test(path, before if isinstance(before, Mapping) else {})
            return {"all": [made, dict(NEW_TEST)]} if self.posted.asks(path, "add-test") else made
        count = self.posted.count(path)
        if form != "group" or count is None:
            return before
        old = next((each for each in ("all", "any", "none") if isinstance(before, Mapping) and each in before), "all")
        former = before.get(old, []) if isinstance(before, Mapping) else []
        word = self.posted.text(f"{path}.word") or old
        act = self.posted.asks(path, "word")
        word = act.argument if act is not None else word
        parts = [self._part(f"{path}.{n}", former[n] if n < len(former) else dict(NEW_TEST)) for n in range(count)]
        parts = rows_changed(self.posted, path, parts)
        if self.posted.asks(path, "add-test"):
            parts.append(dict(NEW_TEST))
        if self.posted.asks(path, "add-group"):
            parts.append({"any" if word == "all" else "all": [dict(NEW_TEST)]})
        return {word if word in {"all", "any", "none"} else old: parts}

    def _test(self, path: str, before: Mapping[str, Any]) -> dict[str, Any]:
        field, op = self.posted.text(f"{path}.field"), self.posted.text(f"{path}.op")
        former = str(before.get("field", ""))
        text = former if field is None or field == _picked(former) else field
        was = self.posted.text(f"{path}.was") or str(before.get("op", "="))
        wanted, old = wanted_for(was, self.scope.schema(former)), before.get("value", ABSENT)
        if was == "between":
            pair = [*old, "", ""][:2] if isinstance(old, list) else ["", ""]
            value = [self.value(wanted, f"{path}.value.{n}", each, is_row=True) for n, each in enumerate(pair)]
            value = old if value == ["", ""] and old is ABSENT else value
        else:
            value = self.value(wanted, f"{path}.value", old, depth=1)
        if op is not None and op != was:
            value = adapted(value, op)
        made: dict[str, Any] = {key: each for key, each in before.items() if key not in {"field", "op", "value"}}
        if "field" in before or text:
            made["field"] = text
        if "op" in before or op is not None:
            made["op"] = before.get("op", "=") if op is None else op
        return made if value is ABSENT else {**made, "value": value}


_VALUE = Shape("", "value")


def same_data(one: Any, other: Any) -> bool:
    return type(one) is type(other) and bool(one == other)


def _is_default(shape: Shape, value: Any) -> bool:
    return shape.default is not UNSET and not shape.nullable and same_data(value, shape.default)


def _blank(item: Shape) -> Any:
    """What a row begins with."""
    if item.kind in {"group", "pairs"}:
        return {"type": "text"} if item.by_name.keys() >= {"type", "title"} else {}
    return [] if item.kind in {"steps", "rows"} else ""


def _mapping(rows: list[tuple[str, Any]], begun: Mapping[str, Any]) -> dict[str, Any]:
    """Rows as a mapping. Of two of one name both are kept: the second gets a number."""
    made = dict(begun)
    for key, value in rows:
        name, number = key, 2
        while name in made:
            name, number = f"{key}_{number}", number + 1
        made[name] = value
    return made


def _has_cel(before: Any, text: str) -> bool:
    return isinstance(before, Mapping) and same_text(before.get(CEL), text)


def _picked(raw: Any) -> str:
    """A reference as it stands in a list to pick from."""
    reference = modes.reference_of(raw)
    return str(reference) if reference is not None else raw if isinstance(raw, str) and raw != modes.UNPICKED else ""
