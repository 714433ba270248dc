"""Accuracy on M4 weekly, coverage of the band, speed and memory of the Demand Forecaster.

The published training part of M4 weekly, all 359 series, is cut 13, 26 and 39 weeks before its end; the agent gets what
is before the cut, as the columns of text of an uploaded file, and is measured on the 13 weeks after it. sMAPE, MASE
and OWA are computed here by the definitions of the competition, apart from the product's own; for weekly series its
benchmark Naive2 is the last value. Speed and memory are those of a fresh process of its own on two cores.

`python -m tests.benchmarks.forecaster --write-card` measures, and writes the model card and the agent's page.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from apps.agents.contract import Measure, ModelCard, RunContext
from apps.common.schemas import Table
from apps.retail.agents.demand_forecaster import DemandForecaster, DemandInput, DemandSettings
from apps.retail.agents.demand_report import DemandReport
from apps.retail.analytics import forecasting
from apps.retail.analytics.layout import ROW
from apps.retail.analytics.reading import Series
from tests.measuring import Case, benchmark_data

ROOT = Path(__file__).resolve().parents[2]
CARD = ROOT / "apps/retail/agents/demand_forecaster.card.json"
PAGE = ROOT / "docs/agents/demand-forecaster.md"
MARKS = ("<!-- figures: written by the benchmark -->", "<!-- end of figures -->")
COMMAND = "python -m tests.benchmarks.forecaster --write-card"

HORIZON, ORIGINS, CORES = 13, (13, 26, 39), 2
MOST_OWA, COVERAGE = 0.93, (75, 85)
MOST_SECONDS, MOST_BYTES, MOST_SILENCE, MOST_RESULT = 60, 1.5e9, 2.0, 20e6
MANY, WEEKS = 5_000, 156

Values = NDArray[np.float64]


def m4_weekly() -> pl.DataFrame:
    """The training part as it would be uploaded: columns of text, V1 naming the series, rows ending in empty cells."""
    packed = benchmark_data("retail", "m4", "Weekly-train.csv.gz").read_bytes()
    return pl.read_csv(gzip.decompress(packed), infer_schema=False)


def series_of(frame: pl.DataFrame) -> dict[str, Values]:
    return {row[0]: np.array([float(cell) for cell in row[1:] if cell]) for row in frame.iter_rows()}


def before(series: dict[str, Values], back: int) -> pl.DataFrame:
    """The table of `series` without their last `back` values."""
    rows = [[name, *(repr(float(value)) for value in values[: len(values) - back])] for name, values in series.items()]
    width = max(len(row) for row in rows)
    padded = [row + [None] * (width - len(row)) for row in rows]
    return pl.DataFrame(padded, schema={f"V{n}": pl.String for n in range(1, width + 1)}, orient="row")


def many_items() -> pl.DataFrame:
    """Five thousand generated items by three years of weeks, in long form: half of them sell in few weeks."""
    random = np.random.default_rng(2024)
    level = random.lognormal(3, 1, (MANY, 1))
    year = 1 + 0.4 * np.sin(2 * np.pi * (np.arange(WEEKS) / 52 + random.random((MANY, 1))))
    sells = random.random((MANY, WEEKS)) < np.where(np.arange(MANY) % 2, 0.3, 1.0)[:, np.newaxis]
    sold = random.poisson(level * year) * sells
    weeks = [(date(2022, 1, 3) + timedelta(weeks=n)).isoformat() for n in range(WEEKS)]
    columns = {
        "sku": np.repeat([f"SKU {n:04d}" for n in range(MANY)], WEEKS),
        "week": np.tile(weeks, MANY),
        "units": sold.reshape(-1).astype(str),
    }
    return pl.DataFrame(columns)


@dataclass
class Timed:
    """A run of the agent and what it cost."""

    report: DemandReport
    seconds: float
    silence: float
    """Longest time without progress, in seconds, from the first call to the result."""


def forecast(frame: pl.DataFrame) -> Timed:
    numbered = frame.with_columns(pl.int_range(2, pl.len() + 2, dtype=pl.Int32).alias(ROW))
    began = time.monotonic()
    moments = [began]
    context = RunContext(
        now=datetime.now(UTC), load=lambda _: numbered, tell=lambda done, total, note: moments.append(time.monotonic())
    )
    data = DemandInput(history=Table(rows=[]), frequency="weekly", horizon=HORIZON)
    report = DemandForecaster().run(data, DemandSettings(), context)
    moments.append(time.monotonic())
    silence = max(later - earlier for earlier, later in pairwise(moments))
    return Timed(report, moments[-1] - began, silence)


@dataclass
class Made:
    """A forecast to be measured."""

    item: str
    forecast: list[float]
    q10: list[float]
    q90: list[float]


@dataclass
class Quality:
    """Means over the series of one origin; `covered` is the share, in percent, of values within the 10-90 % band."""

    smape: float
    mase: float
    owa: float
    covered: float
    bias: float


def quality(series: dict[str, Values], back: int, forecasts: list[Made]) -> Quality:
    """Compare the forecasts made `back` weeks before the end of `series` with the 13 weeks that followed."""
    rows = []
    for one in forecasts:
        values = series[one.item]
        cut = len(values) - back
        training, actual = values[:cut], values[cut : cut + HORIZON]
        scale = np.abs(np.diff(training)).mean()
        row: list[float] = []
        for made in (np.array(one.forecast), np.full(HORIZON, training[-1])):
            miss = np.abs(actual - made)
            row += [float((200 * miss / (np.abs(actual) + np.abs(made))).mean()), float(miss.mean() / scale)]
        inside = (actual >= np.array(one.q10)) & (actual <= np.array(one.q90))
        rows.append([*row, 100 * float(inside.mean()), float((np.array(one.forecast) - actual).mean() / scale)])
    smape, mase, naive_smape, naive_mase, covered, bias = np.mean(rows, axis=0).tolist()
    return Quality(smape, mase, (smape / naive_smape + mase / naive_mase) / 2, covered, bias)


def _alone(series: Series) -> Made:
    """A forecast without any other series to learn from."""
    (found,) = forecasting.forecast([series], HORIZON, "weekly")
    low, high = (found.quantiles[level].tolist() for level in (10, 90))
    return Made(series.item, found.point.tolist(), low, high)


def _covers(covered: float) -> bool:
    return COVERAGE[0] <= covered <= COVERAGE[1]


def measure() -> Iterator[Case]:
    yield from accuracy()
    yield from _cost("M4 weekly, 359 series", "m4", bars=True)
    yield from _cost(f"{MANY:,} generated series", "many", bars=False)


def accuracy() -> Iterator[Case]:
    """OWA and coverage at each origin and in the mean, and the coverage when each series is forecast alone."""
    series, found = series_of(m4_weekly()), []
    bar, between = f"<= {MOST_OWA}", f"{COVERAGE[0]} to {COVERAGE[1]}"
    for back in ORIGINS:
        reports = forecast(before(series, back)).report.series
        made = quality(series, back, [Made(one.item, one.forecast, one.q10, one.q90) for one in reports])
        found.append(made)
        case = f"M4 weekly, {back} weeks back"
        yield Case(case, "sMAPE", round(made.smape, 3), "%")
        yield Case(case, "MASE", round(made.mase, 3))
        yield Case(case, "OWA", round(made.owa, 3))
        yield Case(case, "bias by the usual change", round(made.bias, 3))
        yield Case(case, "covered by the 10-90 % band", round(made.covered, 1), "%", between, _covers(made.covered))
    owa = float(np.mean([each.owa for each in found]))
    covered = float(np.mean([each.covered for each in found]))
    yield Case("M4 weekly, mean of 3 origins", "OWA", round(owa, 3), "", bar, owa <= MOST_OWA)
    yield Case(
        "M4 weekly, mean of 3 origins", "covered by the 10-90 % band", round(covered, 1), "%", between, _covers(covered)
    )
    alone = []
    for back in ORIGINS:
        cut = [Series(name, "1", values[: len(values) - back]) for name, values in series.items()]
        alone.append(quality(series, back, [_alone(one) for one in cut]).covered)
    covered = float(np.mean(alone))
    yield Case(
        "M4 weekly, each series alone", "covered by the 10-90 % band", round(covered, 1), "%", between, _covers(covered)
    )


def _cost(case: str, name: str, *, bars: bool) -> Iterator[Case]:
    """Time, memory and silence of one run in a fresh process. The bars of time and memory are those of 359 series."""
    command = [sys.executable, "-m", "tests.benchmarks.forecaster", "--run", name]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    cost = json.loads(done.stdout)
    seconds, most = cost["seconds"], cost["bytes"]
    yield Case(
        case,
        "time of a run",
        round(seconds, 1),
        "s",
        f"<= {MOST_SECONDS}" if bars else "",
        not bars or seconds <= MOST_SECONDS,
    )
    yield Case(case, "processor time of a run", round(cost["cpu"], 1), "s")
    yield Case(
        case,
        "peak memory",
        round(most / 1e9, 2),
        "GB",
        f"<= {MOST_BYTES / 1e9}" if bars else "",
        not bars or most <= MOST_BYTES,
    )
    silence = cost["silence"]
    yield Case(case, "longest silence", round(silence, 2), "s", f"<= {MOST_SILENCE:g}", silence <= MOST_SILENCE)
    size = cost["result"]
    yield Case(case, "size of the result", round(size / 1e6, 1), "MB", f"<= {MOST_RESULT / 1e6:g}", size <= MOST_RESULT)


def _run(name: str) -> None:
    """One run in this process, its cost as JSON on standard output."""
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:CORES])
    frame = before(series_of(m4_weekly()), HORIZON) if name == "m4" else many_items()
    cpu = time.process_time()
    timed = forecast(frame)
    cost = {
        "seconds": timed.seconds,
        "cpu": time.process_time() - cpu,
        "silence": timed.silence,
        "bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        "result": len(timed.report.model_dump_json()),
    }
    print(json.dumps(cost))


def write_card(cases: list[Case]) -> None:
    """Write the model card of these cases, and the table of the agent's page."""
    cores = min(CORES, len(os.sched_getaffinity(0)))
    card = ModelCard(
        intended_use="Forecast demand or any other quantity per item and period, to plan stock, staff and purchases.",
        limits=[
            "Prices, promotions, holidays and the weather are not known to it; a forecast continues what was seen.",
            "A seasonal pattern needs three whole cycles, a backtest eight periods.",
            "A band holds in about eight cases of ten while the future is like the past; breaks are not foreseen.",
            "Periods that a series skips count as zero demand.",
        ],
        data="M4 competition, weekly series, training part: 359 series of 80 to 2,597 weeks, cut 13, 26 and 39 weeks "
        "before the end; not comparable with figures of the official test. Generated series for the large run.",
        command=COMMAND,
        measured_on=datetime.now(UTC).date().isoformat(),
        machine=f"{cores} cores",
        measures=[
            Measure(
                name=case.metric,
                value=float(case.value),
                unit=case.unit,
                bar=case.bar.replace("<=", "at most"),
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
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.forecaster", description=__doc__)
    parser.add_argument(
        "--write-card", action="store_true", help="measure, and write the model card and the agent's page"
    )
    parser.add_argument("--run", choices=["m4", "many"], help="one run in this process, its cost as JSON")
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
