"""The demonstration of the industry: one person for every role, a table, and a run on it."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

from apps.common.demo import DemoDataset, DemoPerson, DemoRun, DemoTenant
from apps.common.permissions import ROLES

if TYPE_CHECKING:
    import polars


def numbers(chance: Random) -> polars.DataFrame:
    """Ten numbers with their names."""
    import polars as pl

    return pl.DataFrame({"name": list("abcdefghij"), "number": [chance.randint(1, 9) for _ in range(10)]})


DEMO = DemoTenant(
    slug="sandbox",
    name="Sandbox Ltd",
    industry="dummy",
    industries=("dummy",),
    people=tuple(DemoPerson(f"{role.title} Dummy", role.key) for role in ROLES.values()),
    datasets=(DemoDataset("Dummy numbers", "dummy-numbers.csv", numbers),),
    runs=(DemoRun("dummy.echo", "Dummy numbers"),),
)
