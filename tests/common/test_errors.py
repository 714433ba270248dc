"""Problems: stable codes, and issues that name the place."""

from __future__ import annotations

import pytest
from pydantic import BaseModel, ValidationError

from apps.common.errors import InvalidInput, Problem
from apps.common.schemas import StrictModel, Table


def every_problem(kind: type[Problem] = Problem) -> list[type[Problem]]:
    return [kind, *(deeper for below in kind.__subclasses__() for deeper in every_problem(below))]


def test_codes_are_unique_and_every_problem_has_words() -> None:
    kinds = every_problem()
    assert len({kind.code for kind in kinds}) == len(kinds)
    assert all(kind.title and 400 <= kind.status < 600 for kind in kinds)


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
