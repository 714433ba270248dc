from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from apps.accounts.models import User
from apps.agents import configurations
from apps.agents.contract import AGENTS
from apps.agents.evaluations import keeping, services
from apps.agents.models import AgentCase, AgentDecision, AgentEvaluation
from tests.agents.conftest import Start, WorkOff
from tests.conftest import MakeMember

COUNTER = AGENTS["dummy.counter"]
LIST = "/agents/dummy.counter/evaluations/"
EXPECT: dict[str, Any] = {
    "expect": [{"path": "output.numbers", "value": [1, 2]}],
    "scores": {"first": "output.numbers[0]"},
}
ClientFor = Callable[..., Client]


@pytest.fixture
def builder(member: MakeMember) -> User:
    return member("builder")


@pytest.fixture
def browser(builder: User, client_for: ClientFor, work_off: WorkOff) -> Client:
    return client_for(builder)


@pytest.fixture
def evaluated(builder: User, work_off: WorkOff) -> Callable[..., AgentEvaluation]:
    def make(**what: Any) -> AgentEvaluation:
        made = services.evaluation_start(who=builder, user=builder, agent=COUNTER, **what)
        work_off()
        return services.evaluation_by_id(who=builder, id=made.id)

    return make


@pytest.fixture
def kept(builder: User) -> AgentCase:
    given: dict[str, Any] = {"agent": COUNTER, "name": "mine", "data": {"steps": 2}, "expected": EXPECT}
    return keeping.case_save(who=builder, user=builder, **given)


def text(answer: Any) -> str:
    return str(answer.content.decode())


def page(evaluation: AgentEvaluation) -> str:
    return f"{LIST}{evaluation.pk}/"


def test_a_version_that_nobody_has_evaluated_is_said_to_be_so(
    browser: Client, evaluated: Callable[..., AgentEvaluation]
) -> None:
    assert "Version 1.0 has not been evaluated here yet" in text(browser.get(LIST))
    evaluated()
    assert "has not been evaluated" not in text(browser.get(LIST))


def test_an_evaluation_is_started_and_shown(browser: Client, work_off: WorkOff, kept: AgentCase) -> None:
    answer = browser.post(LIST, {"which": "now"})
    made = AgentEvaluation.objects.get()
    assert answer["Location"] == page(made)
    shown = text(browser.get(page(made)))
    assert "0 of 4" in shown
    assert f'data-snapshot="{page(made)}snapshot/"' in shown
    work_off()
    shown = text(browser.get(page(made)))
    assert "All pass" in shown
    assert "output.numbers = [1, 2]" in shown
    assert "your own" in shown
    assert browser.get(f"{page(made)}snapshot/").json()["passed"] == 4


@pytest.mark.parametrize(
    ("entered", "outcome"),
    [
        ({"which": "own"}, (0, False, {})),
        ({"which": "1"}, (1, False, {"start": 1})),
        ({"which": "now"}, (2, False, {"start": 2})),
        ({"which": "draft", "draft": '{"start": 3}'}, (0, True, {"start": 3})),
    ],
)
def test_settings_are_chosen(builder: User, browser: Client, entered: dict[str, str], outcome: Any) -> None:
    for start in (1, 2):
        configurations.configuration_save(
            who=builder, user=builder, agent=COUNTER, settings={"start": start}, roles=None
        )
    browser.post(LIST, entered)
    found = services.outcome_of(AgentEvaluation.objects.get())
    assert (found.number, found.is_draft, found.settings) == outcome


def test_what_is_entered_on_the_page_of_settings_is_evaluated_before_it_is_saved(browser: Client) -> None:
    assert f'formaction="{LIST}"' in text(browser.get("/agents/dummy.counter/settings/"))
    browser.post(LIST, {"which": "form", "settings.start": "7", "seen": "0", "runners": "all"})
    found = services.outcome_of(AgentEvaluation.objects.get())
    assert (found.is_draft, found.settings) == (True, {"start": 7})
    assert configurations.newest(COUNTER.key) is None


@pytest.mark.parametrize(
    ("draft", "told"),
    [("{", "This is not JSON"), ("[]", "Write a JSON object"), ('{"begin": 1}', "There is no such setting")],
)
def test_a_draft_that_cannot_be_used_is_told_and_kept(browser: Client, draft: str, told: str) -> None:
    answer = browser.post(LIST, {"which": "draft", "draft": draft})
    assert answer.status_code == 422
    assert told in text(answer)
    assert draft.replace('"', "&quot;") in text(answer)
    assert not AgentEvaluation.objects.exists()


