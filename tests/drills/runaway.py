"""Have agents never come back: they are timed out or cancelled, their process is ended, and all other work goes on."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

from orchestrall.embedded import alive
from tests.drills._flows import PATIENCE, Ground, agent_chain, at_most, definition, exactly, ground
from tests.measuring import Case
from tests.running import wait_until

TIMEOUT, HEARTBEAT = 3.0, 1.5
OTHERS = 20
GRACE = 5.0
"""What `agents.run` has to leave within, in seconds."""
# Until the engine sees that the step is overdue, two beats to learn of it, and what the machine needs for all of it.
SLACK = 3.0


def measure() -> Iterator[Case]:
    takes = {"file": "text", "mood": "text"}
    limited = {"a": stepper(timeout=f"{TIMEOUT:.0f}s")}
    flows = [
        definition("limited", limited, takes),
        definition("unlimited", {"a": stepper()}, takes),
        definition("chain", agent_chain(2), {"mark": "text", "file": "text"}),
    ]
    with ground({"runaway": flows}) as made:
        for mood in ("endless", "deaf"):
            yield from overdue(made, mood)
        for mood in ("endless", "deaf"):
            yield from cancelled(made, mood)
        after = made.start("runaway", "chain", [{"mark": "x", "file": ""}] * OTHERS)
        made.wait("runaway", after)  # the places of those that were killed are free again
        yield exactly("all of them", "dead letters", made.dead_letters("runaway"))
        lost = made.statuses("runaway")["succeeded"] - 3 * OTHERS
        yield exactly("all of them", f"of {3 * OTHERS} other runs, lost", -lost)


def stepper(**more: str) -> dict[str, object]:
    told = {"mark": "${inputs.mood}", "file": "${inputs.file}", "mood": "${inputs.mood}"}
    return {"kind": "agent", "agent": "dummy.stepper", "input": told, **more}


def overdue(made: Ground, mood: str) -> Iterator[Case]:
    case = f"{_named(mood)}, with a timeout"
    workers = {each.pid for each in made.own_workers()}
    run, child, began = begin(made, "limited", mood)
    others = made.start("runaway", "chain", [{"mark": "x", "file": ""}] * OTHERS)
    made.wait("runaway", others)
    yield Case(case, f"time of {OTHERS} other runs meanwhile", time.monotonic() - began, "s")
    yield exactly(case, "of these, still held up by it", int(not made.all_ended("runaway", others)))
    timed_out = made.wait("runaway", [run]) - began
    steps = made.api("runaway").get(f"/api/v1/workflow-runs/{run}/steps").json()["items"]
    told = [entry["problem"]["code"] for entry in steps if entry.get("problem")]
    yield at_most(case, "from the start until the run ended", timed_out, TIMEOUT + SLACK)
    yield Case(case, "why its step failed", ", ".join(told), bar="step_timeout", holds=told == ["step_timeout"])
    yield from stopped(made, case, mood, child, began + TIMEOUT)
    yield exactly(case, "workers that were lost with it", len(workers - {each.pid for each in made.own_workers()}))


def cancelled(made: Ground, mood: str) -> Iterator[Case]:
    case = f"{_named(mood)}, cancelled"
    run, child, _ = begin(made, "unlimited", mood)
    asked = time.monotonic()
    made.api("runaway").post(f"/api/v1/workflow-runs/{run}/cancel").raise_for_status()
    ended = made.wait("runaway", [run]) - asked
    yield at_most(case, "until the workflow's run ended", ended, SLACK)
    yield from stopped(made, case, mood, child, asked)


def begin(made: Ground, name: str, mood: str) -> tuple[str, int, float]:
    """Start a run, and wait until its agent is at work. Returns its id, the agent's process, and when it began."""
    file = made.program.folder / f"{name}-{mood}"
    began = time.monotonic()
    [run] = made.start("runaway", name, [{"file": str(file), "mood": mood}])
    wait_until(lambda: file.exists() and file.read_text().endswith("\n"), "the agent is at work", within=PATIENCE)
    return run, _process(file), began


def stopped(made: Ground, case: str, mood: str, child: int, due: float) -> Iterator[Case]:
    """The agent's run is over, and its process does something else, or nothing any more."""
    agents = "select count(*) from t_runaway.agents_agentrun where status in ('queued', 'running')"
    wait_until(lambda: made.look(agents)[0][0] == 0, "the agent's run is over", within=PATIENCE)
    yield at_most(case, "until its agent's run was over", time.monotonic() - due, 2 * HEARTBEAT + GRACE + SLACK)
    yield Case(case, "its process", "lives" if alive(child) else "was ended", bar=_expected(mood),
               holds=alive(child) == (mood == "endless"))  # fmt: skip
    taken = made.look("select max(attempts) from t_runaway.agents_agentrun")[0][0]
    yield exactly(case, "times that a run of it was taken up", taken, 1)


def _process(file: Path) -> int:
    return int(file.read_text().split()[-1])


def _named(mood: str) -> str:
    return {"endless": "never ends", "deaf": "never asks"}[mood]


def _expected(mood: str) -> str:
    return "lives" if mood == "endless" else "was ended"
