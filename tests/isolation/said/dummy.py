from __future__ import annotations

from uuid import UUID

from tests.isolation.said import Said

SAID = Said(
    work={
        "dummy.work": lambda things: UUID(things.open_run),
    },
    platform_work={
        "dummy.platform",
    },
)
