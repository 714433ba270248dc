"""Many processes that ask at once: `python -m tests.drills._callers '{"processes": 8, "requests": 3200, ...}'`.

Prints how many were let through, how many were refused, and the seconds it took. It is a program of its own, so that it
is small when it forks, whoever calls it.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from multiprocessing import get_context
from typing import Any

Ask = Callable[[], bool]


def limiter(limit: int, key: str, **_: Any) -> Ask:
    """Ask the limiter itself, on the Redis of this environment."""
    import django

    django.setup()
    from apps.gateway.limits import Bucket, take

    bucket = Bucket("tenant", key, limit)

    def ask() -> bool:
        allowance = take([bucket])
        if allowance is None:
            raise RuntimeError("Redis is away")
        return allowance.granted

    return ask


def http(url: str, headers: dict[str, str], **_: Any) -> Ask:
    """Ask a running installation. Any answer but 200 and 429 is an error."""
    import httpx

    client: httpx.Client | None = None

    def ask() -> bool:
        nonlocal client
        client = client or httpx.Client(headers=headers, timeout=120)  # a process's own
        answer = client.get(url)
        if answer.status_code not in {200, 429}:
            raise RuntimeError(f"{url} answered {answer.status_code}")
        return answer.status_code == 200

    return ask


ASKS: dict[str, Callable[..., Ask]] = {"limiter": limiter, "http": http}


def main(wanted: dict[str, Any]) -> dict[str, Any]:
    ask = ASKS[wanted["at"]](**wanted)
    context, processes = get_context("fork"), int(wanted["processes"])
    skews, share = wanted.get("skews") or [0], wanted["requests"] // processes
    start, results = context.Barrier(processes + 1), context.SimpleQueue()

    def work(skew: float) -> None:
        real = time.time
        time.time = lambda: real() + skew  # the clock of this server
        try:
            start.wait()
            results.put([ask() for _ in range(share)].count(True))
        except BaseException as error:  # noqa: BLE001  # whatever it is, the parent waits for a word
            results.put(repr(error))

    workers = [context.Process(target=work, args=(skews[n % len(skews)],)) for n in range(processes)]
    for worker in workers:
        worker.start()
    start.wait()
    began = time.monotonic()
    found = [results.get() for _ in workers]
    seconds = time.monotonic() - began
    for worker in workers:
        worker.join()
    if wrong := [each for each in found if not isinstance(each, int)]:
        raise SystemExit(f"{len(wrong)} of {processes} processes failed: {wrong[0]}")
    passed = sum(found)
    return {"passed": passed, "refused": share * processes - passed, "seconds": seconds, "pid": os.getpid()}


if __name__ == "__main__":
    print(json.dumps(main(json.loads(sys.argv[1]))))
