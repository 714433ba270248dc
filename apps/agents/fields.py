"""Flat values, as forms send them and files have them, as the nested data of an input."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

MOST_CHOICES = 200
"""How many columns of a table are offered to choose from."""


def nest(values: Mapping[str, str]) -> dict[str, Any]:
    """``{"history.columns.item": "name"}`` as nested dicts. Empty values are left out: the model's default holds."""
    nested: dict[str, Any] = {}
    for path, value in values.items():
        if value == "":
            continue
        *parents, last = path.split(".")
        place = nested
        for parent in parents:
            below = place.setdefault(parent, {})
            if not isinstance(below, dict):
                below = place[parent] = {}
            place = below
        place[last] = value
    return nested


def merge(base: dict[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """`base` with the values of `over` in their places; what stands beside them stays."""
    for name, value in over.items():
        below = base.get(name)
        base[name] = merge(below, value) if isinstance(below, dict) and isinstance(value, Mapping) else value
    return base
