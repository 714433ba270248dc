"""Definitions as text: YAML as people write it, read strictly, and the line that a place of it stands on."""

from __future__ import annotations

import math
import re
from typing import Any, Final

import yaml

from apps.common.errors import InvalidInput, Issue

DEEPEST: Final = 64
"""Levels of lists and mappings: who reads them follows each by a call."""
LONGEST_NUMBER: Final = 1_000
"""Bits of an integer."""


def text_read(text: str) -> Any:
    """The data that a text of YAML or JSON holds. Raises `InvalidInput` with line and column."""
    try:
        return yaml.load(text, Loader=_Loader)  # noqa: S506  # a safe loader, stricter
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        place = f"line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        told = str(getattr(error, "problem", None) or error)
        raise InvalidInput(
            "The text is not YAML that can be read. Nothing was stored.", issues=[Issue(path=place, message=told)]
        ) from error


def text_write(data: Any) -> str:
    """Data as YAML that people read and edit; `text_read` gives it back."""
    return str(yaml.dump(data, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=110))


def line_of(text: str, path: str) -> int | None:
    """The line, from 1, on which the place of an issue begins; that of what holds it, where it is not in the text.

    None for a text that `text_read` does not read, or a path that names nothing of it.
    """
    try:
        node = yaml.compose(text, Loader=_Loader)
    except (yaml.YAMLError, RecursionError, ValueError):
        return None
    found = None
    for part in path.split("."):
        # A part that names nothing here is passed over: it is missing, or tells apart the forms that a value may have.
        if (below := _below(node, part)) is not None:
            found, node = below
    return found


def _below(node: Any, part: str) -> tuple[int, Any] | None:
    """The line and the node of what a mapping or a list has under a name or a number."""
    if isinstance(node, yaml.MappingNode):
        pairs = ((key.start_mark.line, value) for key, value in node.value if key.value == part)
        return next(((line + 1, value) for line, value in pairs), None)
    if isinstance(node, yaml.SequenceNode) and part.isdecimal() and int(part) < len(node.value):
        item = node.value[int(part)]
        return item.start_mark.line + 1, item
    return None


class _Loader(yaml.SafeLoader):
    """YAML as JSON has it: no aliases (they make a small text a huge value), no repeated keys, no dates, sets or bytes,
    no number without an end, and for truth only `true` and `false` (in YAML 1.1 `no` and `on` were that too)."""

    depth = 0

    def compose_node(self, parent: Any, index: Any) -> Any:
        event: Any = self.peek_event()  # type: ignore[no-untyped-call]
        where = event.start_mark
        if isinstance(event, yaml.events.AliasEvent):
            raise yaml.composer.ComposerError(None, None, "aliases are not understood: write it out", where)
        if self.depth > DEEPEST:
            raise yaml.composer.ComposerError(None, None, f"it has {DEEPEST} levels at most", where)
        self.depth += 1
        try:
            return super().compose_node(parent, index)
        finally:
            self.depth -= 1

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        seen = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, str):
                raise yaml.constructor.ConstructorError(None, None, f"the key {key!r} is no text", key_node.start_mark)
            if key in seen:
                raise yaml.constructor.ConstructorError(None, None, f"`{key}` is there twice", key_node.start_mark)
            seen.add(key)
        return super().construct_mapping(node, deep)


def _text_made(loader: _Loader, node: Any) -> str:
    text = str(loader.construct_scalar(node))
    if any("\ud800" <= sign <= "\udfff" for sign in text):
        raise _not_data("half of a character is no text", node)
    return text


def _number_made(loader: _Loader, node: Any) -> int | float:
    is_whole = node.tag == "tag:yaml.org,2002:int"
    made = loader.construct_yaml_int(node) if is_whole else loader.construct_yaml_float(node)
    if made.bit_length() > LONGEST_NUMBER if isinstance(made, int) else not math.isfinite(made):
        raise _not_data("this number is too large, or is none", node)
    return made


def _refused(loader: _Loader, node: Any) -> Any:
    raise _not_data(f"{node.tag.rpartition(':')[2]} is no kind of data that is understood here", node)


def _not_data(told: str, node: Any) -> yaml.constructor.ConstructorError:
    return yaml.constructor.ConstructorError(None, None, told, node.start_mark)


_Loader.add_constructor("tag:yaml.org,2002:str", _text_made)
for _kind in ("int", "float"):
    _Loader.add_constructor(f"tag:yaml.org,2002:{_kind}", _number_made)
for _kind in ("timestamp", "set", "binary", "omap", "pairs"):
    _Loader.add_constructor(f"tag:yaml.org,2002:{_kind}", _refused)
_Loader.yaml_implicit_resolvers = {
    first: [
        (tag, pattern)
        for tag, pattern in resolvers
        if tag not in {"tag:yaml.org,2002:timestamp", "tag:yaml.org,2002:bool"}
    ]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"true|false"), ["t", "f"])


class _Dumper(yaml.SafeDumper):
    """Long texts as blocks, lists indented below their key."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> Any:
        return super().increase_indent(flow, False)


def _text_node(dumper: yaml.SafeDumper, text: str) -> Any:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _text_node)
