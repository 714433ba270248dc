"""Published figures, the share of faults found, and the speed of the Quality Inspector.

Limits and indices are compared with the textbook's formulas, applied anew here to the published samples; the gauge
study is that of the AIAG manual, the plan that of ISO 2859-1. Faults are put into generated processes, so that it is
known where they are. Speed and memory are those of fresh processes of their own on two cores, from columns of text to
the report: the median of five.

`python -m tests.benchmarks.spc --write-card` measures, and writes the model card and the agent's page.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from apps.agents.contract import Measure, ModelCard, RunContext
from apps.common.schemas import Table
from apps.manufacturing.agents.quality_inspector import QualityInput, QualityInspector, QualitySettings
from apps.manufacturing.agents.quality_report import QualityReport
from apps.manufacturing.analytics.layout import ROW
from tests.evals.manufacturing.quality import FAULTS, process
from tests.manufacturing.tables import AIAG
from tests.measuring import Case, Skip, benchmark_data

ROOT = Path(__file__).resolve().parents[2]
CARD = ROOT / "apps/manufacturing/agents/quality_inspector.card.json"
PAGE = ROOT / "docs/agents/quality-inspector.md"
MARKS = ("<!-- figures: written by the benchmark -->", "<!-- end of figures -->")
COMMAND = "python -m tests.benchmarks.spc --write-card"
CORES, MANY = 2, 1_000_000
CLOSE, MOST_SECONDS, MOST_SILENCE = 1e-5, 5.0, 2.0
TRIALS, RUNS = 200, 5

Rows = list[dict[str, Any]]


def inspect(frame: pl.DataFrame, **fields: Any) -> QualityReport:
    numbered = frame.with_columns(pl.int_range(2, pl.len() + 2, dtype=pl.Int32).alias(ROW))
    context = RunContext(now=datetime.now(UTC), load=lambda _: numbered)
    data = QualityInput.model_validate({"data": Table(rows=[]), **fields})
    return QualityInspector().run(data, QualitySettings(), context)


def of_text(rows: Rows) -> pl.DataFrame:
    return pl.DataFrame({name: [str(row[name]) for row in rows] for name in rows[0]})


def measure() -> Iterator[Case]:
    yield from _published()
    yield from _gauge()
    yield from _plan()
    yield from _faults()
    yield from _cost("1 million points, samples of 5", "samples")
    yield from _cost("1 million points, single values", "single")


def _published() -> Iterator[Case]:
    """Limits and indices of the data of R's qcc, by their distance from the formulas."""
    try:
        rings, juice = (
            benchmark_data("manufacturing", "qcc", f"{name}.txt") for name in ("pistonrings", "orangejuice")
        )
    except Skip:
        return
    rows = [line.split() for line in rings.read_text().splitlines()[1:] if line.strip()]
    table = [{"diameter": row[0], "sample": row[1], "trial": row[2]} for row in rows]
    report = inspect(of_text(table), lower_spec=73.95, upper_spec=74.05, target=74.0)
    values = np.array([float(row[0]) for row in rows]).reshape(-1, 5)[:25]
    # D2 of five values to twelve digits, by integration of the distribution of the range.
    d2 = 2.325928947281
    sigma, mean = float(np.ptp(values, axis=1).mean()) / d2, float(values.mean())
    level = report.characteristics[0].charts[0]
    found = [level.centre[0], level.lower[0], level.upper[0]]
    reach = 3 * sigma / math.sqrt(5)
    off = max(abs((a or 0) - b) for a, b in zip(found, (mean, mean - reach, mean + reach), strict=True))
    yield _close("piston rings, Xbar-R", "distance of limits from the formula", off)
    able = report.characteristics[0].capability
    all_values = np.array([float(row[0]) for row in rows])
    wide = float(all_values.mean())
    # Of all 40 samples, with the deviation within the baseline.
    expected = {"Cp": 0.1 / (6 * sigma), "Cpk": (74.05 - wide) / (3 * sigma)}
    off = (
        max(abs(index.value - expected[index.name]) for index in able.indices if index.name in expected) if able else 1
    )
    yield _close("piston rings, capability", "distance of Cp and Cpk from the formula", off)
    yield Case("piston rings, Xbar-R", "samples beyond a limit", level.beyond, "", "3", level.beyond == 3)
    rows = [line.split() for line in juice.read_text().splitlines()[1:] if line.strip()]
    table = [{"sample": row[0], "D": row[1], "size": row[2], "trial": row[3]} for row in rows]
    chart = inspect(of_text(table)).characteristics[0].charts[0]
    based = [row for row in rows if row[3] == "TRUE"]
    share = sum(int(row[1]) for row in based) / sum(int(row[2]) for row in based)
    reach = 3 * math.sqrt(share * (1 - share) / 50)
    off = max(abs((chart.upper[0] or 0) - share - reach), abs((chart.lower[0] or 0) - share + reach))
    yield _close("orange juice, p", "distance of limits from the formula", off)


