"""What a table is, is told from its columns; what is wrong with it is named by its place."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from apps.manufacturing.analytics import inspecting, layout
from apps.manufacturing.analytics.capability import Spec
from apps.manufacturing.analytics.inspecting import Choices, Prepared
from apps.manufacturing.analytics.reading import MOST_CHARACTERISTICS
from apps.manufacturing.analytics.tables import MOST_ISSUES
from tests.manufacturing.tables import refusal, table

Rows = list[dict[str, Any]]


def read(rows: Rows, **choices: Any) -> Prepared:
    return inspecting.prepare(table(rows), Choices(**choices))


def bores(count: int = 12, **more: Any) -> Rows:
    """Samples of two with some spread."""
    return [
        {"sample": 1 + at // 2, "diameter": 10 + 0.01 * ((7 * at) % 5), **{k: v(at) for k, v in more.items()}}
        for at in range(count)
    ]


@pytest.mark.parametrize(
    ("row", "study", "form"),
    [
        ({"sample": 1, "diameter": 1.5}, "control chart", "measured"),
        ({"Reading (mm)": 1.5}, "control chart", "measured"),
        ({"diameter": 1.5, "lsl": 1, "usl": 2}, "capability", "measured"),
        ({"shift": "a", "defectives": 3, "inspected": 50}, "control chart", "counted"),
        ({"lot": "L1", "lot_size": 500, "found": 1}, "sampling plan", "sampling plan"),
        ({"defect_type": "scratch", "count": 4}, "pareto", "pareto"),
        ({"reason": "noise"}, "pareto", "pareto"),
    ],
)
def test_the_study_is_told_from_the_columns(row: dict[str, Any], study: str, form: str) -> None:
    other = {name: value + 0.25 if isinstance(value, float) else value for name, value in row.items()}
    found = layout.plan(table([row, other]), {})
    assert (found.study, found.form) == (study, form)
    assert found.why["study"]


def test_operators_who_repeat_parts_are_a_gauge_study() -> None:
    rows = [
        {"operator": o, "part": p, "trial": t, "result": 10 + p + 0.1 * t + 0.01 * len(o)}
        for o in ("Ann", "Bo") for p in (1, 2, 3) for t in (1, 2)
    ]  # fmt: skip
    (study,) = read(rows).gauges
    assert study.study.shape == (2, 3, 2)
    assert study.study[1, 2].tolist() == pytest.approx([13.12, 13.22])
    assert (study.operators, study.parts) == (["Ann", "Bo"], ["1", "2", "3"])


def test_operators_beside_measurements_are_no_gauge_study_when_nothing_is_repeated() -> None:
    assert layout.plan(table(bores(operator=lambda at: "Ann", part=lambda at: at)), {}).study == "control chart"


def test_a_specification_makes_it_a_study_of_capability() -> None:
    assert read(bores(), spec=Spec(9, 11)).plan.study == "capability"


def test_readings_side_by_side_are_one_sample() -> None:
    rows = [{"hour": at, "x1": 1.0 + at % 3, "x2": 2.0, "x3": 1.5 + at % 2} for at in range(6)]
    (one,) = read(rows).charted
    assert one.kind == "Xbar-R"
    assert one.charts[0].points.tolist() == pytest.approx([(r["x1"] + r["x2"] + r["x3"]) / 3 for r in rows])


def test_columns_of_different_names_are_characteristics_watched_by_themselves_and_together() -> None:
    chance = np.random.default_rng(1)
    rows = [{"no": at, "length": 5 + chance.normal(), "weight": 9 + chance.normal()} for at in range(30)]
    found = read(rows)
    assert [(one.name, one.kind) for one in found.charted] == [
        ("length", "I-MR"), ("weight", "I-MR"), ("All together", "Hotelling T²"),
    ]  # fmt: skip


def test_a_column_of_characteristics_parts_the_table() -> None:
    found = read(bores(20, feature=lambda at: "ab"[(at // 2) % 2]))
    assert [(one.name, len(one.charts[0].points)) for one in found.charted] == [("a", 5), ("b", 5)]


def test_samples_that_are_torn_apart_are_put_together_in_the_order_of_their_first_rows() -> None:
    rows = [{"sample": s, "value": v} for s, v in [("b", 1.0), ("a", 2.0), ("b", 3.0), ("a", 6.0)]]
    chart = read(rows).charted[0].charts[0]
    assert chart.order.labels == ["b", "a"]
    assert chart.points.tolist() == [2.0, 4.0]


def test_stages_and_the_baseline_are_read() -> None:
    rows = bores(24, stage=lambda at: "old" if at < 12 else "new", baseline=lambda at: "TRUE" if at < 8 else "FALSE")
    order = read(rows).charted[0].charts[0].order
    assert (order.stages, order.names) == ([0, 6], ["old", "new"])
    assert order.baseline is not None
    assert order.baseline.tolist() == [True] * 4 + [False] * 8


def test_the_first_samples_of_each_stage_are_the_baseline_where_so_many_are_asked_for() -> None:
    order = read(bores(24, stage=lambda at: at // 12), baseline=2).charted[0].charts[0].order
    assert order.baseline is not None
    assert np.flatnonzero(order.baseline).tolist() == [0, 1, 6, 7]


def test_counts_of_one_sample_are_added_up() -> None:
    rows = [{"shift": s, "defectives": d, "inspected": 40} for s, d in [("a", 1), ("a", 2), ("b", 4), ("c", 0)]]
    (one,) = read(rows).charted
    assert one.kind == "p"
    assert one.charts[0].points.tolist() == pytest.approx([3 / 80, 4 / 40, 0])


@pytest.mark.parametrize(
    ("rows", "kind"),
    [
        ([{"defects": d, "units": 5} for d in (3, 9, 4, 2)], "u"),
        ([{"rejects": d, "units": 5} for d in (3, 9, 4, 2)], "u"),
        ([{"rejects": d, "units": 50} for d in (3, 9, 4, 2)], "p"),
        ([{"week": w, "defects": d} for w, d in enumerate((3, 9, 4, 2))], "c"),
    ],
)
def test_the_chart_of_counts_follows_from_what_can_be(rows: Rows, kind: str) -> None:
    (one,) = read(rows).charted
    assert one.kind == kind
    assert one.why


@pytest.mark.parametrize(("size", "kind"), [(1, "I-MR"), (5, "Xbar-R"), (8, "Xbar-R"), (9, "Xbar-S")])
def test_the_chart_of_measurements_follows_the_size_of_samples(size: int, kind: str) -> None:
    chance = np.random.default_rng(0)
    rows = [{"sample": at // size, "value": chance.normal()} for at in range(6 * size)]
    assert read(rows).charted[0].kind == kind


def test_numbers_with_a_decimal_comma_and_empty_cells_are_read() -> None:
    rows: Rows = [{"value": f"10,{at % 7}5"} for at in range(10)] + [{"value": ""}]
    found = read(rows)
    assert found.charted[0].values is not None
    assert found.charted[0].values[3] == 10.35
    assert found.notes == ["1 empty measurements of All were left out."]


def with_cell(rows: Rows, at: int, **cells: Any) -> Rows:
    return [*rows[:at], {**rows[at], **cells}, *rows[at + 1 :]]


COUNTS: Rows = [{"day": at, "defectives": at % 4, "inspected": 50} for at in range(12)]


@pytest.mark.parametrize(
    ("rows", "what", "row", "column"),
    [
        (with_cell(bores(), 3, diameter="n.n."), "Text among the numbers", 5, "diameter"),
        (with_cell(bores(), 3, diameter="10.1 mm"), "Text among the numbers", 5, "diameter"),
        (with_cell(bores(), 3, diameter="inf"), "Text among the numbers", 5, "diameter"),
        (with_cell(bores(), 3, diameter="1e30"), "Impossible values", 5, "diameter"),
        (with_cell(bores(), 4, diameter=10.02 / 25.4), "Mixed units", 6, "diameter"),
        (with_cell(bores(), 4, diameter=10_020), "Mixed units", 6, "diameter"),
        (with_cell(bores(), 5, sample=""), "Rows without a subgroup", 7, "sample"),
        (with_cell(COUNTS, 2, defectives=-1), "Impossible counts", 4, "defectives"),
        (with_cell(COUNTS, 2, defectives=1.5), "Impossible counts", 4, "defectives"),
        (with_cell(COUNTS, 2, inspected=0), "Impossible counts", 4, "inspected"),
        ([{"lot": "a", "lot_size": 1}, {"lot": "b", "lot_size": 90}], "Impossible counts", 2, "lot_size"),
        ([{"lot": "a", "lot_size": 900}, {"lot": "b", "lot_size": ""}], "Lots without a size", 3, "lot_size"),
        (bores(stage=lambda at: "x" if at != 5 else "y"), "Samples of two stages", 7, "stage"),
        (bores(usl=lambda at: 11 if at < 9 else 12), "A specification that changes", 11, "usl"),
    ],
)
def test_what_is_wrong_is_named_by_row_and_column(rows: Rows, what: str, row: int, column: str) -> None:
    problem = refusal(rows)
    assert problem.detail.startswith(what)
    assert (problem.issues[0].row, problem.issues[0].column) == (row, column)
    assert f"Row {row}, column “{column}”" in problem.detail


def test_a_cell_with_a_unit_is_told_so() -> None:
    assert "names its unit; write 10.1 alone" in refusal(with_cell(bores(), 3, diameter="10.1 mm")).detail


def test_more_defective_items_than_items_are_named_by_their_sample() -> None:
    problem = refusal(with_cell(COUNTS, 2, defectives=51), chart="p")
    assert "Sample “2”, column “defectives”: 51 of 50 items" in problem.detail
    assert problem.issues[0].row == 4


@pytest.mark.parametrize(
    ("fields", "path", "words"),
    [
        ({"lower_spec": 11, "upper_spec": 9}, "lower_spec", "not below"),
        ({"lower_spec": 9, "upper_spec": 11, "target": 12}, "target", "outside"),
        ({"lower_spec": 0.35, "upper_spec": 0.45}, "lower_spec", "Different units"),
        ({"study": "capability"}, "lower_spec", "needs a lower or an upper"),
        ({"chart": "p"}, "data.columns.defects", "needs a column for the defects"),
        ({"chart": "Hotelling T²"}, "chart", "several characteristics"),
        ({"study": "gauge study"}, "data.columns.part", "needs a column for the part and the operator"),
        ({"study": "pareto"}, "data.columns.category", "needs a column for the category"),
        ({"columns": {"measurement": "bore"}}, "data.columns.measurement", "no column “bore”"),
        ({"columns": {"weight": "diameter"}}, "data.columns.weight", "no role “weight”"),
    ],
)
def test_what_does_not_fit_the_table_is_named_by_its_field(fields: dict[str, Any], path: str, words: str) -> None:
    problem = refusal(bores(), **fields)
    assert words in problem.detail
    assert problem.issues[0].path == path


def test_inches_are_guessed_where_the_specification_is_in_millimetres() -> None:
    rows = [{"value": 0.3937 + 0.0001 * (at % 3)} for at in range(12)]
    assert "inches where the specification is in millimetres" in refusal(rows, lower_spec=9.9, upper_spec=10.1).detail


def test_a_chart_that_does_not_suit_the_samples_is_refused_with_the_one_that_does() -> None:
    rows = [{"value": at % 3} for at in range(12)]
    assert "use I-MR" in refusal(rows, chart="Xbar-R").detail
    assert "one by one" in refusal(bores(), chart="I-MR").detail
    assert "use u" in refusal(with_cell(COUNTS, 2, inspected=40), chart="c").detail


def test_counts_without_a_size_have_no_share() -> None:
    problem = refusal([{"week": at, "defects": at % 3} for at in range(9)], chart="p")
    assert problem.issues[0].path == "data.columns.size"


def test_values_that_are_all_the_same_are_refused_by_their_characteristic() -> None:
    rows = [{"feature": f, "value": 1.0 if f == "b" else at % 3} for f in "ab" for at in range(9)]
    assert "“b”: All values of the baseline are the same" in refusal(rows).detail


@pytest.mark.parametrize("rows", [[], [{"value": ""}, {"value": ""}]])
def test_a_table_without_values_is_refused(rows: Rows) -> None:
    assert refusal(rows).remedy


def test_a_gauge_study_that_is_not_whole_names_who_did_not_measure_what() -> None:
    rows = [{"operator": o, "part": p, "value": p + t} for o in "AB" for p in (1, 2) for t in (0.1, 0.2, 0.3)]
    assert "B measured part 2 2 times, others 3 times" in refusal(rows[:-1]).detail


def test_a_gauge_study_without_repetition_is_refused() -> None:
    rows = [{"operator": o, "part": p, "value": p} for o in "AB" for p in (1, 2)]
    assert "each measured at least twice" in refusal(rows, study="gauge study").detail


def test_too_many_characteristics_are_refused() -> None:
    rows = [{"feature": f"f{at // 2}", "value": at % 7} for at in range(2 * MOST_CHARACTERISTICS + 2)]
    assert f"{MOST_CHARACTERISTICS + 1} characteristics" in refusal(rows).detail


def test_more_values_than_are_looked_at_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("apps.manufacturing.analytics.tables.MOST_VALUES", 11)
    assert "at most 11 are looked at" in refusal(bores()).detail


def test_at_most_twenty_places_are_listed_and_the_rest_is_counted() -> None:
    good = [{"sample": 2, "diameter": 1 + at / 40} for at in range(40)]
    problem = refusal([*good, *([{"sample": 3, "diameter": "y"}] * 35)])
    assert len(problem.issues) == MOST_ISSUES
    assert "34 more" in problem.detail
