"""Results at hand: who is answered by one, who is not, and that nothing of it can be read or guessed in Redis."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from hypothesis import given, settings
from hypothesis import strategies as st
from redis import Redis
from redis.exceptions import ConnectionError as RedisAway
from rest_framework.test import APIClient

from apps.accounts.models import User
from apps.agents import cache, configurations, decisions, reviews, services
from apps.agents.contract import AGENTS
from apps.agents.inputs import input_parse
from apps.agents.models import AgentDecision, AgentRun, AgentWatch
from apps.agents.records import canonical
from apps.common.errors import NotFound, PermissionDenied
from apps.datasets.models import Dataset
from apps.datasets.services import dataset_upload
from apps.dispatch import turns
from apps.gateway.principals import Caller
from apps.tenants.context import tenant_context
from apps.tenants.fast import redis
from apps.tenants.keys import require_data_key
from apps.tenants.models import Tenant
from apps.tenants.sealing import KEY_BYTES, DataKey
from tests.agents.conftest import COUNTER, Start, WorkOff

DECIDER = "dummy.decider"
AGENT = AGENTS[DECIDER]
ROWS = {"table": {"rows": [{"name": "Ada", "amount": 5}, {"name": "Bo", "amount": 500}]}}
Finished = Callable[..., AgentRun]


def kept() -> list[bytes]:
    return [name for name in redis().keys("*:result:*") if isinstance(name, bytes)]


@pytest.fixture(autouse=True)
def fresh_for_an_hour(monkeypatch: pytest.MonkeyPatch, acme: Tenant) -> Iterator[None]:
    monkeypatch.setattr(type(AGENT), "fresh_for", timedelta(hours=1))
    if names := kept():
        redis().delete(*names)
    yield
    if names := kept():
        redis().delete(*names)


@pytest.fixture
def first(finished: Finished) -> AgentRun:
    run = finished(None, DECIDER, **ROWS)
    run.refresh_from_db()
    assert run.status == "succeeded"
    return run


def test_an_equal_input_is_answered_at_once_by_a_run_of_its_own(
    first: AgentRun, start: Start, work_off: WorkOff
) -> None:
    again = start(None, DECIDER, **ROWS)
    assert (again.status, again.answered_from_id, again.worked_out_at) == ("succeeded", first.pk, first.finished_at)
    stored = AgentRun.objects.select_related("result").get(pk=again.pk)
    assert (stored.number, stored.headline, stored.verdict) == (again.number, first.headline, first.verdict)
    assert stored.number != first.number
    assert stored.result.output == first.result.output
    assert stored.result.record == first.result.record
    assert [each.record for each in stored.decisions.all()] == [each.record for each in first.decisions.all()]
    assert work_off() == 0


def test_an_agent_that_does_not_say_so_works_each_time(finished: Finished, start: Start) -> None:
    finished(None, COUNTER, steps=2)
    assert start(None, COUNTER, steps=2).status == "queued"
    assert kept() == []


def test_who_wants_it_worked_out_anew_has_it_so(first: AgentRun, acme: Tenant, board: Any, work_off: WorkOff) -> None:
    run = services.run_start(agent=AGENT, data=ROWS, user=None, who=None, origin="api", fresh=True)
    assert run.status == "queued"
    work_off()
    run.refresh_from_db()
    assert (run.status, run.answered_from_id) == ("succeeded", None)


def test_to_run_again_is_to_work_it_out_anew(first: AgentRun, member: Callable[..., User]) -> None:
    assert services.run_repeat(run=first, user=member("owner"), origin="console").status == "queued"


def test_what_was_accepted_before_is_answered_by_what_has_ended_since(
    first: AgentRun, start: Start, work_off: WorkOff, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run of a workflow, of a batch or of many comes to the worker first: it looks as well."""
    with monkeypatch.context() as patched:
        patched.setattr(cache, "find", lambda *given, **named: None)
        run = start(None, DECIDER, **ROWS)
    monkeypatch.setattr(type(AGENT), "run", lambda *given: pytest.fail("it was worked out"))
    assert run.status == "queued"
    work_off()
    run.refresh_from_db()
    assert (run.status, run.answered_from_id, run.worked_out_at) == ("succeeded", first.pk, first.finished_at)
    assert run.decisions.count() == first.decisions.count()


