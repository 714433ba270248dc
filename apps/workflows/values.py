"""Values of a definition: literals, references to what earlier steps gave, and a fixed set of functions.

A text ``${steps.sum.total}`` is a reference and keeps the type of what it names; inside a longer text it becomes text.
``$${`` writes ``${``. A mapping with one key that begins with ``$`` is a call: ``{"$round": ["${inputs.x}", 2]}``.
``{"$cel": "inputs.x * 2"}`` is an expression: see `apps.workflows.cel`.
A value is compiled once per version; evaluating one runs no code but ours and loops over nothing but its data.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from apps.common.paths import NoValue, lookup, path_parse, path_text
from apps.workflows.functions import FUNCTIONS

if TYPE_CHECKING:
    from apps.workflows.cel.checking import Expression

Env = Mapping[str, Any]
"""What references name, by root: `inputs`, `steps` (outputs by name), `run`, and `item`, `index`, `error` where set."""
Compiled = Callable[[Env], Any]

ROOTS: Final = ("inputs", "steps", "run", "item", "index", "error", "message", "ended", "fired")
DEEPEST: Final = 20
"""Levels of lists, mappings and functions in one value."""

CEL: Final = "$cel"
"""The key of a mapping that is an expression."""

_HOLE = re.compile(r"\$\$\{|\$\{([^{}]*)\}")


class BadValue(ValueError):
    """A value that cannot be read, when it is saved; the text says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Reference:
    """`${root.path[0]}`."""

    path: tuple[str | int, ...]

    @property
    def root(self) -> str:
        return str(self.path[0])

    @property
    def step(self) -> str | None:
        """The step whose output it reads."""
        return str(self.path[1]) if self.root == "steps" and len(self.path) > 1 else None

    def __str__(self) -> str:
        return "${" + path_text(self.path) + "}"


def reference_parse(text: str) -> Reference:
    """The reference between the braces. Raises `BadValue`."""
    path = path_parse(text := text.strip())
    if path is None:
        raise BadValue(f"`${{{text}}}` cannot be read: write it as `${{inputs.name}}` or `${{steps.name.field}}`.")
    if path[0] not in ROOTS:
        raise BadValue(f"`${{{text}}}` begins with none of {', '.join(ROOTS)}.")
    return Reference(path)


def text_parse(text: str) -> list[str | Reference]:
    """A text as its literal parts and references, in order."""
    parts: list[str | Reference] = []
    literal, at = "", 0
    for match in _HOLE.finditer(text):
        literal += text[at : match.start()]
        if match[0] == "$${":
            literal += "${"
        else:
            parts += [literal, reference_parse(match[1])] if literal else [reference_parse(match[1])]
            literal = ""
        at = match.end()
    literal += text[at:]
    return [*parts, literal] if literal or not parts else parts


def references_in(value: Any) -> Iterator[tuple[str, Reference]]:
    """Every reference in a value with its place in it. Raises `BadValue`."""
    if isinstance(value, str):
        yield from (("", part) for part in text_parse(value) if isinstance(part, Reference))
    elif isinstance(value, Mapping) and CEL in value:
        yield from ((CEL, found) for found in _expression(value).references)
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from ((_under(str(key), place), found) for place, found in references_in(item))
    elif isinstance(value, list | tuple):
        for n, item in enumerate(value):
            yield from ((_under(str(n), place), found) for place, found in references_in(item))


def has_call(value: Any) -> bool:
    """Whether a function is applied somewhere in a value."""
    if isinstance(value, Mapping):
        return any(str(key).startswith("$") or has_call(item) for key, item in value.items())
    return isinstance(value, list | tuple) and any(map(has_call, value))


def value_compile(value: Any, *, depth: int = 0) -> Compiled:
    """A function that gives the value in an environment. Raises `BadValue` for one that cannot be read.

    The function raises `NoValue` where a reference names nothing, and `ValueError` where a function cannot be applied.
    """
    if depth > DEEPEST:
        raise BadValue(f"A value has at most {DEEPEST} levels.")
    if isinstance(value, str):
        return _text_compile(value)
    if isinstance(value, Mapping):
        if CEL in value:
            return _expression_compile(value)
        if any(str(key).startswith("$") for key in value):
            return _call_compile(value, depth)
        return _mapping_compile({str(key): value_compile(item, depth=depth + 1) for key, item in value.items()})
    if isinstance(value, list | tuple):
        items = [value_compile(item, depth=depth + 1) for item in value]
        return lambda env: [item(env) for item in items]
    return lambda env: value


def _under(key: str, place: str) -> str:
    return f"{key}.{place}" if place else key


def _mapping_compile(items: dict[str, Compiled]) -> Compiled:
    return lambda env: {key: item(env) for key, item in items.items()}


def _text_compile(text: str) -> Compiled:
    parts = text_parse(text)
    if len(parts) == 1:
        only = parts[0]
        if isinstance(only, str):
            return lambda env: only
        path = only.path
        return lambda env: lookup(env, path)
    return lambda env: "".join(part if isinstance(part, str) else shown(lookup(env, part.path)) for part in parts)


def _expression(value: Mapping[Any, Any]) -> Expression:
    from apps.workflows.cel.checking import expression_parse  # only where there are expressions

    if len(value) != 1:
        raise BadValue("An expression stands alone in its mapping: `$cel` has no neighbours.")
    return expression_parse(value[CEL])


def _expression_compile(value: Mapping[Any, Any]) -> Compiled:
    from apps.workflows.cel.evaluating import expression_evaluate

    expression = _expression(value)
    return lambda env: expression_evaluate(expression, env)


def _call_compile(value: Mapping[Any, Any], depth: int) -> Compiled:
    if len(value) != 1:
        raise BadValue("A function stands alone in its mapping: a key that begins with `$` has no neighbours.")
    ((key, given),) = value.items()
    function = FUNCTIONS.get(str(key)[1:])
    if function is None:
        raise BadValue(f"There is no function `{key}`: use one of {', '.join('$' + name for name in FUNCTIONS)}.")
    listed = given if isinstance(given, list | tuple) and function.most != 1 else [given]
    if not function.least <= len(listed) <= function.most:
        raise BadValue(f"`{key}` takes {function.takes}; there are {len(listed)} values here.")
    parts = [value_compile(item, depth=depth + 1) for item in listed]
    if function.forgives:
        return lambda env: function.call(*(_or_none(part, env) for part in parts))
    return lambda env: function.call(*(part(env) for part in parts))


def _or_none(part: Compiled, env: Env) -> Any:
    try:
        return part(env)
    except NoValue:
        return None


def shown(value: Any) -> str:
    """A value inside a text: numbers and texts as they are, nothing for null, lists and mappings as JSON."""
    if isinstance(value, str):
        return value
    return "" if value is None else json.dumps(value, ensure_ascii=False)
