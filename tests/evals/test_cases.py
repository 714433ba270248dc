"""Every case that ships with the product, held against its agent with the agent's own settings."""

from __future__ import annotations

from typing import Any

import pytest
from django.conf import settings

from apps.agents.contract import AGENTS
from apps.agents.evaluations.cases import AnyAgent, Case, case_file, cases_shipped
from apps.agents.evaluations.judging import case_judge
from apps.datasets.selectors import rows_frame


def _cases() -> list[Any]:
    return [
        pytest.param(agent, case, id=f"{agent.key}: {case.name}", marks=[pytest.mark.slow] if case.slow else [])
        for agent in AGENTS
        for case in cases_shipped(agent)
    ]


@pytest.mark.parametrize(("agent", "case"), _cases())
def test_a_case_comes_out_as_it_should(agent: AnyAgent, case: Case) -> None:
    result = case_judge(agent, case, {}, load=lambda table: rows_frame(table.rows or []))
    assert not result.problem
    assert [f"{fact.text}; found {fact.found}" for fact in result.facts if not fact.holds] == []
    assert result.passed
    assert all(value is not None for value in result.scores.values())


def test_every_agent_of_an_industry_ships_eight_cases_or_more() -> None:
    few = {agent.key: len(cases_shipped(agent)) for agent in AGENTS if agent.industry != "dummy"}
    assert {key: count for key, count in few.items() if count < 8} == {}


def test_no_file_of_cases_is_of_an_agent_that_is_not_there() -> None:
    agents = [case_file(agent).with_suffix("") for agent in AGENTS]
    found = [path.with_suffix("") for path in settings.EVALUATIONS.glob("*/*.yaml")]
    assert found
    # Beside its cases an agent may have lists of its own, which begin with its name.
    assert [path for path in found if not any(f"{path}_".startswith(f"{agent}_") for agent in agents)] == []
