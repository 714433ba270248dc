"""How grave a finding is, and how severities are weighed."""

from __future__ import annotations

from typing import Literal, get_args

Severity = Literal["contraindicated", "major", "moderate", "minor"]
SEVERITIES: tuple[Severity, ...] = get_args(Severity)
"""Gravest first."""
INTERRUPTIVE: frozenset[Severity] = frozenset({"contraindicated", "major"})
"""Severities that deserve to interrupt whoever prescribes."""

RANK = {severity: rank for rank, severity in enumerate(SEVERITIES)}


def softened(severity: Severity, steps: int) -> Severity | None:
    """`steps` below `severity`; None where that is less than minor."""
    rank = RANK[severity] + steps
    return SEVERITIES[rank] if rank < len(SEVERITIES) else None
