"""What is recorded with the end of a run: what was decided, and what it came from."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.accounts.models import User
from apps.agents import configurations, records
from apps.agents.contract import AGENTS
from apps.agents.models import AgentDecision, AgentWatch
from apps.common.decisions import Decision, ProposedAction
from apps.datasets.services import dataset_upload
from tests.agents.conftest import COUNTER, Start, WorkOff

DECIDER = "dummy.decider"
ROWS = [{"name": "Ada", "amount": 5}, {"name": "Bo", "amount": 500}, {"name": "Cy", "amount": 5000}]
ASKED: dict[str, Any] = {"table": {"rows": ROWS}}
Make = Callable[..., User]


def decide(monkeypatch: pytest.MonkeyPatch, *decisions: Decision) -> None:
    """Let the decider decide this."""
    monkeypatch.setattr(type(AGENTS[DECIDER]), "decide", lambda self, report, settings: list(decisions))


def test_decisions_are_recorded_with_the_end_of_the_run_in_their_order(finished: Start) -> None:
    run = finished(key=DECIDER, **ASKED)
    assert (run.status, run.verdict) == ("succeeded", "refuse")
    rows = list(run.decisions.all())
    assert [(row.position, row.verdict, row.score) for row in rows] == [
        (0, "refuse", 5000.0),
        (1, "hold", 500.0),
        (2, "pass", 5.0),
    ]
    assert {(row.agent_key, row.agent_version, row.review, row.override) for row in rows} == {(DECIDER, "2.1", "", "")}
    first = Decision.model_validate(rows[0].record)
    assert first.subject == "Cy"
    assert first.reasons[0].evidence[0].row == 3
    assert first.actions[0].kind == "agents.run"


def test_the_record_tells_what_the_result_came_from(start: Start, work_off: WorkOff, member: Make) -> None:
    owner = member("owner")
    agent = AGENTS[DECIDER]
    configurations.configuration_save(who=owner, user=owner, agent=agent, settings={"hold_from": 50}, roles=None)
    dataset = dataset_upload(file=BytesIO(b"name,amount\nAda,70\n"), name="asks.csv", user=owner)
    run = start(owner, DECIDER, table={"dataset": str(dataset.pk)})
    work_off()
    run.refresh_from_db()
    record = records.Record.model_validate(run.result.record)
    sent = f'{{"table":{{"dataset":"{dataset.pk}"}}}}'
    assert record.input_sha256 == hashlib.sha256(sent.encode()).hexdigest()
    assert [(each.id, each.rows) for each in record.sources] == [(dataset.pk, 1)]
    assert record.sources[0].sha256 == hashlib.sha256(b"name,amount\nAda,70\n").hexdigest()
    assert (record.agent, record.agent_version, record.settings_version) == (DECIDER, "2.1", 1)
    assert record.settings == {"hold_from": 50.0, "refuse_from": 1000.0}
    assert record.model is None
    assert run.verdict == "hold"


def test_the_hash_of_an_input_does_not_depend_on_the_order_of_its_keys() -> None:
    assert records.input_hash({"a": 1, "b": {"c": 2, "d": "é"}}) == records.input_hash(
        {"b": {"d": "é", "c": 2}, "a": 1}
    )
    assert records.canonical({"b": "é", "a": 1}) == '{"a":1,"b":"é"}'.encode()


def test_decisions_cost_no_statement_more(start: Start, work_off: WorkOff) -> None:
    def cost(key: str, **data: Any) -> int:
        start(None, key, **data)
        with CaptureQueriesContext(connection) as asked:
            work_off()
        return len(asked)

    cost(COUNTER, steps=1)  # what is learnt once in a process
    assert cost(DECIDER, **ASKED) == cost("dummy.idle")


def test_an_agent_without_verdicts_is_not_asked_and_pays_nothing(
    finished: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: Any) -> Any:
        raise AssertionError("it was asked")

    monkeypatch.setattr(type(AGENTS["dummy.idle"]), "decide", never)
    monkeypatch.setattr(records, "record_of", never)
    run = finished(key="dummy.idle")
    assert (run.status, run.verdict, run.result.record) == ("succeeded", "", None)
    assert not AgentDecision.objects.exists()


@pytest.mark.parametrize(
    ("decision", "told"),
    [
        (Decision(verdict="perhaps", summary="?"), "came to 'perhaps'; it has pass, hold, refuse"),
        (
            Decision(verdict="pass", summary="!", actions=[ProposedAction(kind="no.such", title="Do")]),
            "proposed 'no.such'",
        ),
        (
            Decision(verdict="pass", summary="!", actions=[ProposedAction(kind="agents.run", title="Do")]),
            "Field required",
        ),
    ],
)
def test_what_the_contract_forbids_fails_the_run_and_records_nothing(
    finished: Start, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, decision: Decision, told: str
) -> None:
    decide(monkeypatch, Decision(verdict="pass", summary="It is fine."), decision)
    run = finished(key=DECIDER, **ASKED)
    assert (run.status, run.problem_code, run.verdict) == ("failed", "agent_failed", "")
    assert told in caplog.text
    assert not AgentDecision.objects.exists()
    assert not hasattr(run, "result")


def test_a_score_needs_a_scale(finished: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    decide(monkeypatch, Decision(verdict="pass", summary="It is fine.", score=1))
    assert finished(key=DECIDER, **ASKED).status == "succeeded"
    monkeypatch.setattr(type(AGENTS[DECIDER]), "scale", None)
    assert finished(key=DECIDER, **ASKED).problem_code == "agent_failed"


def test_more_decisions_than_are_recorded_are_refused(finished: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    many = [Decision(verdict="pass", summary=f"Number {n}.") for n in range(201)]
    decide(monkeypatch, *many[:200])
    assert finished(key=DECIDER, **ASKED).decisions.count() == 200
    decide(monkeypatch, *many)
    run = finished(key=DECIDER, **ASKED)
    assert (run.problem_code, run.decisions.count()) == ("agent_failed", 0)


@pytest.mark.parametrize(
    ("falls_back", "drifts", "review"), [(True, True, "wanted"), (True, False, ""), (False, True, "")]
)
def test_decisions_wait_for_a_person_while_the_agent_drifts_and_its_watch_falls_back(
    finished: Start, falls_back: bool, drifts: bool, review: str
) -> None:
    since = timezone.now() - timedelta(hours=1) if drifts else None
    AgentWatch.objects.create(agent_key=DECIDER, falls_back=falls_back, drifting_since=since)
    AgentWatch.objects.create(agent_key=COUNTER, falls_back=True, drifting_since=timezone.now())
    run = finished(key=DECIDER, **ASKED)
    assert {row.review for row in run.decisions.all()} == {review}


def test_what_was_decided_is_sealed(finished: Start) -> None:
    run = finished(key=DECIDER, **ASKED)
    with connection.cursor() as cursor:
        cursor.execute("select record from agents_agentdecision where run_id = %s", [run.pk])
        assert all(b"Ada" not in bytes(stored) for (stored,) in cursor.fetchall())
    assert AgentDecision.objects.get(run=run, position=0).record["subject"] == "Cy"
