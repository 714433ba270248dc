"""Values of JSON, and which of them are personal: by what their schema declares, and by the names of their fields."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, Final

from pydantic import BaseModel

from apps.ai.schemas import Schema, choices, of_item, of_property, schema_of
from apps.common.redaction import is_secret_name

Scalar = str | int | float | bool
_DEEPEST: Final = 64
_FEWEST_OF_PROSE: Final = 12
"""Words: names of articles, stores and columns have fewer."""
_PERSONAL_NAME = re.compile(
    r"(?:^|[_\-. ])(?:first|last|full|given|family|middle|maiden|birth|patient|customer|client|employee|contact|person)"
    r"[_\-. ]?names?$|^sur_?name$|birth_?(?:day|date)$|date_?of_?birth$|(?:home|postal|mailing|street)_?address$"
    r"|pass_?port(?:[_\-. ]?(?:no|nr|number))?$|(?:national|tax|citizen|identity)_?(?:id|number|no)$|e_?mails?$"
    r"|phones?$"
    r"|(?:mobile|tele?phone|fax)(?:[_\-. ]?(?:no|nr|number))?$|licen[cs]e_?plate$",
    re.I,
)
_HUMPS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


@lru_cache(maxsize=4096)
def is_personal_name(name: str) -> bool:
    """Whether a field of this name holds what belongs to one person, or opens something."""
    return _PERSONAL_NAME.search(_HUMPS.sub("_", name)) is not None or is_secret_name(name)


def plain(value: Any) -> Any:
    """A value as JSON has it."""
    return value.model_dump(mode="json") if isinstance(value, BaseModel) else value


def mapped(
    value: Any, schema: Schema, change: Callable[[Scalar, str, str, bool], Any], key: Callable[[str, str], str], at: str
) -> Any:
    """The value with each scalar in it changed: `change(scalar, path, name, is_declared)`; and names by `key`.

    `is_declared` is whether the schema says of it, or of what it is in, `"personal": true`.
    """

    def walk(value: Any, schemas: list[Schema], path: str, name: str, declared: bool, depth: int) -> Any:
        if depth > _DEEPEST:
            raise ValueError(f"{path} has more than {_DEEPEST} levels.")
        schemas = choices(schemas, schema)
        declared = declared or any(each.get("personal") is True for each in schemas)
        if isinstance(value, Mapping):
            return {
                key(str(each), f"{path}.{each}"): walk(
                    item, list(of_property(schemas, str(each))), f"{path}.{each}", str(each), declared, depth + 1
                )
                for each, item in value.items()
            }
        if isinstance(value, list | tuple):
            return [
                walk(item, list(of_item(schemas, place)), f"{path}[{place}]", name, declared, depth + 1)
                for place, item in enumerate(value)
            ]
        return value if value is None else change(value, path, name, declared)

    return walk(plain(value), [schema], at, "", declared=False, depth=0)


def has_free_text(value: Any) -> bool:
    """Whether a text in `value` is prose: of so many words some may be names, which nothing tells from the others."""
    if isinstance(value, str):
        return len(value.split()) >= _FEWEST_OF_PROSE
    if isinstance(value, Mapping):
        return any(map(has_free_text, value.values()))
    return isinstance(value, list | tuple) and any(map(has_free_text, value))


def personal_values(value: Any, schema: type[BaseModel] | Schema | None) -> tuple[str, ...]:
    """The texts in `value` that its schema declares personal, or whose fields are named so: each once, in order.

    A request that quotes the value hands them over (`Request.personal`), so that they are masked wherever they stand.
    """
    seen: dict[str, None] = {}

    def note(scalar: Scalar, path: str, name: str, declared: bool) -> Scalar:
        if not isinstance(scalar, bool) and (declared or (isinstance(scalar, str) and is_personal_name(name))):
            seen[str(scalar)] = None
        return scalar

    mapped(value, schema_of(schema), note, lambda name, _: name, "")
    return tuple(each for each in seen if each.strip())