def test_two_evaluations_stand_side_by_side_those_that_changed_first(
    browser: Client, builder: User, kept: AgentCase, evaluated: Callable[..., AgentEvaluation]
) -> None:
    first = evaluated()
    configurations.configuration_save(who=builder, user=builder, agent=COUNTER, settings={"start": 5}, roles=None)
    second = evaluated()
    shown = text(browser.get(page(second)))
    assert "3 before" in shown or "4 before" in shown
    assert "Start was 0, and is 5." in shown
    assert "Passed before, and fails." in shown
    assert "first" in shown
    assert "1 before" in shown
    assert shown.index("mine") < shown.index("from ten, whatever is set")
    alone = text(browser.get(f"{page(second)}?against=none"))
    assert "Passed before, and fails." not in alone
    back = text(browser.get(f"{page(first)}?against={second.pk}"))
    assert "Failed before, and passes." in back


def test_when_nothing_has_changed_that_is_said(browser: Client, evaluated: Callable[..., AgentEvaluation]) -> None:
    evaluated()
    assert "No case differs" in text(browser.get(page(evaluated())))


def test_an_evaluation_is_stopped(browser: Client, builder: User) -> None:
    made = services.evaluation_start(who=builder, user=builder, agent=COUNTER)
    browser.post(f"{page(made)}stop/")
    shown = text(browser.get(page(made)))
    assert "The evaluation was stopped" in shown
    assert "Broken off" in shown
    assert "has ended already" in text(browser.post(f"{page(made)}stop/", follow=True))


def test_a_run_is_kept_as_a_case_with_facts_to_choose_from(browser: Client, builder: User, finished: Start) -> None:
    run = finished(builder, steps=2)
    shown = text(browser.get(f"/agents/dummy.counter/cases/new/?run={run.number}"))
    assert "output.numbers[0] = 1" in shown
    assert "headline = &quot;Counted to 2&quot;" in shown
    chosen = json.dumps({"path": "headline", "value": "Counted to 2"})
    given = {"name": "two", "fact": [chosen], "facts": "[]", "input": '{"steps": 2}', "run": run.number}
    answer = browser.post("/agents/dummy.counter/cases/new/", given)
    assert answer["Location"] == LIST
    row = AgentCase.objects.get()
    assert (row.run, row.name, row.input) == (run, "two", {"steps": 2})
    assert row.expected == {"expect": [{"path": "headline", "value": "Counted to 2"}]}
    assert run.ref in text(browser.get(LIST))


def test_what_was_decided_is_offered_first_as_it_stands(browser: Client, builder: User, finished: Start) -> None:
    rows = {"table": {"rows": [{"name": "Bo", "amount": 500}]}}
    run = finished(builder, key="dummy.decider", **rows)
    AgentDecision.objects.update(override="pass", review="overridden")
    shown = text(browser.get(f"/agents/dummy.decider/cases/new/?run={run.number}"))
    assert shown.index("decision.verdict = &quot;pass&quot;") < shown.index("decision.score = 500.0")


def test_a_failure_may_be_what_is_expected(browser: Client, builder: User, finished: Start) -> None:
    run = finished(builder, mood="cross")
    shown = text(browser.get(f"/agents/dummy.counter/cases/new/?run={run.number}"))
    assert "problem.code = &quot;invalid_input&quot;" in shown


def test_the_pages_of_an_agent_and_of_a_run_lead_here(browser: Client, builder: User, finished: Start) -> None:
    run = finished(builder, key="dummy.decider", table={"rows": [{"name": "Bo", "amount": 500}]})
    shown = text(browser.get("/agents/dummy.decider/"))
    assert "/agents/dummy.decider/evaluations/" in shown
    assert "/agents/dummy.decider/drift/" in shown
    assert f"/agents/dummy.decider/cases/new/?run={run.number}" in text(browser.get(f"/runs/{run.ref}/"))


