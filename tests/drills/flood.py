"""Flood one tenant with 5,000 runs: another one's, started once a second, take at most twice as long as when idle."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator

from tests.drills._flows import PATIENCE, Ground, agent_chain, definition, ground, inline_chain, p95
from tests.measuring import Case

FLOOD, IDLE, MOST = 5000, 30, 40
STEPS = 10
FLOOD_STEPS = 40
"""So that the flood lasts for more than half a minute."""
RATIO_BAR = 2.0
LOADS: dict[str, dict[str, object]] = {"inline": {"amount": 1}, "agents": {"mark": "x", "file": ""}}


def measure() -> Iterator[Case]:
    takes = {"amount": "number"}
    quiet = [
        definition("inline", inline_chain(STEPS), takes),
        definition("agents", agent_chain(1), {"mark": "text", "file": "text"}),
    ]
    flooding = [definition("inline", inline_chain(FLOOD_STEPS), takes), quiet[1]]
    with ground({"quiet": quiet, "flood": flooding}) as made:
        for name, body in LOADS.items():
            once_a_second(made, name, body, 5, lambda: True)  # workers are warm now
            yield from under_flood(made, name, body)


def under_flood(made: Ground, name: str, body: dict[str, object]) -> Iterator[Case]:
    case = f"{name} steps"
    idle, idle_waits = once_a_second(made, name, body, IDLE, lambda: True)
    yield Case(case, f"runs of the other tenant, idle p50 of {len(idle)}", 1000 * statistics.median(idle), "ms")
    yield Case(case, "idle p95", 1000 * p95(idle), "ms")
    yield Case(case, "idle p95 of the wait for a worker", 1000 * p95(idle_waits), "ms")
    made.start("flood", name, [body] * FLOOD)
    flooded, flooded_waits = once_a_second(made, name, body, MOST, lambda: not made.all_ended("flood"))
    left = still_open(made)
    ratio = p95(flooded) / p95(idle)
    yield Case(case, f"flooded p50 of {len(flooded)}", 1000 * statistics.median(flooded), "ms")
    yield Case(case, "flooded p95", 1000 * p95(flooded), "ms")
    yield Case(case, "flooded p95 of the wait for a worker", 1000 * p95(flooded_waits), "ms")
    yield Case(case, "flooded p95 / idle p95", ratio, bar=f"<= {RATIO_BAR:.0f}", holds=ratio <= RATIO_BAR)
    yield Case(case, f"of {FLOOD:,} runs of the flood, still open", len(left))
    for first in range(0, len(left), 1000):  # what is left of it tells nothing more
        made.api("flood").post("/api/v1/workflow-runs/cancel", json={"ids": left[first : first + 1000]})
    made.wait("flood", within=4 * PATIENCE)


def still_open(made: Ground) -> list[str]:
    """The runs of the flood that have not ended."""
    found = made.look("select id::text from t_flood.workflows_workflowrun where status = any(%s)",
                      ["queued", "running", "waiting"])  # fmt: skip
    return [id for (id,) in found]


def once_a_second(
    made: Ground, name: str, body: dict[str, object], most: int, goes_on: Callable[[], bool]
) -> tuple[list[float], list[float]]:
    """Start a run each second. Returns how long each took from its acceptance to its end, and to its first step's, by
    the installation."""
    ids: list[str] = []
    while len(ids) < most and (goes_on() or len(ids) < 20):
        began = time.monotonic()
        answer = made.api("quiet").post(f"/api/v1/workflows/{name}/runs", json={"inputs": body})
        answer.raise_for_status()
        ids.append(answer.json()["id"])
        time.sleep(max(0.0, 1.0 - (time.monotonic() - began)))
    made.wait("quiet", ids)
    found = made.look(
        "select extract(epoch from finished_at - created_at)::float8, "
        "extract(epoch from started_at - created_at)::float8 from t_quiet.workflows_workflowrun "
        "where id = any(%s) and status = 'succeeded'",
        ids,
    )
    return [whole for whole, _ in found], [wait for _, wait in found]
