"""The agent: what it detects, reports, shows and hands out."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import polars as pl
import pytest

from apps.agents.contract import AGENTS, RunCancelled, RunContext
from apps.common.errors import InvalidInput, NotFound
from apps.common.schemas import Table
from apps.common.widgets import FiguresWidget, SeriesWidget, TableWidget, TextWidget
from apps.retail.agents.demand_forecaster import DemandForecaster, DemandInput, DemandSettings
from apps.retail.agents.demand_report import DemandReport
from tests.retail.tables import table

AGENT = DemandForecaster()


def rows_of(given: Table) -> pl.DataFrame:
    """The rows as the platform hands them out: text, with the row they came from."""
    rows = given.rows or []
    names = dict.fromkeys(name for row in rows for name in row)
    columns: dict[str, list[str | None]] = {
        name: [None if row.get(name) is None else str(row[name]) for row in rows] for name in names
    }
    return table(columns)


def context(
    tell: Callable[[int, int, str], None] = lambda done, total, note: None, *, stop: bool = False
) -> RunContext:
    return RunContext(now=datetime(2026, 1, 1, tzinfo=UTC), load=rows_of, tell=tell, stopping=lambda: stop)


def run(data: dict[str, Any]) -> DemandReport:
    return AGENT.run(DemandInput.model_validate(data), DemandSettings(), context())


@pytest.fixture(scope="module")
def report() -> DemandReport:
    return run(DemandForecaster.examples[0].input)


def odd_rows() -> list[dict[str, Any]]:
    usual = [{"sku": "fine", "month": f"2024-{n:02d}", "qty": 10 + n % 3} for n in range(1, 13)]
    return [*usual, {"sku": "new", "month": "2024-12", "qty": 5}, {"sku": "never", "month": "2024-01", "qty": None}]


def test_the_agent_is_registered_with_its_table() -> None:
    assert AGENTS["retail.demand_forecaster"].table_field == "history"


@pytest.mark.parametrize("example", DemandForecaster.examples, ids=lambda example: example.title)
def test_an_example_runs_and_is_small_enough_to_send(example: Any) -> None:
    assert len(json.dumps(example.input)) < 40_000
    made = run(example.input)
    assert 3 <= len(made.series) <= 5
    assert not any(one.exceptions for one in made.series)


def test_the_spare_parts_of_the_example_are_intermittent() -> None:
    made = run(DemandForecaster.examples[1].input)
    assert {one.demand for one in made.series} <= {"intermittent", "lumpy"}


def test_a_report_survives_storage(report: DemandReport) -> None:
    stored = json.loads(json.dumps(report.model_dump(mode="json")))
    assert DemandReport.model_validate(stored) == report


def test_the_horizon_follows_the_frequency_unless_given(report: DemandReport) -> None:
    assert (report.frequency, report.horizon) == ("weekly", 13)
    assert run({**DemandForecaster.examples[0].input, "horizon": 3}).horizon == 3


def test_what_was_understood_leads_back_into_the_input() -> None:
    data = DemandInput.model_validate(DemandForecaster.examples[0].input)
    found = AGENT.inspect(data, context())
    assert found.summary == "3 series of 110 weekly values"
    chosen = {item.path: item.value for item in found.understood}
    assert chosen["history.columns.quantity"] == "units"
    assert all(item.value in item.choices for item in found.understood)
    assert all(item.why for item in found.understood)
    columns = {path.rpartition(".")[2]: value for path, value in chosen.items() if path.startswith("history.columns.")}
    rest = {path: value for path, value in chosen.items() if "." not in path}
    again = DemandInput.model_validate({"history": {"rows": data.history.rows, "columns": columns}, **rest})
    assert {item.path: item.value for item in AGENT.inspect(again, context()).understood} == chosen
    assert len(found.preview) == 5


def test_an_inspection_warns_of_what_a_run_would_report() -> None:
    found = AGENT.inspect(DemandInput.model_validate({"history": {"rows": odd_rows()}}), context())
    assert found.warnings == ["Too short: new", "Empty, not forecast: never"]


def test_a_table_that_cannot_be_used_is_refused_at_inspection() -> None:
    data = DemandInput.model_validate({"history": {"rows": [{"sku": "a", "month": "2024-01", "qty": "lots"}]}})
    with pytest.raises(InvalidInput, match="“lots” is not a number"):
        AGENT.inspect(data, context())


def test_odd_series_are_exceptions_and_not_failures() -> None:
    made = run({"history": {"rows": odd_rows()}})
    figures, _, exceptions = AGENT.present(made)
    assert isinstance(figures, FiguresWidget)
    assert isinstance(exceptions, TableWidget)
    assert [(row["item"], row["kind"]) for row in exceptions.rows] == [("new", "Too short"), ("never", "Empty")]
    assert next(figure.value for figure in figures.figures if figure.label == "With exceptions") == pytest.approx(66.7)
    assert AGENT.headline(made) == "2 series, 12 periods ahead, 2 with exceptions"


def test_the_table_of_series_has_a_row_for_each_with_its_detail(report: DemandReport) -> None:
    _, series, _ = AGENT.present(report)
    assert isinstance(series, TableWidget)
    assert series.row_key == "item"
    for row in series.rows:
        assert set(row) == {column.key for column in series.columns}
        assert AGENT.detail(report, str(row["item"]))


def test_the_chart_joins_history_backtest_and_forecast(report: DemandReport) -> None:
    chart, figures, why = AGENT.detail(report, report.series[0].item)
    assert isinstance(chart, SeriesWidget)
    assert isinstance(figures, FiguresWidget)
    assert isinstance(why, TextWidget)
    assert [line.name for line in chart.lines] == ["History", "Backtest", "Forecast"]
    assert {len(line.values) for line in chart.lines} == {len(chart.periods)}
    assert (len(chart.bands[0].low), chart.periods[-1]) == (len(chart.periods), "2025-05-05")
    assert chart.periods[len(report.series[0].history)] == chart.split == "2025-02-10"
    assert [figure.label for figure in figures.figures][:5] == ["sMAPE", "MASE", "RMSSE", "Pinball", "Bias"]
    assert all(figure.hint for figure in figures.figures)
    assert why.reasons


def test_a_row_that_is_not_there_is_not_found(report: DemandReport) -> None:
    with pytest.raises(NotFound):
        AGENT.detail(report, "no such item")


def test_the_export_has_a_row_for_each_series_and_period(report: DemandReport) -> None:
    sheet = AGENT.export(report)
    assert sheet.columns == ["item", "period", "forecast", "q10", "q50", "q90", "model", "demand"]
    assert len(sheet.rows) == 3 * 13
    assert sheet.rows[0][:2] == ["Espresso beans 1 kg", "2025-02-10"]


def test_progress_ends_with_everything_done() -> None:
    told: list[tuple[int, int, str]] = []
    data = DemandInput.model_validate(DemandForecaster.examples[0].input)
    AGENT.run(data, DemandSettings(), context(lambda *step: told.append(step)))
    assert told[-1] == (4, 4, "Done")
    assert [step for step in told if step[0] == step[1]] == told[-1:]


def test_a_run_that_should_stop_stops() -> None:
    data = DemandInput.model_validate(DemandForecaster.examples[0].input)
    with pytest.raises(RunCancelled):
        AGENT.run(data, DemandSettings(), context(stop=True))


def test_numbers_are_reported_with_six_digits() -> None:
    rows = [{"date": f"2024-01-{n:02d}", "qty": 1234567.891 + n % 4} for n in range(1, 29)]
    one = run({"history": {"rows": rows}}).series[0]
    assert one.history[0] == 1234570


def test_the_model_card_holds_what_its_benchmark_measured() -> None:
    card = AGENT.card()
    assert card is not None
    owa = [measure for measure in card.measures if measure.name == "OWA" and measure.bar]
    assert len(owa) == 1
    assert owa[0].value <= 0.93
    assert "benchmarks.forecaster" in card.command
