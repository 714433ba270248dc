"""Send 500 personal data to models by every way in, and a hundred wrong numbers through the check of numbers."""

from __future__ import annotations

import json
import secrets as chance
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from apps.ai.numbercheck import Verdict, check, figures_of
from tests.ai.wrong_numbers import explanations
from tests.drills.limits import python
from tests.measuring import Case
from tests.running import installation

ITEMS, TEXTS, DOCUMENTS = 500, 100, 20


def measure() -> Iterator[Case]:
    seed = chance.token_hex(8)
    with tempfile.TemporaryDirectory() as folder, installation(Path(folder), demo=False) as program:
        found = json.loads(python(["-m", "tests.drills._redacting", seed, str(ITEMS)], program.environment))
    for name in found["left"] + found["not_restored"]:
        print(f"  {name}", file=sys.stderr)
    planted = sum(found["planted"].values())
    yield Case("personal data", "planted", planted, bar=f"{ITEMS}", holds=planted == ITEMS)
    yield Case("personal data", "kinds of them", found["kinds"], bar=">= 25", holds=found["kinds"] >= 25)
    for way, number in found["planted"].items():
        yield Case("personal data", f"planted in: {way}", number, bar="> 0", holds=number > 0)
    yield Case("personal data", "calls over HTTP", found["calls"], bar="> 0", holds=found["calls"] > 0)
    yield Case("personal data", "left", len(found["left"]), bar="0", holds=not found["left"])
    lost = len(found["not_restored"])
    yield Case("personal data", "not restored", lost, bar="0", holds=lost == 0)
    yield Case("personal data", "found in the ledger of calls", found["kept"], bar="0", holds=found["kept"] == 0)
    refused, sent = found["documents_refused"], found["documents_sent"]
    yield Case("none may leave", f"documents refused of {DOCUMENTS}", refused, bar="all", holds=refused == DOCUMENTS)
    yield Case("none may leave", "requests sent", sent, bar="0", holds=sent == 0)
    yield from numbers(seed)


def numbers(seed: str) -> Iterator[Case]:
    """Explanations with a number each that nobody computed."""
    seen: Counter[str] = Counter()
    for explanation in explanations(seed, TEXTS):
        start, end = explanation.wrong
        for each in check(explanation.text, figures_of(explanation.result)):
            is_wrong, is_marked = each.start < end and start < each.end, each.verdict is Verdict.UNMATCHED
            seen["numbers"] += 1
            seen["wrong and not marked"] += is_wrong and not is_marked
            seen["right and marked"] += is_marked and not is_wrong
            seen["wrong and marked"] += is_wrong and is_marked
    marked = seen["wrong and marked"]
    yield Case("numbers", "in texts", seen["numbers"])
    yield Case("numbers", f"wrong ones marked of {TEXTS}", marked, bar=f"{TEXTS}", holds=marked >= TEXTS)
    missed, alarms = seen["wrong and not marked"], seen["right and marked"]
    yield Case("numbers", "wrong ones shown as verified", missed, bar="0", holds=missed == 0)
    yield Case("numbers", "right ones marked", alarms, bar="0", holds=alarms == 0)
