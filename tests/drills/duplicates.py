"""Deliver every message to the workers twice: what is recorded is what is recorded without."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from tests.drills._flows import Ground, agent_chain, definition, exactly, ground, inline_chain, marks
from tests.drills.crash import Sink, call_step
from tests.measuring import Case

INLINE, AGENTS, CALLS, STEPS = 300, 50, 100, 10
# Of each run: what became of it, what it gave, and every entry of its ledger in order.
STATE = """
select r.workflow_id::text, r.status, count(s.seq),
    string_agg(s.step || ' ' || s.item || ' ' || s.attempt || ' ' || s.outcome, ', ' order by s.seq)
from t_twice.workflows_workflowrun r left join t_twice.workflows_steprun s on s.run_id = r.id
group by r.id order by 1, 2, 4
"""


def measure() -> Iterator[Case]:
    once, _ = state_of("once")
    twice, sent = state_of("twice", DRILL_TWICE="1")
    yield exactly("each message delivered twice", "runs whose record differs", differing(once, twice))
    yield exactly("each message delivered twice", "runs", sum(twice.values()), INLINE + AGENTS + CALLS)
    yield exactly("each message delivered twice", "agent steps carried out", sent["agents"], AGENTS * 4)
    yield exactly("each message delivered twice", "of these, twice", sent["agents"] - sent["different"])
    yield exactly("each message delivered twice", "requests that were sent", sent["calls"], CALLS)


def differing(once: Counter[str], twice: Counter[str]) -> int:
    return sum(((once - twice) + (twice - once)).values())


def state_of(case: str, **told: str) -> tuple[Counter[str], dict[str, int]]:
    """What is recorded at the end of the same work: how many runs came to each end by each way."""
    flows = [
        definition("inline", inline_chain(STEPS), {"amount": "number"}),
        definition("agents", agent_chain(4), {"mark": "text", "file": "text"}),
        definition("calls", {"call": call_step(repeatable=False)}, {"url": "text"}),
    ]
    sink = Sink()
    with ground({"twice": flows}, **told) as made, sink.serving():
        file = made.program.folder / "marks"
        ids = made.start("twice", "agents", [{"mark": str(n), "file": str(file)} for n in range(AGENTS)])
        ids += made.start("twice", "calls", [{"url": sink.url}] * CALLS)
        for begin in range(0, INLINE, 50):
            ids += made.start("twice", "inline", [{"amount": n} for n in range(begin, begin + 50)])
        made.wait("twice", ids)
        left = marks(file)
        return recorded(made), {"agents": len(left), "different": len(set(left)), "calls": len(sink.keys)}


def recorded(made: Ground) -> Counter[str]:
    names = dict(made.look("select id::text, name from t_twice.workflows_workflow"))
    return Counter(f"{names[row[0]]} {row[1:]}" for row in made.look(STATE))
