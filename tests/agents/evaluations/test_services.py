from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connection

from apps.accounts.models import User
from apps.agents import configurations
from apps.agents.contract import AGENTS
from apps.agents.evaluations import judging, keeping, services
from apps.agents.evaluations.cases import Case
from apps.agents.handlers import EvaluationWork
from apps.agents.models import AgentCase, AgentEvaluation
from apps.common import work
from apps.common.errors import Conflict, InvalidInput, NotFound, PermissionDenied
from apps.common.work import Claim
from apps.dispatch.board import Board
from apps.dispatch.letters import LETTER_KINDS
from apps.dispatch.models import WorkRow
from apps.tenants.models import Tenant
from tests.agents.conftest import Start, WorkOff
from tests.conftest import MakeMember
from tests.dispatch.conftest import at_once

COUNTER = AGENTS["dummy.counter"]
EXPECT = {"expect": [{"path": "output.numbers", "value": [1, 2]}], "scores": {"first": "output.numbers[0]"}}


@pytest.fixture
def builder(member: MakeMember) -> User:
    return member("builder")


@pytest.fixture
def keep(builder: User) -> Callable[..., AgentCase]:
    def make(name: str = "mine", data: dict[str, Any] | None = None, **expected: Any) -> AgentCase:
        given: dict[str, Any] = {"agent": COUNTER, "name": name, "data": {"steps": 2} if data is None else data}
        return keeping.case_save(who=builder, user=builder, expected=EXPECT | expected, **given)

    return make


@pytest.fixture
def evaluated(builder: User, work_off: WorkOff) -> Callable[..., AgentEvaluation]:
    """`evaluated(number=None, draft=None)`: an evaluation of the counter that has been worked off."""

    def make(**what: Any) -> AgentEvaluation:
        made = services.evaluation_start(who=builder, user=builder, agent=COUNTER, **what)
        work_off()
        return services.evaluation_by_id(who=builder, id=made.id)

    return make


def test_an_evaluation_judges_the_cases_that_ship_and_those_of_the_tenant(
    keep: Callable[..., AgentCase], evaluated: Callable[..., AgentEvaluation]
) -> None:
    keep()
    keep("wrong", expect=[{"path": "headline", "value": "?"}], scores={})
    found = evaluated()
    assert (found.status, found.total, found.done, found.passed) == ("ended", 5, 5, 4)
    results = {(each.name, each.own): each for each in services.outcome_of(found).results}
    assert results["mine", True].scores == {"first": 1.0}
    assert results["to three", False].passed
    assert results["wrong", True].facts[0].found == '"Counted to 2"'
    assert found.finished_at is not None
    assert not WorkRow.objects.exists()


def test_it_judges_by_the_settings_that_hold_by_an_earlier_version_or_by_a_draft(
    builder: User, keep: Callable[..., AgentCase], evaluated: Callable[..., AgentEvaluation]
) -> None:
    keep()
    configurations.configuration_save(who=builder, user=builder, agent=COUNTER, settings={"start": 5}, roles=None)
    verdicts = {}
    asked: dict[str, dict[str, Any]] = {
        "now": {}, "own": {"number": 0}, "first": {"number": 1}, "draft": {"draft": {"start": 0}},
    }  # fmt: skip
    for name, what in asked.items():
        outcome = services.outcome_of(evaluated(**what))
        mine = next(each for each in outcome.results if each.own)
        verdicts[name] = (mine.passed, outcome.number, outcome.is_draft)
    assert verdicts == {
        "now": (False, 1, False), "own": (True, 0, False), "first": (False, 1, False), "draft": (True, 0, True),
    }  # fmt: skip


def test_a_draft_that_the_agent_does_not_take_is_refused(builder: User, board: Board) -> None:
    with pytest.raises(InvalidInput) as refused:
        services.evaluation_start(who=builder, user=builder, agent=COUNTER, draft={"begin": 1})
    assert refused.value.issues[0].path == "settings.begin"
    assert not AgentEvaluation.objects.exists()


def test_a_version_of_settings_that_is_not_there_is_not_found(builder: User, board: Board) -> None:
    with pytest.raises(NotFound):
        services.evaluation_start(who=builder, user=builder, agent=COUNTER, number=3)


def test_one_evaluation_of_an_agent_is_open_at_a_time(builder: User, board: Board) -> None:
    services.evaluation_start(who=builder, user=builder, agent=COUNTER)
    with pytest.raises(Conflict, match="has not ended"):
        services.evaluation_start(who=builder, user=builder, agent=COUNTER)


def test_an_agent_without_cases_is_not_evaluated(builder: User, board: Board) -> None:
    with pytest.raises(Conflict, match="no cases"):
        services.evaluation_start(who=builder, user=builder, agent=AGENTS["dummy.idle"])


