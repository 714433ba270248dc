"""Demand classes by ADI and CV²: Syntetos, Boylan, Croston (2005), "On the categorization of demand patterns",
J. of the Operational Research Society 56, with their cut-offs 1.32 and 0.49."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from .metrics import Values

DemandClass = Literal["smooth", "erratic", "intermittent", "lumpy", "none"]
ADI_CUT = 1.32
CV2_CUT = 0.49


@dataclass(frozen=True)
class Demand:
    """`adi`: mean periods between demands; `cv2`: squared coefficient of variation of the demands themselves."""

    name: DemandClass
    adi: float
    cv2: float


def classify(values: Values) -> Demand:
    """The demand class of a series. A series that never sells is "none", with an infinite interval."""
    sizes = values[values != 0]
    if not len(sizes):
        return Demand("none", float("inf"), 0.0)
    adi = len(values) / len(sizes)
    mean = float(sizes.mean())
    cv2 = float(np.square(sizes.std() / mean)) if mean else float("inf")
    if adi < ADI_CUT:
        return Demand("smooth" if cv2 < CV2_CUT else "erratic", adi, cv2)
    return Demand("intermittent" if cv2 < CV2_CUT else "lumpy", adi, cv2)
