"""What a class gets by being an agent, and how it is found."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from apps.agents import contract, snippets
from apps.agents.contract import AGENTS, Agent, RunCancelled, RunContext
from apps.agents.templatetags.agents import agent_title, place_of, spark, track
from apps.common.errors import InvalidInput, Issue
from apps.common.registry import Registry
from apps.common.schemas import StrictModel, Table
from apps.common.widgets import Sheet, Widget
from tests.agents.conftest import COUNTER, ECHO


class Input(StrictModel):
    first: int = 1
    table: Table | None = None
    more: list[Table] = []


class Plain(StrictModel):
    text: str = ""


class Out(BaseModel):
    done: bool = True


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> Iterator[Registry[Any]]:
    """A registry of the test's own: that of the program is closed."""
    mine: Registry[Any] = Registry("Agent")
    monkeypatch.setattr(contract, "AGENTS", mine)
    yield mine
    Registry._all.remove(mine)


def agent_of(input_type: type[BaseModel]) -> Any:
    class One(Agent[input_type, Out, Plain]):  # type: ignore[valid-type]
        """Do one thing.

        And more of it.
        """

        key, title, version = "dummy.one", "One", "1"

        def run(self, data: Any, settings: Plain, ctx: RunContext) -> Out:
            return Out()

        def headline(self, report: Out) -> str:
            return "Done"

        def present(self, report: Out) -> list[Widget]:
            return []

        def export(self, report: Out) -> Sheet:
            return Sheet(name="one", columns=[], rows=[])

    return One()


def test_agents_of_an_industry_that_the_core_does_not_know_are_found() -> None:
    assert {COUNTER, ECHO} <= set(AGENTS.keys())
    assert AGENTS[COUNTER].industry == "dummy"


def test_its_types_its_summary_and_its_table_are_read_off_the_class(registry: Registry[Any]) -> None:
    agent = agent_of(Input)
    assert registry.get("dummy.one") is not None
    assert (agent.input_type, agent.output_type, agent.settings_type) == (Input, Out, Plain)
    assert agent.summary == "Do one thing."
    assert (agent.table_field, agent.table_required) == ("table", False)
    assert (AGENTS[ECHO].table_field, AGENTS[ECHO].table_required) == ("table", True)


def test_an_agent_without_a_table_has_none(registry: Registry[Any]) -> None:
    agent = agent_of(Plain)
    assert (agent.table_field, agent.table_required) == ("", False)
    assert agent.inspect(Plain(), None).understood == []
    assert agent.detail(Out(), "1") == []


def test_a_card_stands_beside_the_agents_file(
    registry: Registry[Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    agent = agent_of(Plain)
    monkeypatch.setattr("inspect.getfile", lambda cls: str(tmp_path / "one.py"))
    assert agent.card() is None
    card = {"intended_use": "x", "limits": [], "data": "y", "command": "z", "measured_on": "2026-01-01", "measures": []}
    (tmp_path / "one.card.json").write_text(json.dumps(card))
    assert agent.card().intended_use == "x"


def test_progress_is_told_until_somebody_asks_to_stop() -> None:
    told: list[tuple[int, int, str]] = []
    stop = False
    ctx = RunContext(now=None, load=lambda table: table, tell=lambda *it: told.append(it), stopping=lambda: stop)  # type: ignore[arg-type,return-value]
    ctx.progress(1, 2, "One")
    stop = True
    with pytest.raises(RunCancelled):
        ctx.progress(2, 2)
    assert told == [(1, 2, "One")]


URL = "https://acme.example.org/api/v1/agents/x/runs"


def test_the_call_with_curl_can_be_pasted() -> None:
    words = shlex.split(snippets.curl(AGENTS[ECHO], URL).replace("\\\n", ""))
    assert words[0] == "curl"
    assert words[-1] == URL
    assert "file=@table.csv" in words
    assert "input={}" in words


def test_the_call_without_a_table_sends_json(registry: Registry[Any]) -> None:
    words = shlex.split(snippets.curl(agent_of(Plain), URL).replace("\\\n", ""))
    assert json.loads(words[words.index("-d") + 1]) == {"input": {}}


@pytest.mark.parametrize("key", [COUNTER, ECHO, "retail.demand_forecaster", "healthcare.drug_checker"])
def test_the_call_in_python_runs(key: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What is shown is run as it stands, against a stand-in for the library that it calls."""
    sent: dict[str, Any] = {}

    class Answer:
        def __init__(self, status: str) -> None:
            self.status = status

        def raise_for_status(self) -> None: ...

        def json(self) -> dict[str, str]:
            return {"id": "1", "status": self.status, "headline": "Done"}

    class Requests:
        @staticmethod
        def post(url: str, **given: Any) -> Answer:
            for file in given.pop("files", {}).values():
                file.close()
            sent.update(given, url=url)
            return Answer("queued")

        @staticmethod
        def get(url: str, **given: Any) -> Answer:
            sent["asked"] = url
            return Answer("succeeded")

    (tmp_path / "table.csv").write_text("a\n1\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ORCHESTRALL_KEY", "ork_1")
    monkeypatch.setitem(__import__("sys").modules, "requests", Requests)
    exec(compile(snippets.python(AGENTS[key], URL), "snippet", "exec"), {})  # noqa: S102
    assert sent["url"] == URL
    assert sent["headers"] == {"Authorization": "Bearer ork_1"}
    assert sent["asked"] == "https://acme.example.org/api/v1/runs/1"
    given = json.loads(sent["data"]["input"]) if "data" in sent else sent["json"]["input"]
    assert AGENTS[key].table_field not in given


def test_titles_sparks_and_tracks_are_drawn_from_what_they_are_given() -> None:
    assert agent_title(COUNTER) == "Counter"
    assert agent_title("dummy.retired") == "dummy.retired"
    assert spark([]) == spark([0, 0]) == ""
    assert 'points="0.0,22.0 76.0,2.0"' in spark([0, 4])
    assert "not run" in track([])
    drawn = track(["none", "well", "well", "broken"])
    assert "Hours: 1 none ran, 2 well, 1 all failed" in drawn
    assert drawn.count("<i") == 4


def test_errors_of_an_agent_are_part_of_the_catalogue() -> None:
    from apps.common.errors import catalogue

    assert {"agent_failed", "agent_gone", "run_abandoned", InvalidInput.code} <= set(catalogue())


def test_the_place_of_an_issue_is_told_once() -> None:
    assert place_of(Issue(message="Row 12, column “sold”: “n/a” is no number.", row=12, column="sold")) == ""
    assert place_of({"message": "Not kind", "row": 1200, "column": None, "path": ""}) == "Row 1,200"
    assert place_of(Issue(message="Not kind", row=2, column="sold")) == "Row 2, column “sold”"
    assert place_of(Issue(message="There is none.", column="sold")) == "Column “sold”"
    assert place_of(Issue(message="Too small.", path="steps")) == "steps"