def test_who_may_not_run_agents_may_not_evaluate_them(member: MakeMember, board: Board) -> None:
    viewer = member("viewer")
    with pytest.raises(PermissionDenied):
        services.evaluation_start(who=viewer, user=viewer, agent=COUNTER)


def test_an_evaluation_that_waits_is_stopped_at_once(builder: User, board: Board) -> None:
    made = services.evaluation_start(who=builder, user=builder, agent=COUNTER)
    stopped = services.evaluation_stop(who=builder, evaluation=made)
    assert (stopped.status, stopped.problem["code"]) == ("failed", "evaluation_stopped")
    assert not WorkRow.objects.exists()
    with pytest.raises(Conflict):
        services.evaluation_stop(who=builder, evaluation=stopped)


def _stop_in_hand(made: AgentEvaluation, builder: User, monkeypatch: pytest.MonkeyPatch, after: int) -> None:
    """Have somebody stop the evaluation once so many cases have been judged."""
    judged, real = [], judging.case_judge

    def judge(*args: Any, **given: Any) -> Any:
        result = real(*args, **given)
        judged.append(result)
        if len(judged) == after:
            services.evaluation_stop(who=builder, evaluation=made)
        return result

    monkeypatch.setattr(services, "case_judge", judge)
    monkeypatch.setattr(work, "stopping", lambda claim: len(judged) >= after)


