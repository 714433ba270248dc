"""What is told of a result, the tools that read on in it, and the agent's own words."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from apps.agents import decisions, selectors
from apps.agents.models import AgentRun
from apps.agents.talk import digest as digests
from apps.agents.talk.digest import Digest, digest_of
from apps.agents.talk.places import place_of
from apps.agents.talk.plain import explanation_of
from apps.agents.talk.reading import ResultReader
from apps.ai.tools import Tool, ToolAnswer, ToolContext
from apps.common.errors import InvalidInput, NotFound, PermissionDenied
from tests.agents.conftest import COUNTER

pytestmark = pytest.mark.usefixtures("acme")


def digest(run: AgentRun, who: Any) -> Digest:
    agent, report = selectors.run_report(run)
    return digest_of(run, agent, report, decisions.decisions_of(who=who, run=run), decisions.record_of(run))


@pytest.fixture
def read(decided: AgentRun, member: Any) -> Any:
    """`read("rows", **arguments)`: what a tool of the result answers a viewer."""

    def use(name: str, who: Any = None, /, **given: Any) -> ToolAnswer:
        viewer = member("viewer")
        tools = {tool.key: tool for tool in ResultReader(decided, digest(decided, viewer).tables).tools()}
        found: Tool = tools[f"result:{name}"]
        return found.use(given, ToolContext(who=who or viewer, user=viewer, now=timezone.now(), origin="talk"))

    return use


def test_rows_are_narrowed_sorted_and_summed(read: Any) -> None:
    where = [{"column": "amount", "is": ">", "value": 5}]
    answer = read("rows", table="asked", where=where, sort_by="amount", descending=True, limit=1)
    assert answer.data["rows"] == [{"name": "Cy", "amount": 2000.0}]
    assert answer.data["rows_that_match"] == 2
    assert answer.data["over_all_that_match"]["amount"] == {"sum": 2500, "mean": 1250, "least": 500, "most": 2000}
    assert answer.is_outside


@pytest.mark.parametrize(
    ("operator", "value", "names"),
    [
        ("=", "bo", ["Bo"]),
        ("!=", "Bo", ["Ada", "Cy"]),
        ("contains", "A", ["Ada"]),
        ("<", "Bo", ["Ada"]),
        (">=", "Bo", ["Bo", "Cy"]),
        ("<", 3, []),
    ],
)
def test_rows_are_found_by_their_words(read: Any, operator: str, value: Any, names: list[str]) -> None:
    answer = read("rows", table="asked", where=[{"column": "name", "is": operator, "value": value}])
    assert [row["name"] for row in answer.data["rows"]] == names


@pytest.mark.parametrize(
    "given",
    [
        {"table": "secrets"},
        {"table": "asked", "sort_by": "secret"},
        {"table": "asked", "where": [{"column": "secret", "value": 1}]},
        {"table": "asked", "limit": 1000},
        {"table": "asked", "sql": "select 1"},
    ],
)
def test_what_is_not_in_the_result_is_not_read(read: Any, given: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        read("rows", **given)


def test_a_row_is_read_in_detail_and_one_that_is_not_there_is_not_found(read: Any) -> None:
    answer = read("detail", row="Bo")
    assert answer.data["parts"][0]["text"] == "Bo asked for 500."
    assert answer.links
    with pytest.raises(NotFound):
        read("detail", row="Zoe")


def test_further_decisions_are_read(read: Any) -> None:
    answer = read("decisions", offset=2)
    assert [each["subject"] for each in answer.data["decisions"]] == ["Ada"]
    assert answer.data["decisions_in_all"] == 3


@pytest.mark.parametrize(
    ("name", "given"), [("rows", {"table": "asked"}), ("detail", {"row": "Bo"}), ("decisions", {})]
)
def test_tools_read_with_the_rights_of_whoever_asked(read: Any, name: str, given: dict[str, Any]) -> None:
    class Nobody:
        def can(self, code: str) -> bool:
            return False

    with pytest.raises(PermissionDenied):
        read(name, Nobody(), **given)


def test_a_digest_is_the_same_each_time_and_keeps_its_length(
    decided: AgentRun, member: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    who = member("viewer")
    whole = digest(decided, who)
    assert whole.data == digest(decided, who).data
    monkeypatch.setattr(digests, "LONGEST", 900)
    short = digest(decided, who)
    assert len(str(short.data)) < 1100
    assert short.data["is_cut"]
    assert short.data["decisions_in_all"] == 3
    assert len(short.tables["asked"].rows) == 3


def test_a_digest_has_the_figures_of_widgets(finished: Any, member: Any) -> None:
    data = digest(finished(None, COUNTER, steps=30), member("viewer")).data
    assert data["result"][0]["figures"] == [{"label": "Numbers", "value": 30}]
    assert data["result"][1]["rows_in_all"] == 30
    assert len(data["result"][1]["rows"]) == digests.MOST_ROWS


def test_the_agents_own_words_say_what_was_decided_and_why(decided: AgentRun, member: Any) -> None:
    text = explanation_of(digest(decided, member("viewer")))
    first, *_ = text.split("\n\n")
    assert first.splitlines() == [
        "Cy: Refuse. Cy asks for 2000: refuse.",
        "- 2000 is asked for",
        "- Held against: Hold from 100 EUR, and was 2,000",
        "A test decided this.",
    ]


def test_an_agent_that_does_not_decide_is_explained_by_what_it_shows(finished: Any, member: Any) -> None:
    assert explanation_of(digest(finished(), member("viewer"))).startswith("Counted to 3\n\n- Numbers: 3")


@pytest.mark.parametrize(
    ("path", "title", "url"),
    [
        ("run.decisions[1].score", "Decision 2 (Bo), score", "?decision=1#decision"),
        ("run.decisions[0].reasons[0].text", "Decision 1 (Cy), reasons 1 text", "?decision=0#decision"),
        ("run.result[0].rows[2].amount", "Asked, Cy, Amount", "?row=Cy#detail"),
        ("run.result[0].rows_in_all", "Asked, rows in all", "#parts"),
        ("run.headline", "The run, Headline", "#run"),
        ("run.record.settings.hold_from", "The run, record Setting hold from", "#run"),
        ("read[0].rows[0].amount", "Read on in the result, Bo, Amount", "#parts"),
        ("read[0].rows_that_match", "Read on in the result, rows that match", "#parts"),
    ],
)
def test_a_number_has_a_place_that_people_know(
    decided: AgentRun, member: Any, read: Any, path: str, title: str, url: str
) -> None:
    answer = read("rows", table="asked", where=[{"column": "name", "value": "Bo"}])
    sources = {"run": digest(decided, member("viewer")).data, "read": [answer.data]}
    assert place_of(sources, path) == (title, url)
