"""Problems: stable codes, and issues that name the place."""

from __future__ import annotations

import gc

import pytest
from pydantic import BaseModel, ValidationError

from apps.common.errors import Conflict, InvalidInput, Problem, details
from apps.common.schemas import StrictModel, Table


def every_problem(kind: type[Problem] = Problem) -> list[type[Problem]]:
    return [kind, *(deeper for below in kind.__subclasses__() for deeper in every_problem(below))]


def test_codes_are_unique_and_every_problem_has_words() -> None:
    kinds = every_problem()
    assert len({kind.code for kind in kinds}) == len(kinds)
    assert all(kind.title and 400 <= kind.status < 600 for kind in kinds)


def unexplained(kinds: list[type[Problem]]) -> list[str]:
    """Which of a problem's words it does not say itself."""
    words = ("status", "title", "cause", "effect", "remedy")
    return [f"{kind.__name__} says no {word}" for kind in kinds for word in words if not vars(kind).get(word)]


def test_every_code_has_a_cause_an_effect_and_a_remedy_of_its_own() -> None:
    assert unexplained(every_problem()) == []


def test_a_code_that_leaves_its_words_to_another_is_found() -> None:
    class Half(Conflict):
        code, status, title = "half", 409, "Half of it"
        cause = "It was cut."

    found = unexplained([Half])
    del Half  # it would be in the catalogue
    gc.collect()
    assert found == ["Half says no effect", "Half says no remedy"]


def test_what_is_not_told_when_it_is_raised_is_what_the_code_says() -> None:
    assert Conflict().remedy == Conflict.remedy
    assert Conflict().detail == f"{Conflict.cause} {Conflict.effect}"
    assert (Conflict("Taken.", remedy="Take another.").detail, Conflict("", remedy="Ask.").remedy) == ("Taken.", "Ask.")
    told = details(Conflict("Taken."), "abc")
    assert (told["code"], told["detail"], told["remedy"], told["request_id"]) == (
        "conflict",
        "Taken.",
        Conflict.remedy,
        "abc",
    )


def test_a_pydantic_error_becomes_issues_by_path() -> None:
    class Inner(BaseModel):
        quantity: float

    class Outer(StrictModel):
        rows: list[Inner]

    with pytest.raises(ValidationError) as caught:
        Outer.model_validate({"rows": [{"quantity": 1}, {"quantity": "many"}], "colour": "red"})
    problem = InvalidInput.from_pydantic(caught.value, path="input")
    assert [issue.path for issue in problem.issues] == ["input.rows.1.quantity", "input.colour"]
    assert "2 fields" in problem.detail
    assert "many" not in str(problem.issues), "an input may be personal: it is not echoed"


@pytest.mark.parametrize("data", [{}, {"dataset": "0190f0c0-0000-7000-8000-000000000000", "rows": []}])
def test_a_table_comes_from_exactly_one_place(data: dict[str, object]) -> None:
    with pytest.raises(ValidationError, match="not both and not neither"):
        Table.model_validate(data)
