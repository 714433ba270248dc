"""Alerts of the Drug Checker against published lists, false alarms on other pairs, spelling, and speed.

High-priority and non-interruptive pairs are those of `tests/evals/healthcare/`, by Phansalkar 2012 and 2013. Others are
counted twice: all pairs of drugs that the base knows, with nothing left out, so that true interactions among them count
as alarms; and usual pairs that were chosen by hand since neither label names the other.

`python -m tests.benchmarks.drugs --write-card` measures, and writes the model card and the agent's page.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from itertools import product
from math import comb
from pathlib import Path
from random import Random
from statistics import median
from typing import TYPE_CHECKING, Any

import yaml

from apps.agents.contract import Measure, ModelCard, RunContext
from apps.common.schemas import Table
from apps.healthcare.agents.drug_checker import DrugChecker, DrugInput, DrugSettings
from apps.healthcare.analytics import names
from apps.healthcare.analytics.checking import interactions
from apps.healthcare.analytics.knowledge import Knowledge, knowledge
from apps.healthcare.analytics.severity import INTERRUPTIVE
from tests.measuring import Case

if TYPE_CHECKING:
    import polars

ROOT = Path(__file__).resolve().parents[2]
EVALS = ROOT / "tests/evals/healthcare"
CARD = ROOT / "apps/healthcare/agents/drug_checker.card.json"
PAGE = ROOT / "docs/agents/drug-checker.md"
MARKS = ("<!-- figures: written by the benchmark -->", "<!-- end of figures -->")
COMMAND = "python -m tests.benchmarks.drugs --write-card"

LEAST_HIGH_PRIORITY, MOST_NON_INTERRUPTIVE, MOST_UNRELATED = 85.0, 10.0, 3.0
MOST_MILLISECONDS, LONG = 200, 30
RUNS, SEED = 50, 2026

Pair = tuple[str, str]


def evaluation(name: str) -> Any:
    return yaml.safe_load((EVALS / f"{name}.yaml").read_text())


def pairs_of(group: dict[str, Any]) -> list[Pair]:
    second = group["first"] if group["second"] == "same" else group["second"]
    return sorted(
        {(min(one, other), max(one, other)) for one, other in product(group["first"], second) if one != other}
    )


def interrupts(pair: Pair) -> bool:
    """Whether the pair is called major or contraindicated. Raises `KeyError` for a drug that the base lacks."""
    base = knowledge()
    for drug in pair:
        _ = base.drugs[drug]
    return any(finding.severity in INTERRUPTIVE for finding in interactions(pair, base))


def judged(name: str) -> dict[str, tuple[int, int]]:
    """For each pair of classes of a list: how many of its pairs of drugs interrupt, of how many."""
    found = {}
    for group in evaluation(name):
        pairs = pairs_of(group)
        found[str(group["pair"])] = sum(map(interrupts, pairs)), len(pairs)
    return found


def share(found: dict[str, tuple[int, int]]) -> float:
    """Percent of pairs of drugs that interrupt."""
    return 100 * sum(hits for hits, _ in found.values()) / sum(total for _, total in found.values())


def by_class(found: dict[str, tuple[int, int]]) -> float:
    """The mean of the percentages of the pairs of classes, each counting the same."""
    return sum(100 * hits / total for hits, total in found.values()) / len(found)


def loud_share() -> tuple[float, int]:
    """Percent of all pairs of known drugs that interrupt, and how many pairs there are. Nothing is left out."""
    drugs = knowledge().drugs
    loud = sum(finding.severity in INTERRUPTIVE for finding in interactions(drugs, knowledge()))
    return 100 * loud / comb(len(drugs), 2), comb(len(drugs), 2)


def unrelated_share() -> float:
    pairs = [tuple(pair) for pair in evaluation("drug_checker_unrelated")]
    return 100 * sum(interrupts(pair) for pair in pairs) / len(pairs)


def _without(base: Knowledge, drug: str) -> Knowledge:
    """The base as if it did not know a drug."""
    return replace(base, synonyms={name: target for name, target in base.synonyms.items() if target != drug})


def mistaken_share() -> float:
    """Percent of drugs that, were they unknown, would be taken for a misspelling of another one."""
    base = knowledge()
    taken = sum(bool(names.read(drug, _without(base, drug)).drugs) for drug in base.drugs)
    return 100 * taken / len(base.drugs)


def corrected_share() -> tuple[float, float]:
    """Percent of names with one letter swapped, lost, doubled or changed that are read right, and read wrong."""
    base, chance = knowledge(), Random(SEED)  # the same mistakes each time
    right = wrong = total = 0
    for drug in sorted(base.drugs):
        if len(drug) < 8 or not drug.isalpha():
            continue
        place = chance.randrange(1, len(drug) - 1)
        letter = chance.choice("abcdefghijklmnopqrstuvwxyz")
        swapped = drug[:place] + drug[place + 1] + drug[place] + drug[place + 2 :]
        for written in (swapped, drug[:place] + drug[place + 1 :], drug[:place] + drug[place] + drug[place:],
                        drug[:place] + letter + drug[place + 1 :]):  # fmt: skip
            read = names.read(written, base).drugs
            total += 1
            right += read == (drug,)
            wrong += bool(read) and read != (drug,)
    return 100 * right / total, 100 * wrong / total


def _no_table(_: Table) -> polars.DataFrame:
    raise AssertionError("a list of drugs needs no table")


def speeds() -> list[float]:
    """Milliseconds of whole runs of the agent on thirty random drugs for a patient of whom everything is known."""
    chance, drugs, agent = Random(SEED), sorted(knowledge().drugs), DrugChecker()
    context = RunContext(now=datetime(2026, 11, 25, tzinfo=UTC), load=_no_table)
    patient = {"age": 81, "sex": "female", "weight": 58, "creatinine": 1.9, "allergies": "penicillin; sulfa"}
    took = []
    for _ in range(RUNS):
        data = DrugInput.model_validate({"medications": chance.sample(drugs, LONG), **patient})
        began = time.perf_counter()
        agent.run(data, DrugSettings(), context)
        took.append(1_000 * (time.perf_counter() - began))
    return took


def first_run() -> float:
    """Milliseconds of the first run in a fresh process, with reading the knowledge base, without starting Python."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.drugs", "--first"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return float(json.loads(done.stdout))


