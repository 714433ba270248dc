from __future__ import annotations

from tests.isolation.said import Said

SAID = Said(
    platform_work={
        "tenants.provision",
        "tenants.delete",
    },
)
