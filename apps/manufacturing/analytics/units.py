"""Wrong units, told from the numbers: cells that name one, values that fit when scaled, limits of another scale."""

from __future__ import annotations

import re

import numpy as np

from apps.common.errors import InvalidInput, Issue

from .capability import Spec
from .samples import Values

FACTORS = {
    25.4: "inches among millimetres",
    1 / 25.4: "millimetres among inches",
    1000.0: "a unit a thousand times as large",
    0.001: "a unit a thousand times as small",
    10.0: "a unit ten times as large",
    0.1: "a unit ten times as small",
}
"""What a value is multiplied by to fit, and what it would be then."""
FAR, NEAR = 30.0, 6.0
"""In usual deviations: how far from the others a value is that is asked for its unit, and how near it must fit."""
MOST_SHARE = 0.2
"""Of all values; more are no slip."""
MOST_WIDTHS = 20.0
"""How many widths of the specification the middle of all values may be off it."""


def said(cell: str) -> str:
    """What is wrong with a cell that is no number."""
    shown = cell.strip()[:40]
    if found := re.fullmatch(r"([+-]?[\d.,]+)\s*([^\W\d_]+|%|°\w|µ\w)", shown):
        return f"“{shown}” names its unit; write {found[1]} alone, and all rows in one unit"
    return f"“{shown}” is not a possible number"


def other_units(values: Values) -> list[tuple[int, str]]:
    """Places of values that lie far from the others and fit among them when scaled, with what they seem to be."""
    middle = float(np.median(values))
    usual = 1.4826 * float(np.median(np.abs(values - middle)))
    if usual == 0 or len(values) < 8:
        return []
    far = np.flatnonzero(np.abs(values - middle) > FAR * usual)
    if len(far) > MOST_SHARE * len(values):
        return []
    found = []
    for at in far:
        for factor, why in FACTORS.items():
            # A factor tells something only where it moves a value farther than values scatter anyway.
            if abs(middle * (factor - 1)) > FAR * usual and abs(values[at] * factor - middle) <= NEAR * usual:
                found.append((int(at), f"times {factor:.4g} it is {values[at] * factor:.4g} ({why})"))
                break
    return found


def refuse_other_scale(name: str, column: str, values: Values, spec: Spec) -> None:
    """Raise `InvalidInput` where measurements lie so far from the specification that one has another unit."""
    if spec.lower is None or spec.upper is None:
        return
    middle, width = float(np.median(values)), spec.upper - spec.lower
    if spec.lower - MOST_WIDTHS * width <= middle <= spec.upper + MOST_WIDTHS * width:
        return
    fits = [why for factor, why in FACTORS.items() if spec.lower - width <= middle * factor <= spec.upper + width]
    guess = f" They look like {fits[0].replace(' among ', ' where the specification is in ')}." if fits else ""
    message = (
        f"The measurements of “{name}” lie around {middle:g}, and the specification asks for {spec.lower:g} to "
        f"{spec.upper:g}.{guess}"
    )
    raise InvalidInput(
        f"Different units: {message} Nothing was started.",
        remedy="Give the specification in the unit of the measurements.",
        issues=[Issue(path="lower_spec", message=message, column=column)],
    )
