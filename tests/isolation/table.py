"""The isolation matrix as a page of the docs: `python -m tests.isolation.table` writes docs/security/isolation.md.

What stands there is read from the product and from the attacks; that it is true is what the tests here and
`drill isolation` find out. A test fails while the page is another than this would write.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from apps.common.work import WorkKind
    from tests.isolation.judge import Outcome
    from tests.isolation.operations import Operation

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "security" / "isolation.md"
COMMAND = ".venv/bin/python -m tests.isolation.table"

INTRODUCTION = """# One customer is never reached from another

Every way into a tenant of this installation, and every attack that is tried on it. This page is written by a program
from the product itself: its routes, its OpenAPI document, its sockets and its kinds of background work. A test fails
when a way in is missing here, when fewer than {least} attacks make sense for one, and when the page is not up to date.

{figures}

**How it is tried.** Two tenants are made in which everything that can be equal is: primary keys of members, data, runs
and keys, passwords and their hashes, names of files. Each text of a tenant carries a marker that stands nowhere else.
The attacker owns one of them, and knows every id, cookie, token, key, link and cursor of the other. Before the attacks
the owner of each tenant must get through at home and find the marker where rows are shown: else a refusal would prove
nothing. After each attack
- no marker of the other tenant may stand in the answer: not in its headers, its body, or the parts of a workbook;
- no row of the other tenant may have changed, and where the attack had to be refused, no row of the attacker's either;
- the answer is exactly the one that this page names. A thing of the other tenant is 404, as if it existed nowhere, and
  never 403, which would say that it exists.

**Try it yourself.**
- `python3 run.py test --full tests/isolation` tries all of it, without a network, and a small form of the stress below.
- `python3 run.py test` tries every operation with {everyday:,} of the pairs, the same each time: each operation meets
  every class of attack that makes sense for it (credentials, things, requests, memory), each attack meets every app.
  All of the pairs of sockets and of work are among them.
- `python3 run.py drill isolation` starts an installation, tries every operation and socket over HTTP, and then asks two
  tenants 100,000 times from 32 threads in each process while statements raise, time out and are cancelled, connections
  are cut, and clients leave before their answer. It prints each figure with its bar: 0 rows of the other.

