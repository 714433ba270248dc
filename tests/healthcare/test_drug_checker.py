"""The agent: what it takes and refuses, reports, shows and hands out."""

from __future__ import annotations

import json
import re
from typing import Any

import polars as pl
import pytest
from pydantic import ValidationError

from apps.agents.contract import AGENTS, Example, RunCancelled, RunContext
from apps.common.errors import InvalidInput, NotFound
from apps.common.widgets import FiguresWidget, MatrixWidget, TableWidget, TextWidget
from apps.healthcare.agents.drug_checker import DrugChecker, DrugInput, DrugSettings
from apps.healthcare.analytics.fhir import NOTICE
from tests.healthcare.tables import CONTEXT, NOW, run, table

AGENT = DrugChecker()
ONE = {"medications": "warfarin; ibuprofen; zinkorol; sertralin", "age": 80, "egfr": 40}
MANY = {"patients": DrugChecker.examples[3].input["patients"]}


def refused(data: dict[str, Any]) -> InvalidInput:
    with pytest.raises(InvalidInput) as caught:
        AGENT.inspect(DrugInput.model_validate(data), CONTEXT)
    return caught.value


def refused_rows(*rows: dict[str, Any], **columns: str) -> InvalidInput:
    return refused({"patients": {"rows": list(rows), "columns": columns}})


def test_the_agent_is_registered_with_its_table() -> None:
    assert AGENTS["healthcare.drug_checker"].table_field == "patients"
    assert not AGENTS["healthcare.drug_checker"].table_required


@pytest.mark.parametrize("example", DrugChecker.examples, ids=lambda example: str(example.title))
def test_an_example_runs_and_is_small_enough_to_send(example: Example) -> None:
    assert len(json.dumps(example.input)) < 40_000
    report = run(example.input)
    assert any(one.findings for one in report.patients)
    assert NOTICE in AGENT.headline(report)


def test_lists_and_texts_are_the_same_list() -> None:
    as_text = run({"medications": "warfarin; ibuprofen\naspirin"})
    assert as_text == run({"medications": ["warfarin", "ibuprofen", "aspirin"]})


def test_what_is_unknown_comes_first_among_the_reasons() -> None:
    report = run(ONE).patients[0]
    assert report.verdict == "major"
    assert report.unknown == ["zinkorol"]
    assert report.reasons[0].startswith("Unknown: “zinkorol”")
    assert report.reasons[1].startswith("Spelling: “sertralin” was read as sertraline")
    assert report.reasons[2].startswith("Major: warfarin and ibuprofen")


def test_the_same_input_gives_the_same_report() -> None:
    assert run(MANY).model_dump_json() == run(MANY).model_dump_json()


@pytest.mark.parametrize("data", [ONE, MANY])
def test_every_output_says_that_it_is_decision_support(data: dict[str, Any]) -> None:
    report = run(data)
    assert report.notice == NOTICE == "Decision support, verify."
    assert all(one.notice == NOTICE for one in report.patients)
    assert NOTICE in AGENT.headline(report)
    assert all(row[-1] == NOTICE for row in AGENT.export(report).rows)
    assert NOTICE in AGENT.present(report)[0].model_dump_json()
    key = report.patients[0].patient or report.patients[0].findings[0].key
    assert NOTICE in AGENT.detail(report, key)[0].model_dump_json()


def test_one_patient_is_shown_by_verdict_findings_figures_and_names() -> None:
    verdict, findings, matrix, figures, names, grounds = AGENT.present(run(ONE))
    assert isinstance(verdict, TextWidget)
    assert (verdict.title, verdict.tone) == ("Serious findings: act before it is given", "bad")
    assert isinstance(findings, TableWidget)
    assert findings.rows[0]["severity"] == "major"
    assert isinstance(figures, FiguresWidget)
    assert {figure.label: figure.value for figure in figures.figures}["Unknown names"] == 1
    assert isinstance(names, TableWidget)
    assert [row["entered"] for row in names.rows][:2] == ["zinkorol", "sertralin"]
    assert isinstance(grounds, TextWidget)
    assert isinstance(matrix, MatrixWidget)


def test_a_finding_is_explained_with_mechanism_management_evidence_and_source() -> None:
    report = run(ONE)
    (shown,) = AGENT.detail(report, report.patients[0].findings[0].key)
    assert isinstance(shown, TextWidget)
    told = " ".join(shown.reasons)
    for part in ("Mechanism: ", "What to do: ", "Evidence: ", "Source: ", NOTICE):
        assert part in told


def test_many_patients_are_listed_with_those_to_look_at_first_on_top() -> None:
    overview, listed, _ = AGENT.present(run(MANY))
    assert isinstance(overview, FiguresWidget)
    assert isinstance(listed, TableWidget)
    assert [row["patient"] for row in listed.rows] == ["Bed 2", "Bed 1", "Bed 3", "Bed 4"]
    assert listed.rows[-1]["verdict"] == "incomplete"
    first, *more = AGENT.detail(run(MANY), "Bed 1")
    assert isinstance(first, TextWidget)
    assert first.title.startswith("Bed 1: serious findings")
    assert len(more) == 4


