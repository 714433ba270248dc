"""When a request is tried again, and after how long."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

import httpx

# The server did not carry it out (429), or something between could not reach it.
PASSING: Final = frozenset({429, 502, 503, 504})
# A request that ended so was never sent: any may be sent again.
NEVER_SENT: Final = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


@dataclass(frozen=True)
class Retries:
    """Exponential back-off with full jitter: before try n+1 a pause between 0 and `base * 2**(n-1)` s, at most `cap`.

    Where the server names a time (`Retry-After`) the pause is that and the jitter of a first try on top, so that those
    who were sent away together do not come back together. There are at most `tries`, and none begins later than
    `deadline` seconds after the first. `tries=1` never tries again.
    """

    tries: int = 6
    base: float = 0.5
    cap: float = 20.0
    deadline: float = 120.0
    # A test brings a clock of its own.
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic
    between: Callable[[float, float], float] = random.uniform

    def __post_init__(self) -> None:
        if self.tries < 1 or self.base < 0 or self.cap < 0 or self.deadline < 0:
            raise ValueError("Retries: tries is at least 1, and base, cap and deadline are not below 0.")

    def pause(self, tried: int, after: float | None = None) -> float:
        """Seconds before the next try, when there were `tried` and the server asks for `after` seconds."""
        if after is not None:
            return after + self.between(0, self.base)
        return self.between(0, min(self.cap, self.base * 2.0 ** (tried - 1)))

    def attempts(self) -> Attempts:
        return Attempts(self, self.clock())


@dataclass
class Attempts:
    """The tries of one request."""

    policy: Retries
    began: float
    tried: int = 1

    def again(self, after: float | None = None) -> bool:
        """Sleep until the next try, and count it; False at once where there is to be none."""
        pause = self.policy.pause(self.tried, after)
        late = self.policy.clock() - self.began + pause > self.policy.deadline
        if self.tried >= self.policy.tries or late:
            return False
        self.policy.sleep(pause)
        self.tried += 1
        return True


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds that `Retry-After` asks for, in either of its forms (RFC 9110, 10.2.3); None without a usable one."""
    text = headers.get("Retry-After", "").strip()
    if text.isascii() and text.isdigit():
        return float(text)
    with suppress(ValueError):
        moment = parsedate_to_datetime(text)
        return max(0.0, (moment.replace(tzinfo=moment.tzinfo or UTC) - datetime.now(UTC)).total_seconds())
    return None
