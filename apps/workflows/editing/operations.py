"""What forms do to a definition: each function gives another one, and leaves the one that it was given as it is.

A definition is data here, as JSON has it, and need not be whole: `definition_raw` says what is taken for granted. What
an operation breaks is told by `apps.workflows.editing.problems`; the names of steps are kept right by the operations.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from copy import deepcopy
from typing import Any, Final

from apps.common.errors import InvalidInput, Issue, NotFound
from apps.common.paths import path_parse, path_text
from apps.workflows.definition import MOST_STEPS
from apps.workflows.values import CEL

Raw = dict[str, Any]
"""A definition, or a part of one, as data."""

NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,39}")
LONGEST: Final = 40
_ADDRESSED: Final = re.compile(r"[\w-]{1,100}")
"""Names by which a page can address a step: one that is no name yet is kept, told of, and renamed there."""
SETTINGS: Final = ("title", "description", "owner", "tags", "deadline", "overlap", "on_failure")
"""What is set of a workflow as a whole, beside its name."""
_HOLE: Final = re.compile(r"\$\$\{|\$\{([^{}]*)\}")
_STEPS: Final = ("go", "otherwise")
"""Fields, of a step or of a case, that list steps."""


def definition_raw(given: Any) -> Raw:
    """A definition as forms need it: a mapping, its steps, inputs and outputs mappings by text, each step a mapping.

    Raises `InvalidInput` for anything else.
    """
    if not isinstance(given, Mapping):
        raise _not_so("", "A definition is a mapping that begins with `name`, `title` and `steps`.")
    raw = dict(given)
    for part in ("steps", "inputs", "outputs"):
        held = {} if raw.get(part) is None else raw[part]
        if not isinstance(held, Mapping) or not all(isinstance(name, str) for name in held):
            raise _not_so(part, f"`{part}` is a mapping by name.")
        raw[part] = dict(held)
    for name, step in raw["steps"].items():
        if not _ADDRESSED.fullmatch(name):
            told = f"{name[:LONGEST]!r} is no name of a step: it is made of small letters, digits and _."
            raise _not_so("steps", told)
        if not isinstance(step, Mapping):
            raise _not_so(f"steps.{name}", "A step is a mapping with at least a `kind`.")
    if len(raw["steps"]) > MOST_STEPS:
        raise _not_so("steps", f"A workflow has at most {MOST_STEPS} steps.")
    return raw


def name_of(title: str, taken: Mapping[str, Any], *, otherwise: str = "step") -> str:
    """A name for a step that nothing in `taken` has, made of what people call it."""
    words = re.sub(r"[^a-z0-9]+", "_", title.lower()).strip("_")
    wanted = (words if words[:1].isalpha() else f"{otherwise}_{words}".rstrip("_"))[:LONGEST]
    if wanted not in taken:
        return wanted
    numbered = (f"{wanted[: LONGEST - len(str(n)) - 1]}_{n}" for n in range(2, len(taken) + 3))
    return next(name for name in numbered if name not in taken)


def step_add(raw: Raw, step: Mapping[str, Any], *, after: str | None = None, name: str = "") -> tuple[Raw, str]:
    """Put a step below `after`, or at the end; and the name that it got. Raises `InvalidInput` for one too many."""
    made = _copy(raw)
    steps = made["steps"]
    if len(steps) >= MOST_STEPS:
        raise _not_so("steps", f"A workflow has at most {MOST_STEPS} steps.")
    kind = str(step.get("kind", "step"))
    name = name_of(name or str(step.get("title") or kind), steps, otherwise=kind)
    _put(made, name, deepcopy(dict(step)), list(steps).index(after) + 1 if after in steps else len(steps))
    return made, name


def step_change(raw: Raw, name: str, step: Mapping[str, Any]) -> Raw:
    """Let a step say this instead. Raises `NotFound`."""
    made = _with_step(raw, name)
    made["steps"][name] = deepcopy(dict(step))
    return made


def step_remove(raw: Raw, name: str) -> Raw:
    """Take a step out. Who waited for it waits for what it waited for; nobody chooses it any more.

    What refers to its output stays: there is nothing to put in its place. Raises `NotFound`.
    """
    made = _with_step(raw, name)
    before = steps_before(made, name)
    del made["steps"][name]
    for other, step in made["steps"].items():
        if isinstance(step.get("after"), list):
            step["after"] = _instead(step["after"], name, [each for each in before if each != other])
        _rename_in(step, {name: None})
        if step.get("compensate") == name:
            del step["compensate"]
    return made


def step_move(raw: Raw, name: str, *, to: int) -> Raw:
    """Put a step at a position, from 0; one that is out of range is the nearest. Raises `NotFound`.

    A step without `after` follows the one above it, wherever it is put.
    """
    made = _with_step(raw, name)
    step = made["steps"].pop(name)
    _put(made, name, step, min(max(0, to), len(made["steps"])))
    return made


def step_duplicate(raw: Raw, name: str) -> tuple[Raw, str]:
    """Put a copy of a step below it; and the name that it got. Raises `NotFound`, `InvalidInput`."""
    copied = deepcopy(dict(_with_step(raw, name)["steps"][name]))
    if isinstance(copied.get("title"), str) and copied["title"]:
        copied["title"] = f"{copied['title'][:93]} (copy)"
    return step_add(raw, copied, after=name, name=name)


def step_rename(raw: Raw, name: str, new: str) -> Raw:
    """Give a step another name, wherever it is named. Raises `NotFound`, `InvalidInput` for a name it cannot have."""
    made = _with_step(raw, name)
    if new == name:
        return made
    if not NAME.fullmatch(new):
        raise _not_so("name", f"A name is a small letter, then up to {LONGEST - 1} small letters, digits and _.")
    if new in made["steps"]:
        raise _not_so("name", f"There is a step {new!r} already.")
    steps = {new if each == name else each: step for each, step in made["steps"].items()}
    for step in steps.values():
        if isinstance(step.get("after"), list):
            step["after"] = [new if each == name else each for each in step["after"]]
        _rename_in(step, {name: new})
    made["steps"] = {each: _referring(step, name, new) for each, step in steps.items()}
    made["outputs"] = _referring(made["outputs"], name, new)
    return made


def settings_set(raw: Raw, settings: Mapping[str, Any]) -> Raw:
    """Set what the workflow is as a whole: `name` and what `SETTINGS` lists; what is empty is left out."""
    made = _copy(raw)
    for key in ("name", *SETTINGS):
        if key not in settings:
            continue
        if settings[key] in ("", None, [], {}) and key not in {"name", "title"}:
            made.pop(key, None)
        else:
            made[key] = deepcopy(settings[key])
    return made


def inputs_set(raw: Raw, inputs: Mapping[str, Any]) -> Raw:
    """Let the workflow take these inputs, in this order."""
    return {**_copy(raw), "inputs": deepcopy(dict(inputs))}


def outputs_set(raw: Raw, outputs: Mapping[str, Any]) -> Raw:
    """Let the workflow give these outputs, in this order."""
    return {**_copy(raw), "outputs": deepcopy(dict(outputs))}


def steps_before(raw: Raw, name: str) -> list[str]:
    """The steps that come before one: those it names, or who choose it, or else the one above that undoes no other.

    As `Definition.before`, of a definition that need not be whole.
    """
    steps, undo = raw["steps"], undoes(raw)
    after = steps[name].get("after")
    if name in undo:
        return []
    if isinstance(after, list):
        return [each for each in after if isinstance(each, str)]
    if chosen := choosers(raw).get(name):
        return chosen
    names = list(steps)
    above = [each for each in names[: names.index(name)] if each not in undo]
    return above[-1:]


def undoes(raw: Raw) -> dict[str, str]:
    """The steps that run only to undo others, with those others, as `Definition.undoes` has it."""
    named = ((step.get("compensate"), name) for name, step in raw["steps"].items())
    return {undo: name for undo, name in named if isinstance(undo, str)}


def choosers(raw: Raw) -> dict[str, list[str]]:
    """The steps that are chosen by others, with those others, as `Definition.chosen_by` has it."""
    found: dict[str, list[str]] = {}
    for name, step in raw["steps"].items():
        for target in targets(step):
            found.setdefault(target, []).append(name)
    return found


def targets(step: Mapping[str, Any]) -> list[str]:
    """The steps that a step chooses among, and the one that deals with its failure."""
    listed: list[Any] = []
    cases = step.get("cases")
    if isinstance(cases, list):
        listed += [each for case in cases if isinstance(case, Mapping) for each in _listed(case.get("go"))]
    elif isinstance(cases, Mapping):
        listed += [each for go in cases.values() for each in _listed(go)]
    for key in _STEPS:
        listed += _listed(step.get(key))
    found = [each for each in dict.fromkeys(map(_text, listed)) if each]
    handler = step.get("on_error")
    to = handler.get("to") if isinstance(handler, Mapping) else None
    return [*found, to] if isinstance(to, str) and to else found


def references_rewrite(value: Any, change: Callable[[tuple[str | int, ...]], tuple[str | int, ...]]) -> Any:
    """A value in which each reference names what `change` makes of its path; what cannot be read stays as it is."""

    def hole(match: re.Match[str]) -> str:
        path = path_parse(match[1]) if match[1] is not None else None
        other = change(path) if path is not None else None
        return match[0] if other is None or other == path else "${" + path_text(other) + "}"

    if isinstance(value, str):
        return _HOLE.sub(hole, value)
    if isinstance(value, Mapping):
        return {key: references_rewrite(item, change) for key, item in value.items()}
    return [references_rewrite(item, change) for item in value] if isinstance(value, list) else value


def _referring(value: Any, name: str, new: str) -> Any:
    """A value that refers to `new` wherever it has referred to the step `name`, also in what is computed by CEL."""

    def change(path: tuple[str | int, ...]) -> tuple[str | int, ...]:
        return ("steps", new, *path[2:]) if path[:2] == ("steps", name) else path

    return _computing(references_rewrite(value, change), name, new)


def _computing(value: Any, name: str, new: str) -> Any:
    if isinstance(value, Mapping):
        return {
            key: re.sub(rf"\bsteps\.{name}\b", f"steps.{new}", item)
            if key == CEL and isinstance(item, str)
            else _computing(item, name, new)
            for key, item in value.items()
        }
    return [_computing(item, name, new) for item in value] if isinstance(value, list) else value


def _rename_in(step: Raw, names: Mapping[str, str | None]) -> None:
    """Rename the steps that a step chooses or undoes by, in place; what is renamed to None is chosen no more."""

    def renamed(listed: Any) -> Any:
        if not isinstance(listed, list):
            return listed
        made = [names.get(each, each) if isinstance(each, str) else each for each in listed]
        return [each for each in made if each is not None]

    def in_lists(held: Any) -> None:
        for key in _STEPS:
            if isinstance(held, dict) and key in held:
                held[key] = renamed(held[key])

    in_lists(step)
    cases = step.get("cases")
    if isinstance(cases, list):
        for case in cases:
            in_lists(case)
    elif isinstance(cases, dict):
        step["cases"] = {value: renamed(go) for value, go in cases.items()}
    for key in ("compensate", *(["of"] if step.get("kind") == "act" else [])):
        named = step.get(key)
        if isinstance(named, str) and (other := names.get(named)) is not None:
            step[key] = other
    handler = step.get("on_error")
    if isinstance(handler, dict) and isinstance(handler.get("to"), str) and handler["to"] in names:
        other = names[handler["to"]]
        if other is None:
            del step["on_error"]
        else:
            handler["to"] = other


def _instead(listed: list[Any], name: str, others: list[str]) -> list[Any]:
    """A list with others in the place of a name, each once."""
    made = [each for one in listed for each in (others if one == name else [one])]
    return [each for n, each in enumerate(made) if each not in made[:n]]


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _put(raw: Raw, name: str, step: Raw, position: int) -> None:
    items = list(raw["steps"].items())
    items.insert(position, (name, step))
    raw["steps"] = dict(items)


def _copy(raw: Raw) -> Raw:
    copied: Raw = deepcopy(raw)
    return copied


def _with_step(raw: Raw, name: str) -> Raw:
    if name not in raw["steps"]:
        raise NotFound(f"There is no step {name!r} in what you change.", remedy="See the steps: it may be undone.")
    return _copy(raw)


def _not_so(path: str, message: str) -> InvalidInput:
    return InvalidInput(f"{message} Nothing was changed.", issues=[Issue(path=path, message=message)])
