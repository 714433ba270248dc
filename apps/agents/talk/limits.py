"""How often a person may ask models: each question costs money, and a script must not ask without end."""

from __future__ import annotations

from apps.accounts.models import User
from apps.gateway import limits


def asks_count(user: User) -> None:
    """Count something that a person asks a model. Raises `TooManyRequests` where it is more than they may."""
    allowance = limits.take([limits.asks_bucket(str(user.pk))])
    if allowance:
        allowance.demand()