@pytest.mark.parametrize("data", [ONE, MANY])
def test_a_row_that_is_not_there_is_not_found(data: dict[str, Any]) -> None:
    with pytest.raises(NotFound):
        AGENT.detail(run(data), "nobody")


def test_a_list_without_findings_says_that_this_is_no_promise() -> None:
    report = run({"medications": "amlodipine"})
    (verdict, *_) = AGENT.present(report)
    assert isinstance(verdict, TextWidget)
    assert "not to say that they are safe" in verdict.text
    assert AGENT.headline(report) == f"nothing known against it. {NOTICE}"


def test_the_export_lists_unknown_names_and_findings() -> None:
    sheet = AGENT.export(run(ONE))
    assert sheet.columns[:4] == ["patient", "kind", "severity", "drugs"]
    assert sheet.rows[0][1] == "unknown name"
    assert all(len(row) == len(sheet.columns) for row in sheet.rows)


def test_findings_below_a_set_severity_are_left_out() -> None:
    data = {"medications": "lisinopril; hydrochlorothiazide"}
    assert [each.severity for each in run(data).patients[0].findings] == ["minor"]
    assert run(data, least_severity="moderate").patients[0].findings == []


def test_what_was_understood_is_told_before_the_run() -> None:
    found = AGENT.inspect(DrugInput.model_validate(ONE), CONTEXT)
    assert found.summary == "4 medications: 3 known, 1 unknown"
    assert any("“zinkorol” is not known" in warning for warning in found.warnings)
    assert any("“sertralin” is read as sertraline" in warning for warning in found.warnings)
    read = {each.label: (each.value, each.why) for each in found.understood}
    assert read["warfarin"] == ("warfarin", "")
    assert read["zinkorol"][0] == "Unknown, not checked"
    assert read["sertralin"] == ("sertraline", "Spelling corrected; make sure that it is meant.")


def test_columns_of_a_table_are_detected_and_can_be_chosen() -> None:
    rows = [{"Bed": "1", "Given": "warfarin", "drug": "aspirin", "Creatinine umol/L": "105", "sex": "F"}]
    columns = {"patient": "Bed", "drug": "Given"}
    data = DrugInput.model_validate({"patients": {"rows": rows, "columns": columns}})
    understood = {each.path: each.value for each in AGENT.inspect(data, CONTEXT).understood}
    assert understood["patients.columns.drug"] == "Given"
    assert understood["patients.columns.sex"] == "sex"


def test_a_creatinine_column_may_name_its_unit() -> None:
    rows = [{"patient": "1", "drug": "metformin", "creatinine_umol_l": "88.4", "age": "50", "sex": "m"}]
    kidney = run({"patients": {"rows": rows}}).patients[0].kidney
    assert kidney.egfr == pytest.approx(91.7, abs=0.1)


def test_a_run_that_is_asked_to_stop_does() -> None:
    stopping = RunContext(now=NOW, load=CONTEXT.load, stopping=lambda: True)
    with pytest.raises(RunCancelled):
        AGENT.run(DrugInput.model_validate(MANY), DrugSettings(), stopping)


@pytest.mark.parametrize(
    ("data", "told"),
    [
        ({"medications": "a", "bundle": {"resourceType": "Bundle"}}, "Give one of medications, bundle"),
        ({"patients": {"rows": [{"patient": "1"}]}, "age": 3}, "age must be columns of it"),
        ({"medications": "a", "sex": "male", "pregnant": True}, "'pregnant' cannot be together with 'sex' male"),
        ({"medications": "a", "age": 400}, "less than or equal to 120"),
        ({"medications": "a", "age": -1}, "greater than or equal to 0"),
        ({"medications": "a", "weight": 7_000}, "less than or equal to 400"),
        ({"medications": "a", "creatinine": 0}, "greater than 0"),
        ({"medications": "a", "creatinine_unit": "g/L"}, "mg/dL"),
        ({"medications": "a", "creatinine": "much"}, "valid number"),
        ({"medications": "a" * 10_000}, "at most 8000"),
        ({"medicines": "a"}, "Extra inputs"),
    ],
)
def test_a_field_that_cannot_be_is_refused_by_the_model(data: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError, match=re.escape(told)):
        DrugInput.model_validate(data)


