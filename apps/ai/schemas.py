"""What a JSON schema says of the parts of a value."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from pydantic import BaseModel

Schema = Mapping[str, Any]
_MOST = 200
"""Schemas for one value: a definition that is only itself would go on for ever."""


def schema_of(model: type[BaseModel] | Schema | None) -> Schema:
    """The JSON schema of a model; one that is given stays. None says nothing of anything."""
    if model is None:
        return {}
    return _schema_of(model) if isinstance(model, type) else model


@lru_cache(maxsize=256)
def _schema_of(model: type[BaseModel]) -> Schema:
    return model.model_json_schema(by_alias=False)


def choices(schemas: Iterable[Schema], root: Schema) -> list[Schema]:
    """The schemas that hold for a value: behind references to `root`, and each that it may be by choice."""
    left, found = list(schemas), list[Schema]()
    while left and len(found) < _MOST:
        each = left.pop(0)
        found.append(each)
        reference = each.get("$ref")
        if isinstance(reference, str) and reference.startswith("#/"):
            target: Any = root
            for part in reference[2:].split("/"):
                target = target.get(part.replace("~1", "/").replace("~0", "~"), {})
            left.append(target)
        for choice in ("anyOf", "oneOf", "allOf"):
            left += each.get(choice, ())
    return found


def of_property(schemas: Iterable[Schema], name: str) -> Iterator[Schema]:
    """What they say of the value under a name."""
    for each in schemas:
        other = each.get("additionalProperties")
        if name in each.get("properties", {}):
            yield each["properties"][name]
        elif isinstance(other, Mapping):
            yield other


def of_item(schemas: Iterable[Schema], place: int) -> Iterator[Schema]:
    """What they say of an item of a list, by its place from 0."""
    for each in schemas:
        first, items = each.get("prefixItems", ()), each.get("items")
        if place < len(first):
            yield first[place]
        elif isinstance(items, Mapping):
            yield items
