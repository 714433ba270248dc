from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from apps.agents.contract import AGENTS
from apps.agents.evaluations.cases import Case, CasesUnreadable, cases_shipped
from apps.agents.evaluations.judging import CHANGES, Pair, Result, Stopped, case_judge, side_by_side
from apps.common.schemas import Table

COUNTER = AGENTS["dummy.counter"]


def case(**given: Any) -> Case:
    return Case.model_validate(
        {"name": "a", "input": {"steps": 2}, "expect": [{"path": "headline", "value": "?"}], **given}
    )


def load(table: Table) -> Any:
    raise AssertionError("no table is read")


def judged(made: Case, settings: dict[str, Any] | None = None, **more: Any) -> Result:
    return case_judge(COUNTER, made, settings or {}, load=load, **more)


def test_a_case_passes_when_each_fact_holds_that_must() -> None:
    facts: list[dict[str, Any]] = [
        {"path": "output.numbers", "value": [1, 2]},
        {"path": "headline", "value": "?", "must": False, "weight": 3},
    ]
    found = judged(case(expect=facts, scores={"last": "output.numbers[-1]", "none": "headline"}))
    assert (found.passed, found.score, found.scores) == (True, 0.25, {"last": 2.0, "none": None})
    assert not judged(case(expect=[facts[0], facts[1] | {"must": True}])).passed


def test_the_settings_are_those_that_are_evaluated_and_those_of_the_case_go_before_them() -> None:
    facts = [{"path": "output.numbers", "value": [11, 12]}]
    assert not judged(case(expect=facts)).passed
    assert judged(case(expect=facts), {"start": 10}).passed
    assert judged(case(expect=facts, settings={"start": 10}), {"start": 5}).passed


def test_a_problem_that_nobody_expects_fails_the_case_and_is_told() -> None:
    found = judged(case(input={"steps": 13}, expect=[{"path": "output", "op": "is empty"}]))
    assert (found.passed, found.score, found.problem) == (False, 1.0, "13 is refused.")


def test_a_problem_that_is_expected_passes() -> None:
    facts = [{"path": "problem.code", "value": "invalid_input"}, {"path": "problem.issues[0].path", "value": "steps"}]
    assert judged(case(input={"steps": 13}, expect=facts)).passed
    assert judged(case(input={"steps": "many"}, expect=facts)).passed
    assert not judged(case(input={"steps": 3}, expect=facts)).passed


def test_an_error_of_the_agent_fails_its_case_and_gives_nothing_away() -> None:
    found = judged(case(input={"mood": "broken"}))
    assert not found.passed
    assert "ZeroDivisionError" in found.problem
    assert "secret" not in found.problem


def test_an_agent_that_stops_when_told_stops_the_evaluation() -> None:
    with pytest.raises(Stopped):
        judged(case(), stopping=lambda: True)


def test_a_case_has_its_time() -> None:
    found = judged(case(), longest=-1)
    assert (found.passed, found.problem) == (False, "It took longer than -1 s.")


def test_an_example_that_is_gone_fails_the_case() -> None:
    assert judged(case(example="To four")).problem == "Counter has no example “To four”."
    assert judged(case(made_by="examples.none", input={})).problem.startswith("There is no function")


def test_an_input_is_laid_over_an_example() -> None:
    assert case(example="To three", input={}).data(COUNTER) == {"steps": 3}
    assert case(example="To three").data(COUNTER) == {"steps": 2}


def test_a_table_is_given_column_by_column() -> None:
    made = case(table={"a": [1, 2], "b": ["x", "y"]}).data(AGENTS["dummy.echo"])
    assert made["table"] == {"rows": [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}]}


@pytest.mark.parametrize(
    "given",
    [
        {"example": "a", "table": {"x": [1]}},
        {"scores": {"x": "nowhere.x"}},
        {"made_by": "os.path.join"},
        {"made_by": "_private"},
        {"expect": []},
        {"name": ""},
    ],
)
def test_a_case_that_cannot_be_is_refused(given: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        case(**given)


def test_only_functions_of_the_industrys_analytics_make_an_input() -> None:
    with pytest.raises(LookupError):
        case(made_by="os.getcwd", input={}).data(COUNTER)


@pytest.fixture
def cases_of(settings: Any, tmp_path: Path) -> Callable[[str], list[Case]]:
    def read(text: str) -> list[Case]:
        (tmp_path / "dummy").mkdir()
        (tmp_path / "dummy" / "counter.yaml").write_text(text)
        settings.EVALUATIONS = tmp_path
        return cases_shipped(COUNTER)

    return read


def test_an_agent_without_a_file_has_no_cases(settings: Any, tmp_path: Path) -> None:
    settings.EVALUATIONS = tmp_path
    assert cases_shipped(COUNTER) == []


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("- name: a\n  expect: [{path: outcome}]", "0.expect.0"),
        ("- {name: a", "counter.yaml"),
        ("- name: a\n  expect: [{path: output}]\n- name: a\n  expect: [{path: output}]", "several cases “a”"),
    ],
)
def test_a_file_of_cases_that_cannot_be_used_says_where(
    cases_of: Callable[[str], list[Case]], text: str, told: str
) -> None:
    with pytest.raises(CasesUnreadable, match=told):
        cases_of(text)


def result(name: str = "a", *, passed: bool = True, score: float = 1.0, **more: Any) -> Result:
    return Result.model_validate({"name": name, "passed": passed, "score": score, "facts": [], "seconds": 0, **more})


@pytest.mark.parametrize(
    ("before", "after", "change"),
    [
        (result(), result(passed=False, score=0.5), "broken"),
        (result(passed=False, score=0.5), result(), "mended"),
        (result(score=0.9), result(score=0.8), "worse"),
        (result(score=0.8), result(score=0.9), "better"),
        (result(verdict="pass"), result(verdict="hold"), "other"),
        (result(scores={"x": 1.0}), result(scores={"x": 1.1}), "other"),
        (result(scores={"x": 1.0}), result(scores={"x": None}), "other"),
        (result(scores={"x": 1.0}), result(scores={"x": 1.0 + 1e-12}), "same"),
        (result(seconds=3), result(seconds=4), "same"),
        (None, result(), "new"),
        (result(), None, "gone"),
    ],
)
def test_what_became_of_a_case_is_one_word(before: Result | None, after: Result | None, change: str) -> None:
    assert Pair(before, after).change == change
    assert change in CHANGES


def test_side_by_side_the_worst_comes_first_and_none_is_left_out() -> None:
    before = [result("same"), result("broken"), result("gone"), result("mine")]
    after = [result("same"), result("mine", own=True), result("broken", passed=False)]
    pairs = side_by_side(before, after)
    assert [(pair.name, pair.change) for pair in pairs] == [
        ("broken", "broken"), ("mine", "new"), ("gone", "gone"), ("mine", "gone"), ("same", "same"),
    ]  # fmt: skip