@pytest.mark.parametrize(
    ("data", "path", "told"),
    [
        ({}, "medications", "at least one drug"),
        ({"medications": " ;; "}, "medications", "at least one drug"),
        ({"medications": ["x"] * 101}, "medications", "101 medications are more than the 100"),
        ({"medications": ["warfarin", "y" * 201]}, "medications.1", "at most 200 characters"),
        ({"medications": "warfarin", "creatinine": 105}, "creatinine", "105 mg/dL is no creatinine.*looks like umol/L"),
        ({"medications": "warfarin", "creatinine": 1.1, "creatinine_unit": "umol/L"}, "creatinine", "looks like mg/dL"),
    ],
)
def test_an_input_that_cannot_be_checked_is_refused_at_its_place(data: dict[str, Any], path: str, told: str) -> None:
    problem = refused(data)
    assert problem.issues[0].path == path
    assert re.search(told, problem.issues[0].message)


@pytest.mark.parametrize(
    ("rows", "row", "column", "told"),
    [
        ([{"patient": "", "drug": "warfarin"}], 2, "patient", "names no patient"),
        ([{"patient": "1", "drug": ""}], 2, None, "1 has no drug"),
        ([{"patient": "1", "drug": "a", "age": "old"}], 2, "age", "no number for age"),
        ([{"patient": "1", "drug": "a", "age": "inf"}], 2, "age", "age lies between 0 and 120"),
        ([{"patient": "1", "drug": "a", "weight": "1,5"}], 2, "weight", "decimal point"),
        ([{"patient": "1", "drug": "a", "weight": "-3"}], 2, "weight", "weight lies between"),
        ([{"patient": "1", "drug": "a", "sex": "unknown"}], 2, "sex", "no sex that the formulas know"),
        ([{"patient": "1", "drug": "a", "pregnant": "maybe"}], 2, "pregnant", "should be yes or no"),
        ([{"patient": "1", "drug": "a", "creatinine_unit": "g"}], 2, "creatinine_unit", "write mg/dL or umol/L"),
        ([{"patient": "1", "drug": "a", "age": "50"}, {"patient": "1", "drug": "b", "age": "9"}], 3, "age", "50 in an"),
        ([{"patient": "1", "drug": "a", "creatinine": "105"}], 2, None, "1: 105 mg/dL is no creatinine"),
        ([{"patient": "1", "drug": f"d{n}"} for n in range(101)], 2, None, "101 drugs; at most 100"),
    ],
)  # fmt: skip
def test_a_row_that_cannot_be_used_is_named(
    rows: list[dict[str, Any]], row: int, column: str | None, told: str
) -> None:
    issue = refused_rows(*rows).issues[0]
    assert (issue.row, issue.column) == (row, column)
    assert told in issue.message


def test_missing_columns_are_named_with_those_that_are_there() -> None:
    problem = refused_rows({"person": "1", "pill": "warfarin"})
    assert "no column of drug" in problem.detail
    assert "“pill”" in problem.detail
    assert [issue.path for issue in problem.issues] == ["patients.columns.drug"]


def test_a_chosen_column_that_is_not_there_is_named() -> None:
    problem = refused_rows({"patient": "1", "drug": "warfarin"}, drug="medicine")
    assert problem.issues[0].path == "patients.columns.drug"
    assert "no column “medicine”" in problem.issues[0].message


@pytest.mark.parametrize("frame", [table([{"patient": "1", "drug": "a"}]).head(0), pl.DataFrame()])
def test_an_empty_table_is_refused(frame: pl.DataFrame) -> None:
    with pytest.raises(InvalidInput, match="no rows") as told:
        AGENT.inspect(DrugInput.model_validate(MANY), RunContext(now=NOW, load=lambda _: frame))
    assert [issue.path for issue in told.value.issues] == ["patients"]


def test_too_many_patients_are_refused() -> None:
    rows = [{"patient": str(number), "drug": "warfarin"} for number in range(2_001)]
    assert "2,001 patients; at most 2,000" in refused_rows(*rows).issues[0].message


def test_at_most_twenty_places_are_named() -> None:
    rows = [{"patient": str(number), "drug": "warfarin", "age": "old"} for number in range(50)]
    problem = refused_rows(*rows)
    assert problem.detail.startswith("50 places")
    assert len(problem.issues) == 20


def test_pairs_are_drawn_with_their_gravest_finding_whichever_comes_first() -> None:
    drawn = AGENT.present(run({"medications": "warfarin; ibuprofen; sertraline; paracetamol"}))
    (matrix,) = [each for each in drawn if isinstance(each, MatrixWidget)]
    at = {name: number for number, name in enumerate(matrix.rows)}
    assert matrix.words[at["warfarin"]][at["ibuprofen"]] == matrix.words[at["ibuprofen"]][at["warfarin"]] == "major"
    assert matrix.words[at["warfarin"]][at["warfarin"]] == ""
    assert matrix.cells[at["warfarin"]][at["ibuprofen"]] == 3


def test_where_no_two_drugs_interact_no_pairs_are_drawn() -> None:
    assert not any(isinstance(each, MatrixWidget) for each in AGENT.present(run({"medications": "paracetamol"})))
