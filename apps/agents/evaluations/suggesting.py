"""Facts to choose from when a case is kept of a run: what it decided, and the single values of its output."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from apps.agents.configurations import AnyAgent
from apps.agents.evaluations.facts import Fact
from apps.agents.models import AgentDecision, AgentRun
from apps.agents.selectors import run_output
from apps.common.operators import is_number
from apps.common.paths import Path, path_text

MOST: Final = 24
DEEPEST: Final = 4
LONGEST: Final = 120
"""Characters of a text that is offered: a longer one is prose, and changes with every word."""
NEAR: Final = 1e-6
"""How far a number may be from what it was, as a share of itself."""


def facts_suggested(agent: AnyAgent, run: AgentRun) -> list[Fact]:
    """Facts that hold of a run's result, those that are likely to matter first; of its failure, where it failed."""
    if run.status == AgentRun.Status.FAILED and run.problem:
        return [Fact(path="problem.code", value=run.problem["code"])]
    output = run_output(run)
    if output is None:
        return []
    decided = AgentDecision.objects.filter(run=run, position=0).first() if agent.verdicts else None
    first = [Fact(path="decision.verdict", value=decided.stands, note="As it stands")] if decided else []
    if decided and decided.score is not None:
        first.append(_fact(("decision", "score"), decided.score))
    if run.headline:
        first.append(Fact(path="headline", value=run.headline))
    return [*first, *(_fact(path, value) for path, value in _leaves(("output",), output))][:MOST]


def _fact(path: Path, value: Any) -> Fact:
    near = abs(value) * NEAR if isinstance(value, float) else None
    return Fact(path=path_text(path), value=value, within=near)


def _leaves(path: Path, value: Any) -> Iterator[tuple[Path, Any]]:
    """Single values, those that lie shallow first; of a list, what is in its first item."""
    below: list[tuple[Path, Any]] = []
    items = value.items() if isinstance(value, dict) else enumerate(value[:1]) if isinstance(value, list) else []
    for key, item in items:
        if isinstance(item, dict | list):
            below.append(((*path, key), item))
        elif is_number(item) or isinstance(item, bool) or (isinstance(item, str) and 0 < len(item) <= LONGEST):
            yield (*path, key), item
    if len(path) <= DEEPEST:
        for under, item in below:
            yield from _leaves(under, item)