def test_a_run_of_another_agent_is_not_offered(browser: Client, builder: User, finished: Start) -> None:
    run = finished(builder, key="dummy.idle", value=1)
    assert "New case" in text(browser.get(f"/agents/dummy.counter/cases/new/?run={run.number}"))


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"name": "a", "facts": "{", "input": "{}"}, "This is not JSON"),
        ({"name": "a", "facts": "{}", "input": "{}"}, "Write a JSON list"),
        ({"name": "a", "facts": "[]", "input": "{}"}, "at least 1 item"),
        ({"name": "a", "facts": '[{"path": "x"}]', "input": "{}"}, "begins with"),
        ({"name": "a", "facts": '[{"path": "output"}]', "input": '{"steps": 0}'}, "steps"),
        ({"name": "", "facts": '[{"path": "output"}]', "input": "{}"}, "at least 1 character"),
    ],
)
def test_a_case_that_cannot_be_used_is_told_by_place_and_kept(
    browser: Client, given: dict[str, str], told: str
) -> None:
    answer = browser.post("/agents/dummy.counter/cases/new/", given)
    assert answer.status_code == 422
    assert told in text(answer)
    assert not AgentCase.objects.exists()


def test_a_case_is_changed_deleted_and_brought_back(browser: Client, kept: AgentCase) -> None:
    address = f"/agents/dummy.counter/cases/{kept.pk}/"
    shown = text(browser.get(address))
    assert "output.numbers" in shown
    given = {"name": "changed", "facts": json.dumps(EXPECT["expect"]), "input": '{"steps": 2}', "scores": "{}"}
    browser.post(address, given)
    kept.refresh_from_db()
    assert (kept.name, kept.expected) == ("changed", {"expect": EXPECT["expect"]})
    gone = browser.post(f"{address}delete/")
    assert not AgentCase.objects.exists()
    assert "Undo" in text(gone)
    fields = gone.context["form"]
    browser.post(
        "/agents/dummy.counter/cases/new/",
        {name: getattr(fields, name) for name in ("name", "note", "scores", "facts", "input", "run")},
    )
    back = AgentCase.objects.get()
    assert (back.name, back.input, back.expected) == (kept.name, kept.input, kept.expected)


@pytest.mark.parametrize("role", ["viewer", "analyst"])
def test_who_may_only_look_is_offered_nothing_else(
    role: str, member: MakeMember, client_for: ClientFor, kept: AgentCase, evaluated: Callable[..., AgentEvaluation]
) -> None:
    made, browser = evaluated(), client_for(member(role))
    shown = text(browser.get(LIST))
    assert "New case" not in shown
    assert ("Start an evaluation" in shown) == (role == "analyst")
    assert "not change them" in text(browser.get(f"/agents/dummy.counter/cases/{kept.pk}/"))
    assert browser.get(page(made)).status_code == 200
    assert browser.get("/agents/dummy.counter/cases/new/").status_code == 403
    assert browser.post(f"/agents/dummy.counter/cases/{kept.pk}/delete/").status_code == 403
    assert browser.post(LIST, {"which": "now"}).status_code == (302 if role == "analyst" else 403)


def test_pages_take_as_many_statements_however_much_there_is(
    browser: Client, builder: User, kept: AgentCase, evaluated: Callable[..., AgentEvaluation]
) -> None:
    def statements(made: AgentEvaluation) -> list[int]:
        counts = []
        for address in (LIST, page(made)):
            browser.get(address)
            with CaptureQueriesContext(connection) as seen:
                browser.get(address)
            counts.append(len(seen))
        return counts

    evaluated()
    few = statements(evaluated())
    for n in range(3):
        given: dict[str, Any] = {"agent": COUNTER, "name": f"more {n}", "data": {"steps": 2}, "expected": EXPECT}
        keeping.case_save(who=builder, user=builder, **given)
        made = evaluated()
    assert statements(made) == few == [6, 5]


def test_secrets_of_settings_that_were_sent_from_their_form_are_never_shown(
    member: MakeMember, client_for: ClientFor
) -> None:
    former, owner = AGENTS["dummy.former"], member("owner")
    configurations.configuration_save(
        who=owner, user=owner, agent=former, settings={"token": "hush-4711"}, roles=None, seen=0
    )
    # It has no cases, so that nothing is started and the page comes back as it was sent.
    answer = client_for(member("builder")).post(
        "/agents/dummy.former/evaluations/", {"which": "form", "settings.token": ""}
    )
    assert answer.status_code == 409
    assert "has no cases" in text(answer)
    assert "hush-4711" not in text(answer)
