"""Tables to start from, made by seeded generators of the standard library, so that they are the same everywhere."""

from __future__ import annotations

import random
from typing import Any

Rows = list[dict[str, Any]]


def _chance(seed: int) -> random.Random:
    return random.Random(seed)  # noqa: S311 - an example is no secret


def bores(samples: int = 30, seed: int = 5) -> Rows:
    """Five bores an hour; a tool that wears from sample 22 on, and a chip under the part in sample 12."""
    chance, rows = _chance(seed), Rows()
    for sample in range(1, samples + 1):
        mean = 40.001 + 0.0016 * max(0, sample - 22) + (0.014 if sample == 12 else 0)
        for _ in range(5):
            rows.append({"sample": sample, "diameter_mm": round(chance.gauss(mean, 0.006), 4)})
    return rows


def castings(shifts: int = 30, seed: int = 8) -> Rows:
    """Castings that leak under pressure, shift by shift, of which more or fewer were tested; a bad lot of resin."""
    chance, rows = _chance(seed), Rows()
    for shift in range(1, shifts + 1):
        size = chance.choice((150, 160, 180, 200))
        share = 0.13 if shift in {17, 18} else 0.04
        rows.append({"shift": shift, "tested": size, "leaking": sum(chance.random() < share for _ in range(size))})
    return [{"sample": row["shift"], "inspected": row["tested"], "defectives": row["leaking"]} for row in rows]


def gauge_study(seed: int = 3) -> Rows:
    """Ten shafts, three operators, three trials, by a micrometer of which one operator reads a little more."""
    chance, rows = _chance(seed), Rows()
    parts = [chance.gauss(12.0, 0.03) for _ in range(10)]
    for operator, bias in (("Anna", 0.0), ("Björn", 0.001), ("Carlos", 0.004)):
        for part, size in enumerate(parts, start=1):
            for trial in (1, 2, 3):
                reading = round(chance.gauss(size + bias, 0.003), 4)
                rows.append({"operator": operator, "part": part, "trial": trial, "diameter": reading})
    return rows


def lots(seed: int = 6) -> Rows:
    """Lots of seals as they came in, with what was found in their samples."""
    chance, rows = _chance(seed), Rows()
    for number in range(1, 25):
        size = chance.choice((800, 1000, 1200, 2500))
        share = 0.06 if number in {7, 8, 9} else 0.004
        sample = 80 if size <= 1200 else 125
        found = sum(chance.random() < share for _ in range(sample))
        rows.append({"lot": f"L{number:03d}", "lot_size": size, "defectives": found})
    return rows


def defects(seed: int = 2) -> Rows:
    """Why units came back from the final test, a row for each kind."""
    chance = _chance(seed)
    usual = {"Leaking seal": 96, "Noise": 61, "Paint": 22, "Wrong label": 17, "Oil level": 9, "Scratched shaft": 8,
             "Loose plug": 4, "Missing key": 3}  # fmt: skip
    return [{"defect_type": kind, "count": round(chance.gauss(mean, mean**0.5))} for kind, mean in usual.items()]
