from __future__ import annotations

from tests.isolation.said import NOTHING, Said

SAID = Said(
    bodies={
        "POST /release/": NOTHING,
        "POST /first-steps/": NOTHING,
    },
    unmarked={
        "/help/",
    },
)
