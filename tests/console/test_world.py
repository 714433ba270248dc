"""The outline of the world that maps are drawn on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from apps.common.widgets.maps import COUNTRIES


@pytest.fixture
def world(settings: Any) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((Path(settings.VENDOR_DIR) / "world" / "world.json").read_text())
    return read


def rings(world: dict[str, Any], country: str) -> Iterator[list[list[float]]]:
    """The rings of a country's polygons."""
    for feature in world["features"]:
        if feature["properties"]["name"] == country:
            for polygon in feature["geometry"]["coordinates"]:
                yield from polygon


def test_its_countries_are_known_by_the_letters_that_a_map_names_them_by(world: dict[str, Any]) -> None:
    names = [feature["properties"]["name"] for feature in world["features"]]
    assert len(names) == len(set(names)) > 170
    assert {"DE", "BR", "IN", "ZA", "XK"} <= set(names)
    assert {name for name in names if name not in COUNTRIES} == {"N. Cyprus", "Somaliland"}  # no code is theirs


def test_no_ring_crosses_the_180th_meridian(world: dict[str, Any]) -> None:
    for feature in world["features"]:
        for ring in rings(world, feature["properties"]["name"]):
            assert ring[0] == ring[-1]
            assert all(-180 <= x <= 180 and -90 <= y <= 90 for x, y in ring)
            assert all(abs(x - before) < 180 for (before, _), (x, _) in pairwise(ring))


@pytest.mark.parametrize("country", ["RU", "FJ"])
def test_a_country_on_both_sides_of_it_is_on_both_sides_still(world: dict[str, Any], country: str) -> None:
    ends = [(min(x for x, _ in ring), max(x for x, _ in ring)) for ring in rings(world, country)]
    assert any(low == -180 for low, _ in ends)
    assert any(high == 180 for _, high in ends)