def test_an_evaluation_in_hand_stops_and_keeps_what_it_has_come_to(
    builder: User, work_off: WorkOff, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = services.evaluation_start(who=builder, user=builder, agent=COUNTER)
    _stop_in_hand(made, builder, monkeypatch, after=1)
    work_off()
    made.refresh_from_db()
    assert (made.status, made.done, made.problem["code"]) == ("failed", 1, "evaluation_stopped")
    assert not WorkRow.objects.exists()


def test_an_evaluation_goes_on_with_the_next_case_when_its_worker_is_stopped(
    builder: User, work_off: WorkOff, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = services.evaluation_start(who=builder, user=builder, agent=COUNTER)
    judged: list[str] = []
    stopped: list[Claim] = []
    real = judging.case_judge

    def judge(agent: Any, case: Case, *args: Any, **given: Any) -> Any:
        result = real(agent, case, *args, **given)
        judged.append(case.name)
        return result

    def stopping(claim: Claim) -> bool:
        """Once, after the first case."""
        if judged and not stopped:
            stopped.append(claim)
            return True
        return False

    monkeypatch.setattr(services, "case_judge", judge)
    monkeypatch.setattr(work, "stopping", stopping)
    assert work_off() == 2
    made.refresh_from_db()
    assert (made.status, made.done) == ("ended", 3)
    assert judged == ["to three", "from ten, whatever is set", "thirteen is refused"]


def test_results_of_another_version_of_the_agent_do_not_count(
    builder: User, work_off: WorkOff, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = services.evaluation_start(who=builder, user=builder, agent=COUNTER)
    AgentEvaluation.objects.filter(pk=made.pk).update(agent_version="0.9")
    work_off()
    made.refresh_from_db()
    assert (made.agent_version, made.done) == (COUNTER.version, 3)


def test_an_evaluation_ends_after_its_time_with_what_it_has_come_to(
    builder: User, work_off: WorkOff, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "LONGEST", timedelta(seconds=-1))
    made = services.evaluation_start(who=builder, user=builder, agent=COUNTER)
    work_off()
    made.refresh_from_db()
    assert (made.status, made.problem["code"]) == ("failed", "evaluation_too_long")


def test_an_evaluation_that_was_given_up_may_have_another_try(builder: User, work_off: WorkOff) -> None:
    made = services.evaluation_start(who=builder, user=builder, agent=COUNTER)
    kind = EvaluationWork()
    assert list(kind.pending()) == [made.id]
    kind.bury(Claim(kind.name, made.id, "", 0, 0, 3), "Three workers died on it.")
    made.refresh_from_db()
    assert (made.status, made.problem["code"]) == ("failed", "evaluation_abandoned")
    kind.revive(made.id)
    work_off()
    made.refresh_from_db()
    assert (made.status, made.problem) == ("ended", None)


def test_an_evaluation_that_was_given_up_is_told_by_its_agent(builder: User, board: Board) -> None:
    made = services.evaluation_start(who=builder, user=builder, agent=COUNTER)
    [(id, subject)] = LETTER_KINDS[services.KIND].subjects([made.id, UUID(int=1)]).items()
    assert (id, subject.title, subject.url) == (made.id, "Counter", f"/agents/dummy.counter/evaluations/{made.id}/")


def test_the_oldest_evaluations_make_room(
    builder: User, evaluated: Callable[..., AgentEvaluation], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "KEPT", 2)
    _first, *others = [evaluated() for _ in range(3)]
    assert [each.pk for each in services.evaluations_list(who=builder, agent=COUNTER)] == [
        each.pk for each in reversed(others)
    ]


def test_an_evaluation_of_another_tenant_is_not_found(builder: User, globex: Tenant) -> None:
    with pytest.raises(NotFound):
        services.evaluation_by_id(who=builder, id=UUID(int=5))


def test_a_case_is_kept_with_its_input_as_the_agent_takes_it(keep: Callable[..., AgentCase]) -> None:
    row = keep(data={"steps": "2", "mood": "calm"}, note="Two is the least.")
    assert row.input == {"steps": 2}
    case = keeping.case_of(row)
    assert (case.name, case.note, case.expect[0].value) == ("mine", "Two is the least.", [1, 2])


def test_a_case_that_expects_a_refusal_keeps_an_input_that_is_refused(keep: Callable[..., AgentCase]) -> None:
    keep(data={"steps": 0}, expect=[{"path": "problem.code", "value": "invalid_input"}], scores={})
    with pytest.raises(InvalidInput) as refused:
        keep("other", data={"steps": 0})
    assert refused.value.issues[0].path == "input.steps"


@pytest.mark.parametrize(
    ("expected", "path"),
    [
        ({"expect": []}, "expect"),
        ({"expect": [{"path": "x"}]}, "expect.0"),
        ({"settings": {"start": 1}}, "input"),
        ({"example": "To three"}, "input"),
    ],
)
def test_a_case_that_cannot_be_used_is_refused_by_place(
    keep: Callable[..., AgentCase], expected: dict[str, Any], path: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        keep(**expected)
    assert refused.value.issues[0].path == path
    assert not AgentCase.objects.exists()


def test_two_cases_have_two_names(keep: Callable[..., AgentCase]) -> None:
    keep()
    with pytest.raises(Conflict, match="another case"):
        keep()


def test_cases_have_a_number_that_is_not_passed(
    keep: Callable[..., AgentCase], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "MOST_CASES", 1)
    keep()
    with pytest.raises(Conflict, match="1 cases already"):
        keep("other")


def test_a_case_that_was_deleted_can_be_brought_back(keep: Callable[..., AgentCase], builder: User) -> None:
    row = keep()
    gone = keeping.case_delete(who=builder, agent=COUNTER, id=row.pk)
    assert not AgentCase.objects.exists()
    with pytest.raises(NotFound):
        keeping.case_get(who=builder, agent=COUNTER, id=row.pk)
    back = keep(gone.name, gone.input, **gone.expected)
    assert (back.name, back.input, back.expected) == (row.name, row.input, row.expected)


def test_who_may_not_configure_agents_keeps_no_cases(member: MakeMember, acme: Tenant) -> None:
    analyst = member("analyst")
    with pytest.raises(PermissionDenied):
        keeping.case_save(who=analyst, user=analyst, agent=COUNTER, name="a", data={}, expected=EXPECT)


def test_cases_and_results_are_sealed(
    keep: Callable[..., AgentCase], evaluated: Callable[..., AgentEvaluation], finished: Start
) -> None:
    keep(note="a secret of the house")
    evaluated()
    with connection.cursor() as cursor:
        for table in ("agents_agentcase", "agents_agentevaluation"):
            cursor.execute(f"select string_agg(t::text, '') from {table} t")
            stored = cursor.fetchone()[0]
            for word in (b"a secret of the house".hex(), "a secret of the house", "Counted to"):
                assert word not in stored


def test_two_evaluations_of_an_agent_are_never_under_way_at_once(
    committed_db: str, builder: User, board: Board, acme: Tenant
) -> None:
    def start(number: int) -> str:
        try:
            return services.evaluation_start(who=builder, user=builder, agent=COUNTER).status
        except Conflict:
            return "refused"

    assert sorted(at_once(4, acme, start)) == ["queued", "refused", "refused", "refused"]
    assert AgentEvaluation.objects.count() == 1


def test_who_may_not_run_an_agent_does_not_have_it_evaluated(
    builder: User, board: Board, member: Callable[..., User]
) -> None:
    configurations.configuration_save(who=builder, user=builder, agent=COUNTER, settings={}, roles=["builder"])
    analyst = member("analyst")
    with pytest.raises(PermissionDenied):
        services.evaluation_start(who=analyst, user=analyst, agent=COUNTER)


def test_a_draft_is_evaluated_by_who_sets_agents_up(builder: User, board: Board, member: Callable[..., User]) -> None:
    analyst = member("analyst")
    with pytest.raises(PermissionDenied):
        services.evaluation_start(who=analyst, user=analyst, agent=COUNTER, draft={"start": 1})
    made = services.evaluation_start(who=builder, user=builder, agent=COUNTER, draft={"start": 1})
    assert made.status == "queued"
