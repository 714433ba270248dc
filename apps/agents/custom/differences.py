"""What a version changes of another, in sentences."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from pydantic import BaseModel

from apps.agents.custom.contents import Bounds, Content, Guardrails

_NAMED: Final = {"inputs": ("input", "name"), "outputs": ("output", "name"), "actions": ("action", "kind")}
_GROUPS: Final[dict[str, type[BaseModel]]] = {"guardrails": Guardrails, "limits": Bounds}
_LONGEST: Final = 80


def content_differences(old: Content | None, new: Content) -> list[str]:
    """A sentence for each thing that differs; empty where nothing does."""
    if old is None:
        return []
    before, after = old.model_dump(mode="json"), new.model_dump(mode="json")
    return [said for name in after for said in _of(name, before.get(name), after[name])]


def _of(name: str, was: Any, now: Any) -> Iterator[str]:
    if was == now:
        return
    title = Content.model_fields[name].title or name.replace("_", " ").capitalize()
    if name in _NAMED:
        yield from _listed(*_NAMED[name], was, now)
    elif name == "tools":
        yield from (f"It may ask {key}." for key in now if key not in was)
        yield from (f"It may no longer ask {key}." for key in was if key not in now)
        if set(was) == set(now):
            yield "Its tools stand in another order."
    elif name in _GROUPS:
        fields = _GROUPS[name].model_fields
        yield from (
            _changed(fields[key].title or key.capitalize(), was[key], now[key]) for key in now if was[key] != now[key]
        )
    else:
        yield _changed(title, was, now)


def _listed(noun: str, by: str, was: list[dict[str, Any]], now: list[dict[str, Any]]) -> Iterator[str]:
    before, after = {each[by]: each for each in was}, {each[by]: each for each in now}
    yield from (f"There is an {noun} {name} more." for name in after if name not in before)
    yield from (f"The {noun} {name} is gone." for name in before if name not in after)
    for name, value in after.items():
        if name in before and before[name] != value:
            parts = [key for key in value if before[name].get(key) != value[key]]
            yield f"Of the {noun} {name} it changes: {', '.join(part.replace('_', ' ') for part in parts)}."
    if list(before) != list(after) and set(before) == set(after):
        yield f"The {noun}s stand in another order."


def _changed(title: str, was: Any, now: Any) -> str:
    if isinstance(now, str) and max(len(now), len(str(was or ""))) > _LONGEST:
        return f"{title} has other words."
    return f"{title} was {_shown(was)}, and is {_shown(now)}."


def _shown(value: Any) -> str:
    if value in (None, "", [], {}):
        return "nothing"
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = ", ".join(str(each) for each in value) if isinstance(value, list) else str(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
