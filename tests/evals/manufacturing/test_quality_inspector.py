"""Cases with facts that the Quality Inspector has to come to."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.evals.manufacturing.quality import FAULTS, process
from tests.manufacturing.tables import run

Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class Case:
    """Rows, what is asked of them, and what the report has to say."""

    name: str
    rows: Rows
    fields: dict[str, Any] = field(default_factory=dict)
    verdict: str = ""
    first: str = ""
    """What the thing to look at has in its place or its words."""
    cause: str = ""
    """What its likeliest cause speaks of."""
    among: int = 1
    """Of so many first things to look at, one is the expected one."""


def defectives(shares: list[float], size: int = 200) -> Rows:
    return [{"shift": n + 1, "defectives": round(share * size), "inspected": size} for n, share in enumerate(shares)]


CASES = [
    Case("a tool that slipped", process("large shift", 3), {"baseline": 30}, "Out of control", "beyond", "set-up"),
    Case("a fixture that came loose", process("spread", 3), {"baseline": 30}, "Out of control", "beyond", "fixture"),
    Case("a bad lot of material", defectives([0.04, 0.05] * 10 + [0.16] + [0.04, 0.05] * 5), {}, "Out of control", "21",
         "material lot"),
    Case("defects that went down for good", defectives([0.07, 0.09] * 12 + [0.055, 0.06] * 8), {"rules": "Nelson"},
         "Signals within the limits", "on one side", "lasting change"),
    Case("two machines in one chart", [{"value": 10 + (1 if n % 2 else -1) + 0.01 * (n * 7 % 5)} for n in range(40)],
         {"rules": "Nelson", "mean": 10, "sigma": 1.0}, "Signals within the limits", "up and down", "two machines", 3),
    Case("an off-centre process", process("none", 9), {"lower_spec": 46, "upper_spec": 57.5, "rules": "limits only"},
         "Capable, in control"),
    Case("a process too wide", process("none", 9), {"lower_spec": 48, "upper_spec": 52, "rules": "limits only"},
         "Not capable, in control"),
    Case("a lot to reject", [{"lot": "A", "lot_size": 1000, "defectives": 3}], {}, "1 lot to reject"),
    Case("a lot to accept", [{"lot": "A", "lot_size": 1000, "defectives": 2}], {}, "1 lot to accept"),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_inspector_comes_to_the_facts(case: Case) -> None:
    report = run(case.rows, **case.fields)
    assert report.verdict == case.verdict
    if case.first:
        assert any(
            case.first in f"{one.place} {one.what.lower()}" and case.cause in one.causes[0]
            for one in report.attention[: case.among]
        )


@pytest.mark.parametrize("fault", [name for name in FAULTS if name != "none"])
def test_a_fault_is_found_in_time_in_most_processes(fault: str) -> None:
    found = sum(FAULTS[fault].found(run(process(fault, seed), baseline=25)) for seed in range(20))
    assert found >= 16
