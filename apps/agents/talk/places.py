"""Where a number of a text is from, as people know the place: its name, and where it is to be seen."""

from __future__ import annotations

import re
from typing import Any, Final
from urllib.parse import urlencode

_STEP: Final = re.compile(r"([^.\[\]]+)|\[(\d+)\]")
_WORDS: Final = {"headline": "Headline", "settings": "Setting", "held_against": "held against", "tables_read": "Data"}
_LONGEST: Final = 160


def place_of(sources: dict[str, Any], path: str) -> tuple[str, str]:
    """The name of a place in what a model was told or read, and the address of it on the page of the run (a query and
    a fragment), or elsewhere. `path` is as the number check has it, ``run.result[1].rows[3].amount``."""
    steps = [int(at) if at else name for name, at in _STEP.findall(path)]
    match steps:
        case ["run", "decisions", int(number), *rest]:
            told = sources["run"]["decisions"][number]
            subject = f" ({told['subject']})" if told.get("subject") else ""
            return _name(f"Decision {number + 1}{subject}", _spoken(rest)), f"?decision={number}#decision"
        case ["run", "result", int(number), *rest]:
            return _part(sources["run"]["result"][number], rest)
        case ["read", int(number), *rest]:
            return _name("Read on in the result", _row(_at(sources, steps[:2]), rest) or _spoken(rest)), "#parts"
        case ["run", *rest]:
            return _name("The run", _spoken(rest)), "#run"
    return "The result", "#parts"


def _part(part: dict[str, Any], rest: list[Any]) -> tuple[str, str]:
    title = part.get("title") or part.get("kind", "")
    match rest:
        case ["figures", int(number), *_]:
            return _name(title if part.get("title") else "", part["figures"][number]["label"]), "#parts"
        case ["rows", int(number), *_]:
            key = part.get("rows_are_named_by")
            named = part["rows"][number].get(key) if key else None
            where = f"?{urlencode({'row': named})}#detail" if named is not None else "#parts"
            return _name(title, _row(part, rest)), where
    return _name(title, _spoken(rest)), "#parts"


def _row(part: Any, rest: list[Any]) -> str:
    """A cell of a table in words; empty for what is none."""
    match rest:
        case ["rows", int(number), str(column)]:
            row, key = part["rows"][number], part.get("rows_are_named_by")
            named = row.get(key) if key else None
            words = part.get("columns", {}).get(column, column)
            return f"{f'row {number + 1}' if named is None else named}, {words}"
    return ""


def _at(data: Any, steps: list[Any]) -> Any:
    for step in steps:
        data = data[step]
    return data


def _spoken(steps: list[Any]) -> str:
    """A path in words: numbers count from one."""
    words = [
        str(each + 1) if isinstance(each, int) else _WORDS.get(each, str(each).replace("_", " ")) for each in steps
    ]
    return " ".join(words)


def _name(*parts: str) -> str:
    return ", ".join(part for part in parts if part)[:_LONGEST]
