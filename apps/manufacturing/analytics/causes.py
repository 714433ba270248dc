"""What usually is behind a pattern of a control chart, as data, in the order in which to look for it.

Gathered from the chapters on interpretation of the Western Electric Statistical Quality Control Handbook (1956), AIAG,
Statistical Process Control, 2nd edition (2005), and Nelson 1984; in words of our own.
"""

from __future__ import annotations

from .charts import Place
from .rules import Pattern

WEIGHTS: dict[Pattern, int] = {
    "beyond": 100, "near limit": 70, "run": 60, "trend": 55, "away": 50, "mixture": 35, "alternation": 30,
    "hugging": 25,
}  # fmt: skip
"""How soon to look at a pattern: what is least likely by chance, and does most harm, comes first."""
PLACES: dict[Place, int] = {"spread": 20, "level": 10, "count": 10, "joint": 8, "small shift": 5}
"""The spread before the level, whose limits rest on it; a characteristic by itself before all together."""

CAUSES: dict[tuple[Pattern, Place], tuple[str, ...]] = {
    ("beyond", "level"): (
        "a change of set-up, tool, material lot or operator at this sample",
        "a measurement or entry error: repeat the measurement on the kept parts",
        "a part of the machine that slipped or broke",
    ),
    ("beyond", "spread"): (
        "loose fixture, worn bearing or a tool about to break",
        "mixed material within the sample",
        "a new or hurried operator, or a gauge that does not repeat",
    ),
    ("beyond", "count"): (
        "a change of material lot or supplier",
        "a changed idea of what counts as a defect, or a new inspector",
        "a set-up that was not checked, or a step left out",
    ),
    ("beyond", "small shift"): (
        "a small lasting shift of the setting: look for what changed where the chart began to climb",
        "slow wear of a tool, or drift of temperature",
        "a gauge that was adjusted or has drifted",
    ),
    ("beyond", "joint"): (
        "characteristics that no longer go together: a fixture, a datum or a clamping that moved",
        "a shift of the characteristic that adds most to T²",
        "a row whose cells were swapped when they were entered",
    ),
    ("near limit", "level"): (
        "a shift that has just begun: look at what changed within the last three samples",
        "over-adjustment after single values",
    ),
    ("away", "level"): (
        "a small shift of the setting, one to two standard errors",
        "another material lot or ambient temperature",
    ),
    ("run", "level"): (
        "a lasting shift: new material, set-up, method or operator since the run began",
        "a recalibrated gauge",
        "limits that come from another time than these samples",
    ),
    ("run", "spread"): (
        "below the centre: better material, skill or fixture; find out, and keep it",
        "above the centre: wear or loose parts that have come to stay",
        "a gauge or a rounding that changed",
    ),
    ("run", "count"): (
        "a lasting change of material, method or inspection",
        "an improvement that works: new limits are due",
    ),
    ("trend", "level"): (
        "wear of a tool, or build-up on it",
        "drift of temperature, of a bath or of a solution",
        "tiredness over a shift",
    ),
    ("trend", "spread"): ("wear of fixture or bearings that goes on", "a gauge that loosens"),
    ("trend", "count"): ("slow wear or soiling", "inspectors who grow stricter or laxer"),
    ("alternation", "level"): (
        "two machines, tools, moulds or operators in turn within one chart",
        "over-adjustment: each correction answers chance",
    ),
    ("alternation", "spread"): ("two sources of different spread in turn",),
    ("alternation", "count"): ("two sources or two shifts in turn", "over-adjustment after each sample"),
    ("hugging", "level"): (
        "samples that each hold all sources: limits are wider than the process (stratification)",
        "limits from a wrong deviation, or from another process",
        "values that were rounded, or edited",
    ),
    ("mixture", "level"): (
        "two populations in turn: machines, cavities or suppliers mixed into one chart",
        "over-adjustment",
    ),
}


def causes(pattern: Pattern, place: Place) -> tuple[str, ...]:
    """Likely causes, the likeliest first."""
    return CAUSES.get((pattern, place)) or CAUSES[pattern, "level"]


def weight(pattern: Pattern, place: Place, extreme: float) -> float:
    """The order in which to look at signals: by pattern and chart, and by distance among those that are alike."""
    return WEIGHTS[pattern] + PLACES[place] + min(extreme, 20.0) / 2