def _close(case: str, metric: str, off: float) -> Case:
    return Case(case, metric, float(f"{off:.1e}"), "", f"<= {CLOSE:g}", off <= CLOSE)


def _gauge() -> Iterator[Case]:
    rows = [
        {"appraiser": name, "part": part, "measurement": value}
        for name, trials in AIAG.items() for values in trials for part, value in enumerate(values)
    ]  # fmt: skip
    (study,) = inspect(of_text(rows)).gauges
    for method, grr, ndc in zip(study.methods, (26.68, 27.86), (5, 4), strict=True):
        case = f"AIAG study, {method.method}"
        yield Case(case, "%GRR", round(method.grr, 2), "%", f"{grr}", round(method.grr, 2) == grr)
        yield Case(case, "categories (ndc)", method.ndc, "", f"{ndc}", method.ndc == ndc)


def _plan() -> Iterator[Case]:
    sampling = inspect(of_text([{"lot": "A", "lot_size": 1000}]), aql="1.0").sampling
    if sampling is None:
        raise RuntimeError("lots were taken for another study")
    plan = sampling.plan
    yield Case("ISO 2859-1, code J, AQL 1.0", "sample size", plan.sample, "", "80", plan.sample == 80)
    yield Case("ISO 2859-1, code J, AQL 1.0", "acceptance number", plan.accept, "", "2", plan.accept == 2)


def _faults() -> Iterator[Case]:
    """How often a fault is found within ten samples of its beginning, and how often there is an alarm without one."""
    for fault, about in FAULTS.items():
        found = 0
        for trial in range(TRIALS):
            report = inspect(of_text(process(fault, trial)), baseline=25)
            found += about.found(report)
        share = 100 * found / TRIALS
        if fault == "none":
            yield Case(about.title, "processes with an alarm among 60 samples", round(share, 1), "%")
            continue
        bar = f">= {about.bar:g}"
        yield Case(about.title, "found within 10 samples", round(share, 1), "%", bar, share >= about.bar)


def _cost(case: str, name: str) -> Iterator[Case]:
    """Time, memory and silence of a run in a fresh process, with every rule of Nelson and a specification.

    Medians of several runs: other work on the machine disturbs single ones.
    """
    command = [sys.executable, "-m", "tests.benchmarks.spc", "--run", name]
    costs = [
        json.loads(subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout)
        for _ in range(RUNS)
    ]
    cost = {key: statistics.median(each[key] for each in costs) for key in costs[0]}
    seconds, silence = cost["seconds"], cost["silence"]
    yield Case(case, "time of a run", round(seconds, 2), "s", f"<= {MOST_SECONDS:g}", seconds <= MOST_SECONDS)
    yield Case(case, "processor time of a run", round(cost["cpu"], 2), "s")
    yield Case(case, "peak memory", round(cost["bytes"] / 1e9, 2), "GB")
    yield Case(case, "longest silence", round(silence, 2), "s", f"<= {MOST_SILENCE:g}", silence <= MOST_SILENCE)
    yield Case(case, "size of the result", round(cost["result"] / 1e6, 2), "MB")


