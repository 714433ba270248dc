"""Waiting that ends as soon as somebody says stop."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import Final

from apps.ai.failures import ModelStopped

SLICE: Final = 0.1
"""Seconds after which it is asked whether to stop."""
FIRST_WAIT, LONGEST_WAIT = 0.5, 8.0
"""Seconds: what may be waited before the second try at most, and before any."""


def wait_before(tries: int, after: float | None) -> float:
    """Seconds to wait after so many tries that failed: by chance between nothing and a bound that doubles, so that
    callers that failed together do not come back together. What the provider said is waited for, and a little more."""
    bound = min(LONGEST_WAIT, FIRST_WAIT * 2 ** (tries - 1))
    return random.uniform(0, bound) if after is None else after + random.uniform(0, min(1.0, bound))  # noqa: S311


def pause(seconds: float, stopping: Callable[[], bool]) -> None:
    """Raises `ModelStopped`."""
    until = time.monotonic() + seconds
    while True:
        if stopping():
            raise ModelStopped(was_sent=False)
        left = until - time.monotonic()
        if left <= 0:
            return
        time.sleep(min(left, SLICE))
