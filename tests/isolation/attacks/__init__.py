"""What an attacker tries on an operation, and what must come of it.

An attack is a function that sends its requests through `Try.send` and gives back the answer to judge. Where it makes no
sense for an operation, one of its needs says why; that stands in the table of the docs.
"""

from __future__ import annotations

from functools import cache

from tests.isolation.attacks.base import Attack, Try
from tests.isolation.attacks.credentials import CREDENTIALS
from tests.isolation.attacks.memory import MEMORY
from tests.isolation.attacks.requests import REQUESTS
from tests.isolation.attacks.things import THINGS
from tests.isolation.operations import Operation, operations

CLASSES = [CREDENTIALS, THINGS, REQUESTS, MEMORY]
ATTACKS = [attack for each in CLASSES for attack in each]
LEAST = 12
"""How many of them must make sense for every operation."""


def applicable(operation: Operation, *, on_wire: bool = False) -> list[Attack]:
    """The attacks that are tried on it, those that need a network too if there is one."""
    return [each for each in ATTACKS if not each.why_not(operation) and (on_wire or not each.on_wire)]


ALWAYS = {"nobody signed in", "own API key without the scope", "id of a foreign thing"}
"""What is tried on every operation each day: they cost little, and a new operation forgets these first."""
EVERY = 3
"""Each other attack is tried on every third operation of an app, where it makes sense for so many."""


def everyday(operation: Operation) -> list[Attack]:
    """The attacks of an everyday run: the same each time, some of every class for every operation, and every attack in
    every app. The others are tried by `run.py test --full`."""
    chosen = {attack.name for attack in applicable(operation) if attack.name in ALWAYS}
    chosen |= {name for name, there in _rota().items() if operation.name in there}
    for each in CLASSES:
        possible = [attack.name for attack in each if attack in applicable(operation)]
        if possible and chosen.isdisjoint(possible):
            chosen.add(possible[len(operation.name) % len(possible)])
    return [attack for attack in applicable(operation) if attack.name in chosen]


@cache
def _rota() -> dict[str, set[str]]:
    """For each attack, the operations of each app whose turn it is."""
    apps: dict[str, list[Operation]] = {}
    for operation in operations():
        apps.setdefault(operation.app, []).append(operation)
    turns: dict[str, set[str]] = {}
    for number, attack in enumerate(ATTACKS):
        for there in apps.values():
            possible = [each.name for each in there if attack in applicable(each)]
            step = min(EVERY, len(possible))
            turns.setdefault(attack.name, set()).update(possible[number % step :: step] if step else [])
    return turns


__all__ = ["ALWAYS", "ATTACKS", "CLASSES", "LEAST", "Attack", "Try", "applicable", "everyday"]