@pytest.mark.parametrize("changed", [{"known": ["Bo"]}, {"table": {"rows": [{"name": "Ada", "amount": 6}]}}])
def test_another_input_is_worked_out(first: AgentRun, start: Start, changed: dict[str, Any]) -> None:
    assert start(None, DECIDER, **{**ROWS, **changed}).status == "queued"


def test_what_is_said_by_default_is_the_same_input(first: AgentRun, start: Start) -> None:
    assert start(None, DECIDER, known=[], **ROWS).status == "succeeded"


def test_other_settings_have_results_of_their_own(first: AgentRun, start: Start, member: Callable[..., User]) -> None:
    owner = member("owner")
    configurations.configuration_save(who=owner, user=owner, agent=AGENT, settings={"hold_from": 1}, roles=None)
    assert start(None, DECIDER, **ROWS).status == "queued"


def test_another_version_of_the_agent_has_results_of_its_own(
    first: AgentRun, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(AGENT), "version", "9.9")
    assert start(None, DECIDER, **ROWS).status == "queued"


def test_who_may_not_run_the_agent_is_refused_though_a_result_is_at_hand(
    finished: Finished, start: Start, member: Callable[..., User]
) -> None:
    owner = member("owner")
    configurations.configuration_save(who=owner, user=owner, agent=AGENT, settings={}, roles=["builder"])
    finished(None, DECIDER, **ROWS)
    with pytest.raises(PermissionDenied):
        start(member("analyst"), DECIDER, **ROWS)
    assert AgentRun.objects.count() == 1


def test_a_dataset_that_is_gone_is_not_found_though_its_result_is_at_hand(
    finished: Finished, start: Start, member: Callable[..., User]
) -> None:
    table = dataset_upload(file=BytesIO(b"name,amount\nAda,5\n"), name="asked.csv", user=member("analyst"))
    run = finished(None, DECIDER, table={"dataset": str(table.pk)})
    run.refresh_from_db()
    assert start(None, DECIDER, table={"dataset": str(table.pk)}).answered_from_id == run.pk
    Dataset.objects.filter(pk=table.pk).delete()
    with pytest.raises(NotFound):
        start(None, DECIDER, table={"dataset": str(table.pk)})


def test_who_may_not_see_datasets_is_not_answered_from_one(
    finished: Finished, start: Start, member: Callable[..., User]
) -> None:
    analyst = member("analyst")
    table = dataset_upload(file=BytesIO(b"name,amount\nAda,5\n"), name="asked.csv", user=analyst)
    data = {"table": {"dataset": str(table.pk)}}
    finished(None, DECIDER, **data)
    narrow = Caller(analyst, frozenset({"agents.run", "runs.view"}))
    with pytest.raises(PermissionDenied):
        services.run_start(agent=AGENT, data=data, user=analyst, who=narrow, origin="api")
    assert AgentRun.objects.count() == 1


def test_another_tenant_with_the_same_input_works_it_out(first: AgentRun, globex: Tenant, board: Any) -> None:
    with tenant_context(globex):
        run = services.run_start(agent=AGENT, data=ROWS, user=None, who=None, origin="api")
        assert run.status == "queued"
        assert run.answered_from_id is None


def test_neither_input_nor_result_can_be_read_in_redis(first: AgentRun) -> None:
    (name,) = kept()
    value = redis().get(name)
    assert isinstance(value, bytes)
    assert name.startswith(b"t_acme:result:")
    for said in (b"Ada", b"Hold", canonical(first.input)):
        assert said not in value


def test_what_was_put_there_by_somebody_else_is_no_result(first: AgentRun, start: Start) -> None:
    (name,) = kept()
    for planted in (b"", b"\x00" * 40, b'{"output": {}}'):
        redis().set(name, planted)
        assert start(None, DECIDER, **ROWS).status == "queued"


