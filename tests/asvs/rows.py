"""What a row of the table is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Row:
    number: str
    """As the standard has it: ``6.2.1``."""
    level: Literal[1, 2]
    asked: str
    """What the requirement asks for, in our words."""
    tests: tuple[str, ...] = ()
    """``tests/<file>.py::<name without test_>``."""
    reason: str = ""
    """Why no test shows it, or what a test cannot show; where both stand, they are read together."""
    lacks: str = ""
    """What is not there yet. A row with this is open, whatever else it names."""


@dataclass(frozen=True)
class Chapter:
    number: int
    title: str
    rows: tuple[Row, ...]


# How many requirements of the levels 1 and 2 each chapter of the standard has, so that none is forgotten.
REQUIREMENTS: dict[int, tuple[str, int]] = {
    1: ("Encoding and sanitization", 27),
    2: ("Validation and business logic", 11),
    3: ("Web frontend security", 19),
    4: ("API and web service", 10),
    5: ("File handling", 9),
    6: ("Authentication", 35),
    7: ("Session management", 18),
    8: ("Authorization", 7),
    9: ("Self-contained tokens", 7),
    10: ("OAuth and OIDC", 29),
    11: ("Cryptography", 14),
    12: ("Secure communication", 9),
    13: ("Configuration", 13),
    14: ("Data protection", 9),
    15: ("Secure coding and architecture", 13),
    16: ("Security logging and error handling", 16),
    17: ("WebRTC", 7),
}
