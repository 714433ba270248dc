"""Checks at start: a console without its style sheet is an error to be told, not an unstyled page."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core import checks

# What the base template and the scripts load. The folder is made from package-lock.json, never by hand.
NEEDED = (
    "tabler/tabler.min.css",
    "inter/index.css",
    "htmx/htmx.min.js",
    "echarts/echarts.min.js",
    "world/world.json",
    "icons.svg",
)


def install() -> None:
    checks.register(vendor_build, checks.Tags.staticfiles)


def vendor_build(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[checks.CheckMessage]:
    missing = [name for name in NEEDED if not (Path(settings.VENDOR_DIR) / name).is_file()]
    if not missing:
        return []
    return [
        checks.Error(
            f"The console's assets are not built: {', '.join(missing)} missing in {settings.VENDOR_DIR}.",
            hint="Run: npm ci --ignore-scripts && node scripts/build_static.mjs",
            id="console.E001",
        )
    ]
