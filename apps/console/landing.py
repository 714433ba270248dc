"""Where people land who have signed in: on the dashboard, unless an app has something that waits for them alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from apps.common.registry import Registry

Landing = Callable[[Any], str | None]
"""The address of a page for this person, or None: nothing waits there."""
LANDINGS: Registry[Landing] = Registry("Landing")


def landing(key: str, where: Landing) -> None:
    LANDINGS.register(key, where)


def landing_of(user: Any) -> str | None:
    """The first page that has something for this person; None: the dashboard."""
    return next((address for where in LANDINGS if (address := where(user))), None)
