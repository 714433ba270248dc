"""Tables to start from, made by seeded generators of the standard library, so that they are the same everywhere."""

from __future__ import annotations

import math
import random
from datetime import date, timedelta
from typing import Any

Rows = list[dict[str, Any]]


def weekly_sales(weeks: int = 110, seed: int = 7) -> Rows:
    """Three groceries in long form, with levels, trends and yearly patterns of their own."""
    chance, first = random.Random(seed), date(2023, 1, 2)  # noqa: S311 - an example is no secret
    rows: Rows = []
    for item, level, growth, swing, peak in (
        ("Espresso beans 1 kg", 180, 0.4, 0.15, 50),
        ("Lemonade 6-pack", 260, 0.1, 0.45, 27),
        ("Oat milk 1 l", 90, 0.9, 0.05, 10),
    ):
        for week in range(weeks):
            mean = (level + growth * week) * (1 + swing * math.cos(2 * math.pi * (week - peak) / 52.18))
            units = max(0, round(chance.gauss(mean, 0.1 * mean)))
            rows.append({"item": item, "week": (first + timedelta(weeks=week)).isoformat(), "units": units})
    return rows


def spare_parts(months: int = 60, seed: int = 11) -> Rows:
    """Four spare parts, a row each and a column per month: most months without demand, the bearing fading out."""
    chance = random.Random(seed)  # noqa: S311 - an example is no secret
    rows: Rows = []
    for part, share, size in (
        ("Pump seal 40 mm", 0.35, 2),
        ("Control board C2", 0.12, 1),
        ("Drive belt A68", 0.5, 8),
        ("Bearing 6204", 0.5, 3),
    ):
        row: dict[str, Any] = {"part": part}
        for month in range(months):
            fading = 1 - 0.9 * month / months if part.startswith("Bearing") else 1
            asked = chance.random() < share * fading
            row[f"{2020 + month // 12}-{month % 12 + 1:02d}"] = chance.randint(1, 2 * size) if asked else 0
        rows.append(row)
    return rows


SHOPS = (("Harbour Street", 420, 0.5), ("Central Station", 1150, 0.0), ("Old Town", 260, -0.4))


def daily_visits(days: int = 140, seed: int = 13) -> Rows:
    """Visits of three shops, a row for a day and a column for a shop: Saturdays are busy, one rests on Sundays."""
    chance, first = random.Random(seed), date(2025, 3, 3)  # noqa: S311 - an example is no secret
    week = (0.8, 0.8, 0.9, 1.0, 1.25, 1.6, 0.65)
    rows: Rows = []
    for day in range(days):
        today = first + timedelta(days=day)
        row: dict[str, Any] = {"day": today.isoformat()}
        for shop, level, growth in SHOPS:
            mean = (level + growth * day) * week[today.weekday()]
            closed = shop == "Old Town" and today.weekday() == 6
            row[shop] = 0 if closed else max(0, round(chance.gauss(mean, 0.08 * mean)))
        rows.append(row)
    return rows
