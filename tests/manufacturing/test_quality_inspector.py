"""The agent: what it detects, reports, shows and hands out."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from apps.agents.contract import AGENTS, RunCancelled
from apps.common.errors import InvalidInput, NotFound
from apps.common.widgets import (
    BarWidget,
    ControlChartWidget,
    FiguresWidget,
    SeriesWidget,
    TableWidget,
    TextWidget,
    Widget,
)
from apps.manufacturing.agents.quality_inspector import QualityInput, QualityInspector, QualitySettings
from apps.manufacturing.agents.quality_making import MOST_POINTS
from apps.manufacturing.agents.quality_report import QualityReport
from apps.manufacturing.analytics.causes import CAUSES, causes
from apps.manufacturing.analytics.rules import RULES
from tests.manufacturing.tables import AGENT, AIAG, context, refusal, run

EXAMPLES = {example.title: example for example in QualityInspector.examples}
EXPECTED = {
    "Bore diameters": ("capability", "Barely capable, out of control"),
    "Leaking castings": ("control chart", "Out of control"),
    "Gauge study": ("gauge study", "Gauge marginal"),
    "Incoming lots": ("sampling plan", "2 lots to reject"),
    "Kinds of defects": ("pareto", "3 of 8 kinds make 84 %"),
}


def of_example(title: str) -> QualityReport:
    data = QualityInput.model_validate(EXAMPLES[title].input)
    return AGENT.run(data, QualitySettings(), context())


def widgets(report: QualityReport) -> list[Widget]:
    """All that can be seen of a report."""
    shown = AGENT.present(report)
    for name in [one.name for one in report.characteristics] + [one.name for one in report.gauges]:
        shown += AGENT.detail(report, name)
    return shown


def noise(count: int, seed: int = 5, shift_from: int | None = None) -> list[dict[str, Any]]:
    values = np.random.default_rng(seed).normal(10, 0.1, count)
    if shift_from is not None:
        values[shift_from:] += 0.35
    return [{"value": round(float(value), 5)} for value in values]


def test_the_agent_is_registered_with_its_table() -> None:
    agent = AGENTS["manufacturing.quality_inspector"]
    assert (agent.table_field, agent.table_required, agent.industry) == ("data", True, "manufacturing")


@pytest.mark.parametrize("title", EXAMPLES)
def test_an_example_comes_to_its_verdict_and_is_small_enough_to_send(title: str) -> None:
    report = of_example(title)
    assert (report.study, report.verdict) == EXPECTED[title]
    assert report.reasons
    assert len(json.dumps(EXAMPLES[title].input)) < 40_000


@pytest.mark.parametrize("title", EXAMPLES)
def test_a_report_survives_storage_and_shows_the_same(title: str) -> None:
    report = of_example(title)
    again = QualityReport.model_validate(json.loads(json.dumps(report.model_dump(mode="json"))))
    assert again == report
    assert widgets(again) == widgets(report)


@pytest.mark.parametrize("title", EXAMPLES)
def test_every_table_has_the_cells_of_its_columns_and_every_chart_its_words(title: str) -> None:
    for widget in widgets(of_example(title)):
        if isinstance(widget, TableWidget):
            assert all({column.key for column in widget.columns} <= set(row) for row in widget.rows)
        elif isinstance(widget, ControlChartWidget):
            lengths = {len(each) for each in (widget.points, widget.periods, *vars(widget.limits).values())}
            assert lengths == {len(widget.points)}
            assert all(widget.points[signal.at] is not None and signal.text for signal in widget.signals)
        elif isinstance(widget, BarWidget | SeriesWidget):
            assert widget.summary
            assert {len(line.values) for line in widget.lines} <= {len(widget.periods)}


@pytest.mark.parametrize("title", EXAMPLES)
def test_what_was_understood_leads_back_into_the_input(title: str) -> None:
    data = QualityInput.model_validate(EXAMPLES[title].input)
    found = AGENT.inspect(data, context())
    assert found.summary
    assert all(item.value in item.choices and item.why for item in found.understood)
    chosen = {item.path: item.value for item in found.understood}
    columns = {path.rpartition(".")[2]: value for path, value in chosen.items() if path.startswith("data.columns.")}
    rest = {path: value for path, value in chosen.items() if "." not in path}
    again = QualityInput.model_validate(
        {**EXAMPLES[title].input, **rest, "data": {"rows": data.data.rows, "columns": columns}}
    )
    assert {item.path: item.value for item in AGENT.inspect(again, context()).understood} == chosen
    assert len(found.preview) == 5


def test_the_manuals_study_comes_to_its_published_figures() -> None:
    rows = [
        {"appraiser": name, "part": part + 1, "trial": trial + 1, "measurement": value}
        for name, trials in AIAG.items() for trial, values in enumerate(trials) for part, value in enumerate(values)
    ]  # fmt: skip
    (study,) = run(rows).gauges
    assert [(round(method.grr, 2), method.ndc) for method in study.methods] == [(26.68, 5), (27.86, 4)]


def test_the_standards_example_comes_to_its_plan() -> None:
    report = run([{"lot": "A", "lot_size": 1000}], aql=1.0)
    assert report.sampling is not None
    assert (report.sampling.plan.letter, report.sampling.plan.sample, report.sampling.plan.accept) == ("J", 80, 2)
    assert report.verdict == "1 lot to sample"


def test_a_process_in_control_has_nothing_to_look_at() -> None:
    report = run(noise(30), rules="limits only")
    assert (report.verdict, report.tone, report.attention) == ("In control", "good", [])
    assert "No rule marks any of 30 samples." in report.reasons


def test_what_is_worst_and_latest_comes_first_with_its_likely_causes() -> None:
    rows = noise(40, shift_from=25)
    rows[10]["value"] = 11.5
    report = run(rows, baseline=10, rules="Western Electric")
    first = report.attention[0]
    assert first.causes[0]
    weights = [one.weight for one in report.attention]
    assert weights == sorted(weights, reverse=True)
    assert "11" in {one.place.partition(" ")[0] for one in report.attention}
    assert report.reasons[0].startswith(f"Look first at {first.place}")


def test_signals_that_overlap_are_one_thing_to_look_at() -> None:
    report = run(noise(40, shift_from=25), mean=10, sigma=0.1)
    spans = [one.place for one in report.attention if one.chart == "Individuals"]
    assert len(spans) < sum(1 for _ in report.characteristics[0].charts[0].signals)
    assert any(len(one.rules) > 1 for one in report.attention)


def test_rules_can_be_chosen_as_a_set_one_by_one_and_by_the_organisation() -> None:
    rows = noise(30)
    assert run(rows).rules == ["WE1", "WE2", "WE3", "WE4"]
    assert run(rows, rules="Nelson").rules == [f"N{number}" for number in range(1, 9)]
    assert run(rows, only_rules=["N3", "N4", "N3"]).rules == ["N3", "N4"]
    assert run(rows, settings=QualitySettings(rules="Nelson")).rules[0] == "N1"


def test_the_organisations_settings_reach_the_charts() -> None:
    distance = []
    for reach in (2, 4):
        chart = run(noise(30), settings=QualitySettings(reach=reach)).characteristics[0].charts[0]
        distance.append((chart.upper[0] or 0) - (chart.centre[0] or 0))
    assert distance[1] == pytest.approx(2 * distance[0], rel=1e-6)


@pytest.mark.parametrize("chart", ["EWMA", "CUSUM"])
def test_charts_that_remember_find_a_small_shift(chart: str) -> None:
    rows = noise(60)
    for row in rows[30:]:
        row["value"] += 0.1
    report = run(rows, chart=chart, mean=10, sigma=0.1, rules="limits only")
    assert report.characteristics[0].kind == chart
    assert report.attention
    assert int(report.attention[0].place.partition(" ")[0]) > 30


def test_several_characteristics_are_watched_together_and_the_one_that_moved_is_named() -> None:
    chance = np.random.default_rng(3)
    rows = [{"a1": x, "b": x + chance.normal(0, 0.1), "c": chance.normal()} for x in chance.normal(0, 1, 40)]
    rows[33]["b"] += 1.0  # it belongs to no row of its neighbour's kind
    report = run([{k: round(v, 4) for k, v in row.items()} for row in rows], rules="limits only", baseline=30)
    assert report.characteristics[-1].kind == "Hotelling T²"
    first = next(one for one in report.attention if one.chart == "T²")
    assert first.place == "34"
    assert "adds most" in first.what


def test_capability_says_whether_to_centre_or_to_narrow() -> None:
    rows = noise(100)
    off = run(rows, lower_spec=9.8, upper_spec=10.8, rules="limits only")
    assert off.verdict.startswith("Not capable")
    assert any("centre the process" in reason for reason in off.reasons)
    good = run(rows, lower_spec=9, upper_spec=11, rules="limits only")
    assert good.verdict == "Capable, in control"
    assert good.characteristics[0].capability is not None
    assert good.characteristics[0].capability.index("Cpm") is not None


def test_values_that_are_not_normal_are_warned_of() -> None:
    values = np.random.default_rng(2).exponential(1, 200)
    report = run([{"value": round(float(v), 4)} for v in values], upper_spec=9)
    assert any("not normal" in reason for reason in report.reasons)


def test_a_long_chart_keeps_the_points_that_are_farthest_out() -> None:
    rows = noise(5_000)
    rows[3_333]["value"] = 12
    report = run(rows, rules="limits only")
    chart = report.characteristics[0].charts[0]
    assert len(chart.points) <= MOST_POINTS
    assert chart.each == 13
    assert 12 in chart.points
    assert chart.labels[chart.points.index(12)] == "3334"
    assert chart.signals[chart.points.index(12)]
    assert len(report.model_dump_json()) < 200_000


def test_every_pattern_has_causes_on_every_chart() -> None:
    for rule in RULES.values():
        for place in ("level", "spread", "count", "small shift", "joint"):
            assert causes(rule.pattern, place)
    assert all(len(told) == len(set(told)) for told in CAUSES.values())


def test_a_row_that_is_not_there_is_not_found() -> None:
    with pytest.raises(NotFound):
        AGENT.detail(of_example("Bore diameters"), "no such characteristic")


@pytest.mark.parametrize(
    ("title", "first", "rows"),
    [("Bore diameters", "characteristic", 60), ("Gauge study", "characteristic", 11), ("Incoming lots", "lot", 24),
     ("Kinds of defects", "name", 8)],
)  # fmt: skip
def test_the_export_is_a_flat_table(title: str, first: str, rows: int) -> None:
    sheet = AGENT.export(of_example(title))
    assert sheet.columns[0] == first
    assert len(sheet.rows) == rows
    assert {len(row) for row in sheet.rows} == {len(sheet.columns)}


def test_the_page_of_a_control_chart_begins_with_figures_verdict_and_what_to_look_at() -> None:
    figures, verdict, attention, characteristics = AGENT.present(of_example("Bore diameters"))
    assert isinstance(figures, FiguresWidget)
    assert isinstance(verdict, TextWidget)
    assert isinstance(attention, TableWidget)
    assert isinstance(characteristics, TableWidget)
    assert characteristics.row_key == "name"
    kinds = [widget.kind for widget in AGENT.detail(of_example("Bore diameters"), "All")]
    assert kinds == ["control_chart", "control_chart", "text", "figures", "bar", "text"]


def test_an_aql_is_taken_as_the_standard_writes_it_or_as_a_number() -> None:
    rows = {"data": {"rows": [{"lot_size": 90}]}}
    assert QualityInput.model_validate({**rows, "aql": 0.1}).aql == "0.10"
    with pytest.raises(ValidationError):
        QualityInput.model_validate({**rows, "aql": 1.1})


def test_a_reduced_plan_beyond_what_is_known_is_refused_at_its_field() -> None:
    data = QualityInput.model_validate({"data": {"rows": [{"lot_size": 90}]}, "aql": "15", "severity": "reduced"})
    with pytest.raises(InvalidInput, match="up to an AQL of 10") as problem:
        AGENT.inspect(data, context())
    assert problem.value.issues[0].path == "aql"


def test_a_run_that_should_stop_stops() -> None:
    data = QualityInput.model_validate(EXAMPLES["Bore diameters"].input)
    with pytest.raises(RunCancelled):
        AGENT.run(data, QualitySettings(), context(stop=True))


def test_a_table_of_kinds_without_numbers_is_counted_row_by_row() -> None:
    report = run([{"reason": reason} for reason in "aabbbc"])
    assert [(one.name, one.count) for one in report.pareto] == [("b", 3), ("a", 2), ("c", 1)]


def test_a_table_without_a_row_is_refused_at_its_field() -> None:
    assert [issue.path for issue in refusal([]).issues] == ["data"]
