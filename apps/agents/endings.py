"""How runs ended that other work waits for: kept for a moment by the process that recorded it (rule R9).

It goes on with that work itself as a rule, and then need not read what it has just written. An end never changes.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from apps.tenants.context import current_schema

KEPT: Final = 8
_ended: OrderedDict[tuple[str, UUID], Ended] = OrderedDict()


@dataclass(frozen=True)
class Ended:
    """How a run ended."""

    ref: str
    status: str
    output: Any = None
    problem: dict[str, Any] | None = None


def given(output: Any, verdict: str) -> Any:
    """What the caller of a run is given: its output, with the verdict that stands, a person's where there is one."""
    return {"decision": {"verdict": verdict}, **output} if verdict and isinstance(output, dict) else output


def keep(id: UUID, ended: Ended) -> None:
    """Keep the end of a run of the current tenant, once it is recorded. The oldest one makes room."""
    _ended[current_schema(), id] = ended
    while len(_ended) > KEPT:
        _ended.popitem(last=False)


def take(id: UUID) -> Ended | None:
    """The end of a run of the current tenant where this process has kept it; it is given once."""
    return _ended.pop((current_schema(), id), None)