def _first() -> float:
    drugs = "warfarin; simvastatn; clarithromycin; ibuprofen; lisinopril; spironolactone; omeprazole; metformin"
    context = RunContext(now=datetime(2026, 11, 25, tzinfo=UTC), load=_no_table)
    began = time.perf_counter()
    DrugChecker().run(DrugInput(medications=drugs), DrugSettings(), context)
    return 1_000 * (time.perf_counter() - began)


def measure() -> Iterator[Case]:
    high, low = judged("drug_checker_high_priority"), judged("drug_checker_non_interruptive")
    case = f"high-priority, {sum(total for _, total in high.values()):,} pairs of {len(high)} classes"
    found = share(high)
    bar = f">= {LEAST_HIGH_PRIORITY:g}"
    yield Case(case, "major or higher", round(found, 1), "%", bar, found >= LEAST_HIGH_PRIORITY)
    yield Case(case, "major or higher, mean of classes", round(by_class(high), 1), "%")
    weakest = min(100 * hits / total for hits, total in high.values())
    yield Case(case, "major or higher, weakest class", round(weakest, 1), "%")
    case = f"non-interruptive, {sum(total for _, total in low.values()):,} pairs of {len(low)} classes"
    found = share(low)
    bar = f"<= {MOST_NON_INTERRUPTIVE:g}"
    yield Case(case, "major or higher", round(found, 2), "%", bar, found <= MOST_NON_INTERRUPTIVE)
    yield Case(case, "major or higher, mean of classes", round(by_class(low), 2), "%")
    bar = f"<= {MOST_UNRELATED:g}"
    found, count = loud_share()
    case = f"all {count:,} pairs of known drugs"
    yield Case(case, "major or higher", round(found, 2), "%", bar, found <= MOST_UNRELATED)
    found = unrelated_share()
    count = len(evaluation("drug_checker_unrelated"))
    yield Case(
        f"{count} usual pairs chosen by hand", "major or higher", round(found, 2), "%", bar, found <= MOST_UNRELATED
    )
    right, wrong = corrected_share()
    yield Case("names with one mistake", "read right", round(right, 1), "%")
    yield Case("names with one mistake", "read as another drug", round(wrong, 2), "%")
    yield Case("drugs as if unknown", "taken for another drug", round(mistaken_share(), 2), "%")
    took, case = sorted(speeds()), f"{LONG} drugs, {RUNS} runs"
    usual, slow = median(took), took[-1 - RUNS // 20]
    yield Case(
        case, "time of a run, median", round(usual, 1), "ms", f"<= {MOST_MILLISECONDS}", usual <= MOST_MILLISECONDS
    )
    yield Case(case, "time of a run, 95th percentile", round(slow, 1), "ms")
    yield Case("8 drugs in a fresh process", "time of the first run", round(first_run(), 1), "ms")


def write_card(cases: list[Case]) -> None:
    """Write the model card of these cases, and the table of the agent's page."""
    base = knowledge()
    card = ModelCard(
        intended_use="Help pharmacists and physicians look over a medication list. Decision support, verify: it does "
        "not prescribe, and does not replace a licensed reference.",
        limits=[
            f"It knows {len(base.drugs):,} drugs. Of others it knows nothing, which it says.",
            "Its rules were written with the lists at hand that it is measured on: they show what is covered.",
            "Of the 33 non-interruptive pairs of classes 29 are judged: of the list only a part was read.",
            "Doses, routes and times of taking are not read: it speaks of drugs, not of 2.5 mg in the evening.",
            "Kidney function is estimated for adults in a steady state; liver function only counts as a condition.",
            "Conditions and allergies are known by their usual English names.",
            "Nobody but its authors has reviewed its rules; a hospital's own pharmacists should before relying on it.",
        ],
        data="Phansalkar et al. 2012 and 2013 (ONC high-priority and non-interruptive lists) by members of their "
        "classes; all pairs of known drugs; usual pairs chosen by hand. 19 US record systems alerted on 69 % of "
        "high-priority pairs (McEvoy et al. 2016).",
        command=COMMAND,
        measured_on=datetime.now(UTC).date().isoformat(),
        machine=f"{min(2, len(os.sched_getaffinity(0)))} cores",
        measures=[
            Measure(
                name=case.metric,
                value=float(case.value),
                unit=case.unit,
                bar=case.bar.replace("<=", "at most").replace(">=", "at least"),
                note=case.case,
            )
            for case in cases
        ],
    )
    CARD.write_text(json.dumps(card.model_dump(mode="json"), indent=2, ensure_ascii=False) + "\n")
    lines = [f"Measured on {card.measured_on} with {card.machine} by `{COMMAND}`.", ""]
    lines += ["| data | measure | value | to clear |", "| --- | --- | ---: | --- |"]
    lines += [f"| {m.note} | {m.name} | {m.value:g} {m.unit} | {m.bar} |".replace("  ", " ") for m in card.measures]
    head, _, rest = PAGE.read_text().partition(MARKS[0])
    tail = rest.partition(MARKS[1])[2]
    PAGE.write_text(head + "\n".join([MARKS[0], "", *lines, "", MARKS[1]]) + tail)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.drugs", description=__doc__)
    parser.add_argument("--write-card", action="store_true", help="measure, and write the model card and the page")
    parser.add_argument("--first", action="store_true", help="the time of one run in this process, as JSON")
    asked = parser.parse_args()
    if asked.first:
        print(json.dumps(_first()))
        return 0
    cases = []
    for case in measure():
        print(case, flush=True)
        cases.append(case)
    if asked.write_card:
        write_card(cases)
    return 0 if all(case.holds for case in cases) else 1


if __name__ == "__main__":
    sys.exit(main())
