"""What changed between two definitions, in words."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from apps.workflows.conditions import Group, Test, condition_sentence
from apps.workflows.definition import Definition, definition_dump

_LONGEST = 80
"""Characters of a value that are shown."""


def definition_difference(old: Definition, new: Definition) -> list[str]:
    """A sentence for each change, in the order of the new definition; empty where nothing changed."""
    return list(_sentences(old, new))


def _sentences(old: Definition, new: Definition) -> Iterator[str]:
    one, other = definition_dump(old), definition_dump(new)
    yield from _changes("The workflow", *(_rest(each, "steps", "inputs", "outputs") for each in (one, other)))
    for part, noun in (("inputs", "Input"), ("steps", "Step"), ("outputs", "Output")):
        before, after = one.get(part, {}), other.get(part, {})
        yield from (f"{noun} `{name}` was removed." for name in before if name not in after)
        for name, value in after.items():
            if name not in before:
                yield f"{noun} `{name}` was added{_as_what(value)}."
            elif before[name] != value:
                yield from _part_changes(f"{noun} `{name}`", before[name], value)
    kept = [name for name in new.steps if name in old.steps]
    if kept != [name for name in old.steps if name in new.steps]:
        yield f"The steps are in another order: {', '.join(new.steps)}."


def _part_changes(named: str, before: Any, after: Any) -> Iterator[str]:
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        yield from _changes(named, before, after)
    else:
        yield f"{named} was {_shown(before)}, and is {_shown(after)}."


def _changes(named: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    for place in dict.fromkeys([*before, *after]):
        was, now = before.get(place), after.get(place)
        if was == now:
            continue
        word = place.replace("_", " ")
        if place not in before:
            yield f"{named}: {word} is {_shown(now)}; it was left out."
        elif place not in after:
            yield f"{named}: {word} was {_shown(was)}, and is left out."
        elif isinstance(was, Mapping) and isinstance(now, Mapping) and not _is_condition(now):
            yield from _changes(f"{named}, {word}", was, now)
        elif pairs := _pairs(was, now):
            for number, (former, latter) in enumerate(pairs, 1):
                yield from _changes(f"{named}, {word}, number {number}", former, latter)
        else:
            yield f"{named}: {word} was {_shown(was)}, and is {_shown(now)}."


def _pairs(was: Any, now: Any) -> list[tuple[Mapping[str, Any], Mapping[str, Any]]]:
    """The items of two lists of mappings that can be told one by one, as they are of the same length; else none."""
    if not (isinstance(was, list) and isinstance(now, list) and len(was) == len(now)):
        return []
    told = all(isinstance(item, Mapping) and not _is_condition(item) for item in [*was, *now])
    return list(zip(was, now, strict=True)) if told else []


def _rest(data: Mapping[str, Any], *without: str) -> dict[str, Any]:
    return {key: value for key, value in data.items() if key not in without}


def _as_what(value: Any) -> str:
    kind = value.get("kind") or value.get("type") if isinstance(value, Mapping) else None
    return f" ({kind})" if kind else ""


def _is_condition(value: Mapping[str, Any]) -> bool:
    return set(value) <= {"all", "any", "none"} or {"field", "op"} <= set(value)


def _shown(value: Any) -> str:
    if isinstance(value, Mapping) and value and _is_condition(value):
        model = Test if "field" in value else Group
        return f"“{condition_sentence(model.model_validate(value))}”"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
