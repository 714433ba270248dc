"""What an attacker tries on an operation, and what must come of it.

An attack is a function that sends its requests through `Try.send` and gives back the answer to judge. Where it makes no
sense for an operation, one of its needs says why; that stands in the table of the docs.
"""

from __future__ import annotations

from tests.isolation.attacks.base import Attack, Try
from tests.isolation.attacks.credentials import CREDENTIALS
from tests.isolation.attacks.memory import MEMORY
from tests.isolation.attacks.requests import REQUESTS
from tests.isolation.attacks.things import THINGS
from tests.isolation.operations import Operation

ATTACKS = [*CREDENTIALS, *THINGS, *REQUESTS, *MEMORY]
LEAST = 12
"""How many of them must make sense for every operation."""


def applicable(operation: Operation, *, on_wire: bool = False) -> list[Attack]:
    """The attacks that are tried on it, those that need a network too if there is one."""
    return [each for each in ATTACKS if not each.why_not(operation) and (on_wire or not each.on_wire)]


__all__ = ["ATTACKS", "LEAST", "Attack", "Try", "applicable"]
