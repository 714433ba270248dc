"""Interactions by enzymes and transporters: one drug inhibits or induces what breaks another down or carries it.

How grave it is follows from the substrate, as the knowledge base says for a strong inhibitor or inducer; a moderate one
counts one step less, a weak one two. The classes of strength are FDA's (guidance on drug interaction studies, 2020).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import get_args

from apps.healthcare.analytics.findings import Finding
from apps.healthcare.analytics.knowledge import Knowledge
from apps.healthcare.analytics.rules import Strength, System
from apps.healthcare.analytics.severity import INTERRUPTIVE, Severity, softened

STRENGTHS: tuple[Strength, ...] = get_args(Strength)
CARRIERS = frozenset({"P-gp", "OATP1B1", "OAT1/3", "OCT2/MATE"})

DO_RAISED: dict[Severity, str] = {
    "contraindicated": "Do not combine; choose another drug or pause {name}",
    "major": "Avoid, or lower the dose of {name} as its label says and watch for {harm}",
    "moderate": "Watch for {harm}; a lower dose of {name} may be needed",
    "minor": "Know it; watch for {harm}",
}
DO_LOWERED: dict[Severity, str] = {
    "contraindicated": "Do not combine; {name} would not work",
    "major": "Avoid, or raise {name} by its level or effect, and lower it when {actor} ends",
    "moderate": "Watch whether {name} still works; a higher dose may be needed",
    "minor": "Know it; {name} may work less",
}


def exposure_findings(taken: frozenset[str], knowledge: Knowledge) -> Iterator[Finding]:
    for system in knowledge.systems:
        substrates = sorted(taken & system.substrates.keys())
        if not substrates:
            continue
        for (kind, strength), actors in system.actors.items():
            for actor in sorted(taken & actors):
                for name in substrates:
                    if actor != name:
                        yield from _finding(system, kind, strength, actor, name)


def _finding(system: System, kind: str, strength: str, actor: str, name: str) -> Iterator[Finding]:
    raised, lowered, harm = system.substrates[name]
    at_worst = raised if kind == "inhibitors" else lowered
    severity = softened(at_worst, STRENGTHS.index(strength)) if at_worst else None
    if severity is None:
        return
    if kind == "inhibitors":
        effect = harm[0].upper() + harm[1:] if harm.startswith("less ") else f"More {name}: {harm}"
        verb, do = "inhibits", DO_RAISED[severity]
    else:
        effect, verb, do = f"Less {name}: it may not work", "induces", DO_LOWERED[severity]
    does = "carries" if system.name in CARRIERS else "breaks down"
    yield Finding(
        kind="interaction",
        severity=severity,
        drugs=(name, actor),
        effect=effect,
        mechanism=f"{actor.capitalize()} {verb} {system.name} ({strength}), which {does} {name}",
        management=do.format(name=name, actor=actor, harm=harm),
        evidence="label" if strength == "strong" and at_worst in INTERRUPTIVE else "pharmacology",
        sources=(system.source, "label") if system.source != "label" else ("label",),
        rule=f"{system.name} {strength} {kind}",
    )