def test_a_result_that_is_moved_to_another_input_does_not_open(
    first: AgentRun, finished: Finished, start: Start
) -> None:
    other = {"table": {"rows": [{"name": "Cy", "amount": 5000}]}}
    finished(None, DECIDER, **other)
    one, two = kept()
    redis().rename(one, two)
    assert {start(None, DECIDER, **each).status for each in (ROWS, other)} == {"queued"}


def test_a_result_of_another_tenant_does_not_open_though_it_lies_under_the_right_name(
    first: AgentRun, start: Start, globex: Tenant, board: Any
) -> None:
    (mine,) = kept()
    with tenant_context(globex):
        run = services.run_start(agent=AGENT, data=ROWS, user=None, who=None, origin="api")
        turns.turn(schema=globex.schema_name, queue="cpu", board=board)
        run.refresh_from_db()
        assert run.status == "succeeded"
    (theirs,) = set(kept()) - {mine}
    assert theirs.rpartition(b":")[2] != mine.rpartition(b":")[2]
    redis().rename(theirs, mine)
    assert start(None, DECIDER, **ROWS).status == "queued"


def test_with_another_key_a_result_has_another_name_and_does_not_open(first: AgentRun, acme: Tenant) -> None:
    (name,) = kept()
    sealed = redis().get(name)
    assert isinstance(sealed, bytes)
    key, other = require_data_key(acme), DataKey("other", b"k" * KEY_BYTES)
    asked = (AGENT, AGENT.version, None, first.input, cache.NONE_TRAINED, None)
    place = cache._place(key, *asked)
    assert cache._opened(key, place, sealed) is not None
    assert cache._place(other, *asked) != place
    assert cache._opened(other, place, sealed) is None


def test_without_redis_runs_go_on(
    first: AgentRun, start: Start, work_off: WorkOff, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*given: object, **named: object) -> None:
        raise RedisAway("gone")

    with monkeypatch.context() as patched:
        for verb in ("get", "set", "delete"):
            patched.setattr(Redis, verb, away)
        run = start(None, DECIDER, **ROWS)
        assert run.status == "queued"
        cache.forget(first)
        work_off()
    run.refresh_from_db()
    assert (run.status, run.answered_from_id) == ("succeeded", None)


def test_a_result_lasts_as_long_as_the_agent_says(first: AgentRun) -> None:
    (name,) = kept()
    assert 3590 <= redis().ttl(name) <= 3600


def test_a_result_that_has_had_its_time_is_worked_out_anew(first: AgentRun, start: Start) -> None:
    (name,) = kept()
    redis().expire(name, 0)
    assert start(None, DECIDER, **ROWS).status == "queued"


def test_of_two_that_wait_the_second_is_answered_by_the_first(start: Start, work_off: WorkOff) -> None:
    runs = [start(None, DECIDER, **ROWS) for _ in range(2)]
    assert {run.status for run in runs} == {"queued"}
    work_off()
    for run in runs:
        run.refresh_from_db()
    assert {run.status for run in runs} == {"succeeded"}
    assert {run.answered_from_id for run in runs} in ({None, runs[0].pk}, {None, runs[1].pk})


def test_a_large_result_is_not_kept(finished: Finished, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "LARGEST", 10)
    finished(None, DECIDER, **ROWS)
    assert kept() == []


