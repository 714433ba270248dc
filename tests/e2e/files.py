"""Files for an agent to work on, the same every time."""

from __future__ import annotations

import csv
from datetime import date, timedelta
from pathlib import Path
from random import Random


def write_weekly(path: Path, items: int, weeks: int = 110, *, column: str = "sold") -> Path:
    """A file of weekly sales in long form: levels of their own, and chance around them."""
    chance = Random(4)
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["item", "week", column])
        for item in range(items):
            level = chance.uniform(20, 400)
            for week in range(weeks):
                day = date(2024, 1, 1) + timedelta(weeks=week)
                rows.writerow([f"Item {item:03d}", day.isoformat(), max(0, round(chance.gauss(level, level / 5)))])
    return path