**What this page does not speak of.** There are no webhooks yet. What members of one tenant may do among themselves is
a matter of roles and scopes, tested elsewhere. The back office of the operators answers at their own host alone, which
a test asks for each of its routes. Whoever holds the database, the file system or the master key is past all of this:
see the operators' guide on keys.
"""


def text() -> str:
    """The whole page."""
    return "\n".join([_introduction(), *_operations(), *_sockets(), *_work()]) + "\n"


def _introduction() -> str:
    from tests.isolation import attacks, socket_attacks, work_attacks
    from tests.isolation.operations import operations, sockets

    kinds = _kinds()
    tried = (
        sum(len(attacks.applicable(each, on_wire=True)) for each in operations())
        + sum(len(socket_attacks.applicable(route)) + 1 for route in sockets())
        + sum(len(work_attacks.applicable(kind)) for kind in kinds)
    )
    figures = (
        f"{len(operations())} operations, {len(sockets())} sockets, {len(kinds)} kinds of work; "
        f"{len(attacks.ATTACKS)} attacks on operations, {len(socket_attacks.SOCKET_ATTACKS) + 1} on sockets,\n"
        f"{len(work_attacks.WORK_ATTACKS)} on work; {tried:,} pairs that make sense, each of which is tried."
    )
    everyday = sum(len(attacks.everyday(each)) for each in operations())
    return INTRODUCTION.format(least=attacks.LEAST, figures=figures, everyday=everyday)


# Operations


def _head(outcome: Outcome) -> str:
    return {
        "OWN": "own at most",
        "NOBODY": "401 or sign-in",
        "NOT_FOUND": "404",
        "FORBIDDEN": "403",
        "INVALID": "422",
        "CHANGED": "412",
        "DAMAGED": "own, or damaged",
    }[outcome.name]


def _operations() -> Iterator[str]:
    from tests.isolation.attacks import ATTACKS
    from tests.isolation.judge import Outcome
    from tests.isolation.operations import operations

    yield "## Attacks on operations\n"
    yield "| no. | attack | what is done |"
    yield "| --: | --- | --- |"
    for number, attack in enumerate(ATTACKS, 1):
        wire = " (Over a network only: tried by the drill.)" if attack.on_wire else ""
        yield f"| {number} | {attack.name} | {attack.aim}{wire} |"
    reasons = _lettered(each.why_not(operation) for operation in operations() for each in ATTACKS)
    yield "\n## Operations\n"
    yield "What each attack comes to, by its number:\n"
    for outcome in Outcome:
        yield f"- **{_head(outcome)}**: {outcome.value}."
    yield "- **makes no sense**: " + "; ".join(f"*{letter}* {reason}" for reason, letter in reasons.items()) + "."
    heads = ["operation", "tried", *(_head(outcome) for outcome in Outcome), "makes no sense"]
    for title, group in groupby(sorted(operations(), key=_place), key=lambda each: _place(each)[:2]):
        yield f"\n### {title[1]}\n"
        yield f"| {' | '.join(heads)} |"
        yield "| --- | --: |" + " --- |" * (len(heads) - 2)
        for operation in group:
            yield _operation(operation, reasons)


def _operation(operation: Operation, reasons: dict[str, str]) -> str:
    from tests.isolation.attacks import ATTACKS
    from tests.isolation.judge import Outcome

    outcomes: dict[Outcome, list[int]] = {outcome: [] for outcome in Outcome}
    without: dict[str, list[int]] = {}
    for number, attack in enumerate(ATTACKS, 1):
        if reason := attack.why_not(operation):
            without.setdefault(reasons[reason], []).append(number)
        else:
            outcomes[attack.outcome(operation)].append(number)
    tried = sum(map(len, outcomes.values()))
    cells = [f"`{operation.method} {_readable(operation)}`", str(tried), *map(_ranges, outcomes.values())]
    return f"| {' | '.join(cells)} | {_without(without)} |"


def _place(operation: Operation) -> tuple[int, str, str, str]:
    """Where it stands: its part of the page, then its address."""
    readable = _readable(operation)
    if operation.is_api:
        part = (0, "API")
    elif readable.startswith(("/accounts/", "/.well-known/")):
        part = (2, "Signing in, and what is open")
    else:
        part = (1, "Console")
    return (*part, readable, operation.method)


def _readable(operation: Operation) -> str:
    """The route without what only a program reads."""
    return operation.template.replace("^", "").replace("$", "").replace("\\", "")


# Sockets and work


def _sockets() -> Iterator[str]:
    from tests.isolation.operations import sockets
    from tests.isolation.socket_attacks import SOCKET_ATTACKS, applicable

    yield "\n## Sockets\n"
    yield "Each handshake is refused with 403, whatever the reason. The last attack is tried on an open socket.\n"
    yield "| no. | attack | what is done |"
    yield "| --: | --- | --- |"
    for number, attack in enumerate(SOCKET_ATTACKS, 1):
        yield f"| {number} | {attack.name} | {attack.aim} |"
    last = len(SOCKET_ATTACKS) + 1
    aim = "Ask an open socket for their groups while things happen there."
    yield f"| {last} | what happens in the other tenant | {aim} |"
    yield "\n| socket | tried | refused | hears its own alone | makes no sense |"
    yield "| --- | --: | --- | --- | --- |"
    for route in sockets():
        there = [SOCKET_ATTACKS.index(attack) + 1 for attack in applicable(route)]
        without: dict[str, list[int]] = {}
        for number, attack in enumerate(SOCKET_ATTACKS, 1):
            if reason := attack.why_not(route):
                without.setdefault(reason, []).append(number)
        address = route.route.replace("<uuid:id>", "{id}")
        yield f"| `/{address}` | {len(there) + 1} | {_ranges(there)} | {last} | {_without(without)} |"


def _work() -> Iterator[str]:
    from tests.isolation.work_attacks import WORK_ATTACKS, applicable

    yield "\n## Background work\n"
    yield (
        "Work rows of all tenants stand in one table, and messages in one broker: here the attacker can write both. "
        "Nothing of the other tenant changes, and whoever did the work is back where it came from.\n"
    )
    yield "| no. | attack | what is done |"
    yield "| --: | --- | --- |"
    for number, attack in enumerate(WORK_ATTACKS, 1):
        yield f"| {number} | {attack.name} | {attack.aim} |"
    yield "\n| kind of work | tried | comes to nothing | makes no sense |"
    yield "| --- | --: | --- | --- |"
    for kind in _kinds():
        there = applicable(kind)
        without: dict[str, list[int]] = {}
        for number, attack in enumerate(WORK_ATTACKS, 1):
            if reason := attack.why_not(kind):
                without.setdefault(reason, []).append(number)
        numbers = [number for number, attack in enumerate(WORK_ATTACKS, 1) if attack in there]
        yield f"| `{kind.name}` | {len(there)} | {_ranges(numbers)} | {_without(without)} |"


def _kinds() -> list[WorkKind]:
    """The product's own: tests have kinds of theirs."""
    from tests.isolation.operations import kinds

    return sorted((kind for kind in kinds() if type(kind).__module__.startswith("apps.")), key=lambda each: each.name)


def _lettered(reasons: Iterable[str]) -> dict[str, str]:
    found = dict.fromkeys(reason for reason in reasons if reason)
    return {reason: chr(ord("a") + number) for number, reason in enumerate(found)}


def _without(found: dict[str, list[int]]) -> str:
    """Each reason, or its letter, with the numbers of the attacks."""
    parts = ((f"*{why}*" if len(why) == 1 else f"{why}:", _ranges(numbers)) for why, numbers in found.items())
    return "; ".join(f"{why} {numbers}" for why, numbers in parts)


def _ranges(numbers: Sequence[int]) -> str:
    """`1-4, 7`."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return ", ".join(str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs)


def main() -> None:
    from scripts.check import DEVELOPMENT, SECRETS

    for name, value in (DEVELOPMENT | SECRETS).items():
        os.environ.setdefault(name, value)
    import django

    django.setup()
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(text())


if __name__ == "__main__":
    main()