def test_a_failure_is_not_kept(finished: Finished, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*given: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(type(AGENT), "run", fail)
    run = finished(None, DECIDER, **ROWS)
    run.refresh_from_db()
    assert run.status == "failed"
    assert kept() == []


def test_an_override_is_no_part_of_it_and_lets_nobody_else_have_it(
    first: AgentRun, start: Start, member: Callable[..., User], django_capture_on_commit_callbacks: Any
) -> None:
    owner = member("owner")
    decision = decisions.decision_get(who=owner, run=first, position=0)
    with django_capture_on_commit_callbacks(execute=True):
        reviews.decision_review(who=owner, user=owner, decision=decision, verdict="refuse", reason="No.", seen=0)
    assert start(None, DECIDER, **ROWS).status == "queued"


def test_a_result_that_somebody_calls_wrong_is_worked_out_anew(
    first: AgentRun, start: Start, member: Callable[..., User], django_capture_on_commit_callbacks: Any
) -> None:
    owner = member("owner")
    with django_capture_on_commit_callbacks(execute=True):
        reviews.feedback_give(who=owner, user=owner, run=first, is_right=True)
    assert start(None, DECIDER, **ROWS).status == "succeeded"
    with django_capture_on_commit_callbacks(execute=True):
        reviews.feedback_give(who=owner, user=owner, run=first, is_right=False)
    assert start(None, DECIDER, **ROWS).status == "queued"


def test_while_the_agent_drifts_its_answers_at_hand_wait_for_a_person_too(first: AgentRun, start: Start) -> None:
    AgentWatch.objects.create(agent_key=DECIDER, falls_back=True, drifting_since=first.finished_at)
    again = start(None, DECIDER, **ROWS)
    assert {each.review for each in AgentDecision.objects.filter(run=again)} == {"wanted"}


def test_the_run_that_worked_it_out_may_go(first: AgentRun, start: Start) -> None:
    AgentRun.objects.filter(pk=first.pk).delete()
    again = start(None, DECIDER, **ROWS)
    assert (again.status, again.answered_from_id) == ("succeeded", None)
    assert again.worked_out_at == first.finished_at


# ---------------------------------------------------------------------------------------------------------------- faces


def test_the_api_answers_with_the_result_in_four_statements(
    first: AgentRun, api_for: Callable[..., APIClient], member: Callable[..., User]
) -> None:
    api = api_for(member("analyst"))
    address = f"/api/v1/agents/{DECIDER}/runs"
    api.post(address, {"input": ROWS}, format="json")  # the tenant and the member are known from now on
    with CaptureQueriesContext(connection) as caught:
        answer = api.post(address, {"input": ROWS}, format="json")
    # Who calls, what the agent is set up as, the run's number, and the run with all that belongs to it.
    asked = [each["sql"] for each in caught if not each["sql"].startswith(("SAVEPOINT", "RELEASE"))]
    assert len(asked) == 4, asked
    told = answer.json()
    assert (answer.status_code, told["status"], told["output"]) == (200, "succeeded", first.result.output)
    assert told["answered_from"] == str(first.pk)
    assert told["worked_out_at"] is not None
    assert api.get(answer["Location"]).json() == told
    anew = api.post(address, {"input": ROWS, "fresh": True}, format="json")
    assert (anew.status_code, anew.json()["status"], anew.json()["answered_from"]) == (202, "queued", None)


def test_the_page_says_where_the_result_is_from(
    first: AgentRun, client_for: Callable[..., Client], member: Callable[..., User]
) -> None:
    page = client_for(member("analyst"))
    form = {"mode": "json", "json": canonical(ROWS).decode()}
    answer = page.post(f"/agents/{DECIDER}/", form, follow=True).content.decode()
    assert f"/runs/{first.ref}/" in answer
    assert "worked out" in answer
    anew = page.post(f"/agents/{DECIDER}/", {**form, "_fresh": "1"}, follow=True).content.decode()
    assert "worked out" not in anew


# -------------------------------------------------------------------------------------------------------------- the key

DATA = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=12,
)


@settings(deadline=None)
@given(st.dictionaries(st.text(max_size=5), DATA, max_size=4))
def test_the_order_of_names_makes_no_other_input(data: dict[str, Any]) -> None:
    assert canonical(data) == canonical(dict(reversed(data.items())))


@given(weight=st.integers(min_value=0, max_value=1000), length=st.integers(min_value=1, max_value=1000))
def test_numbers_that_the_model_takes_for_equal_make_no_other_input(weight: int, length: int) -> None:
    def stored(number: Callable[[int], int | float]) -> dict[str, Any]:
        part = {"length": number(length), "name": "washers"}
        data = {"parts": [part], "title": "Shelf", "weight": number(weight)}
        parsed: dict[str, Any] = input_parse(agent=AGENTS["dummy.former"], data=data).model_dump(
            mode="json", exclude_defaults=True
        )
        return parsed

    assert canonical(stored(int)) == canonical(stored(float))
