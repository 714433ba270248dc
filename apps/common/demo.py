"""Demo tenants as data. Each industry's `demo.py` declares one; it is imported to seed a tenant or to offer samples."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from importlib import import_module
from random import Random
from typing import TYPE_CHECKING, Any

from django.utils.module_loading import module_has_submodule

from apps.common.industries import industries

if TYPE_CHECKING:
    import polars

# The one password of every generated person: a demo installation shows it on its sign-in page.
PASSWORD = "orchestrall-demo"  # noqa: S105


@dataclass(frozen=True)
class DemoPerson:
    name: str
    role: str


@dataclass(frozen=True)
class DemoDataset:
    """Generated data: `make` gets a seeded source of chance and returns the table. No two industries share a name."""

    name: str
    filename: str
    make: Callable[[Random], polars.DataFrame]

    def frame(self) -> polars.DataFrame:
        """The table, the same each time and on every machine."""
        return self.make(Random(self.name))  # noqa: S311  # generated data, no secret


@dataclass(frozen=True)
class DemoRun:
    """A run that is started once the tenant is seeded; `dataset` is the name of a `DemoDataset`."""

    agent: str
    dataset: str
    input: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class DemoTenant:
    slug: str
    name: str
    industry: str
    industries: tuple[str, ...]
    people: tuple[DemoPerson, ...]
    datasets: tuple[DemoDataset, ...]
    runs: tuple[DemoRun, ...]


def demo_tenants() -> Iterator[DemoTenant]:
    """The demo tenants that the installed industries declare, as the `DEMO` of their `demo` module."""
    for config in industries().values():
        if config.module is not None and module_has_submodule(config.module, "demo"):
            yield import_module(f"{config.name}.demo").DEMO
