from __future__ import annotations

from apps.common.demo import demo_tenants
from tests.isolation.said import NOTHING, TABLE, Body, Said


def _sample() -> str:
    """A generated table that both tenants may have: their industries are those of the agent."""
    return next((each.name for demo in demo_tenants() if demo.industry == "retail" for each in demo.datasets), "")


SAID = Said(
    names={
        "id": lambda side, things: things.dataset,
    },
    of_the_tenant={
        "id",
    },
    bodies={
        "POST /data/upload/": TABLE,
        "POST /data/sample/": Body("form", lambda side, things: {"name": _sample()}),
        "POST /data/<uuid:id>/rename/": Body("form", lambda side, things: {"name": "New"}),
        "POST /data/<uuid:id>/delete/": NOTHING,
        "POST /api/v1/datasets": TABLE,
        "POST /api/v1/datasets/delete": Body("json", lambda side, things: {"ids": [things.dataset]}, True, "each"),
        "PATCH /api/v1/datasets/<uuid:id>": Body("json", lambda side, things: {"name": "New"}),
        "DELETE /api/v1/datasets/<uuid:id>": NOTHING,
    },
)