def many(name: str) -> pl.DataFrame:
    """A million measurements as an uploaded file has them: text."""
    values = np.round(np.random.default_rng(7).normal(10, 0.02, MANY), 4).astype(str)
    samples = np.arange(MANY) // (5 if name == "samples" else 1)
    return pl.DataFrame({"sample": samples.astype(str), "value": values})


def _run(name: str) -> None:
    """One run in this process, its cost as JSON on standard output."""
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:CORES])
    numbered = many(name).with_columns(pl.int_range(2, pl.len() + 2, dtype=pl.Int32).alias(ROW))
    began, cpu = time.monotonic(), time.process_time()
    moments = [began]
    context = RunContext(
        now=datetime.now(UTC), load=lambda _: numbered, tell=lambda done, total, note: moments.append(time.monotonic())
    )
    data = QualityInput(data=Table(rows=[]), rules="Nelson", lower_spec=9.9, upper_spec=10.1)
    report = QualityInspector().run(data, QualitySettings(), context)
    moments.append(time.monotonic())
    cost = {
        "seconds": moments[-1] - began,
        "cpu": time.process_time() - cpu,
        "silence": max(later - earlier for earlier, later in pairwise(moments)),
        "bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        "result": len(report.model_dump_json()),
    }
    print(json.dumps(cost))


def write_card(cases: list[Case]) -> None:
    """Write the model card of these cases, and the table of the agent's page."""
    cores = min(CORES, len(os.sched_getaffinity(0)))
    card = ModelCard(
        intended_use="Judge whether a process is stable and capable, whether a gauge is good enough, what to do with a "
        "lot, and where to look first.",
        limits=[
            "Likely causes are what usually is behind a pattern; they are not found in the data.",
            "Limits and capability suppose values that do not depend on those before; a drift within samples hides.",
            "Indices suppose normal values: the check is shown, and other distributions are not fitted.",
            "Gauge studies are crossed and whole: every operator measures every part equally often.",
            "Reduced sampling plans are known up to an AQL of 10; double and multiple plans are not.",
            "Cells of reduced plans are checked by relations, not one by one: hold a plan against the standard first.",
        ],
        data="Piston rings and orange juice (Montgomery; data of R's qcc), the gauge study of AIAG MSA 4, ISO 2859-1; "
        "generated processes with known faults; generated million of points.",
        command=COMMAND,
        measured_on=datetime.now(UTC).date().isoformat(),
        machine=f"{cores} cores",
        measures=[
            Measure(
                name=case.metric, value=float(case.value), unit=case.unit,
                bar=case.bar.replace("<=", "at most").replace(">=", "at least"), note=case.case,
            )
            for case in cases
        ],
    )  # fmt: skip
    CARD.write_text(json.dumps(card.model_dump(mode="json"), indent=2, ensure_ascii=False) + "\n")
    lines = [f"Measured on {card.measured_on} with {card.machine} by `{COMMAND}`.", ""]
    lines += ["| data | measure | value | to clear |", "| --- | --- | ---: | --- |"]
    lines += [f"| {m.note} | {m.name} | {m.value:g} {m.unit} | {m.bar} |".replace("  ", " ") for m in card.measures]
    head, _, rest = PAGE.read_text().partition(MARKS[0])
    tail = rest.partition(MARKS[1])[2]
    PAGE.write_text(head + "\n".join([MARKS[0], "", *lines, "", MARKS[1]]) + tail)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.spc", description=__doc__)
    parser.add_argument(
        "--write-card", action="store_true", help="measure, and write the model card and the agent's page"
    )
    parser.add_argument("--run", choices=["samples", "single"], help="one run in this process, its cost as JSON")
    asked = parser.parse_args()
    if asked.run:
        _run(asked.run)
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
