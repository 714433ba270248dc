"""Callers that each wait for their answer before they ask again: `python -m tests.benchmarks._callers '{"port": ...}'`.

Prints how long each answer took, in seconds, and all of them together. It is a program of its own that does little more
than send and receive: what callers compute is not the server's time, and threads of one interpreter wait for others.
"""

from __future__ import annotations

import http.client
import json
import sys
import threading
import time
from typing import Any


def main(wanted: dict[str, Any]) -> dict[str, Any]:
    body, headers = json.dumps(wanted["body"]).encode(), {**wanted["headers"], "Content-Type": "application/json"}
    share, taken, wrong = wanted["requests"] // wanted["callers"], list[float](), list[str]()
    together = threading.Barrier(wanted["callers"] + 1)

    def call() -> None:
        link = http.client.HTTPConnection("127.0.0.1", wanted["port"], timeout=60)
        link.connect()
        together.wait()
        for _ in range(share):
            began = time.perf_counter()
            link.request("POST", wanted["path"], body, headers)
            answer = link.getresponse()
            text = answer.read()
            taken.append(time.perf_counter() - began)
            if answer.status != wanted["status"]:
                wrong.append(f"{answer.status}: {text[:300]!r}")
                return

    threads = [threading.Thread(target=call) for _ in range(wanted["callers"])]
    for thread in threads:
        thread.start()
    together.wait()
    began = time.perf_counter()
    for thread in threads:
        thread.join()
    if wrong:
        raise SystemExit(f"{len(wrong)} callers were not answered as they should be: {wrong[0]}")
    return {"taken": taken, "seconds": time.perf_counter() - began}


if __name__ == "__main__":
    sys.setswitchinterval(0.0005)
    print(json.dumps(main(json.loads(sys.argv[1]))))
