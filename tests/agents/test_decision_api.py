"""Decisions over the API: read, reviewed, carried out, judged, and on paper."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from apps.accounts.models import User
from apps.agents.models import AgentAction, AgentReview, AgentRun
from tests.agents.conftest import COUNTER, Start
from tests.agents.test_records import ASKED, DECIDER

Make = Callable[..., User]
Call = Callable[..., APIClient]
RUNS, ALL = "/api/v1/runs", "/api/v1/decisions"


@pytest.fixture
def analyst(member: Make) -> User:
    return member("analyst")


@pytest.fixture
def api(api_for: Call, analyst: User) -> APIClient:
    return api_for(analyst)


@pytest.fixture
def decided(finished: Start) -> AgentRun:
    return finished(key=DECIDER, **ASKED)


def statements(api: APIClient, address: str) -> int:
    with CaptureQueriesContext(connection) as caught:
        assert api.get(address).status_code == 200
    return len(caught)


def review(api: APIClient, run: AgentRun, **sent: Any) -> Any:
    body = {"verdict": "hold", "reason": "Known.", "seen": 0, **sent}
    return api.post(f"{RUNS}/{run.pk}/decisions/0/review", body, format="json")


def test_the_decisions_of_a_run_come_with_their_reasons_proposals_and_record(api: APIClient, decided: AgentRun) -> None:
    told = api.get(f"{RUNS}/{decided.pk}/decisions").json()
    first = told["items"][0]
    assert [each["subject"] for each in told["items"]] == ["Cy", "Bo", "Ada"]
    assert (first["verdict"], first["stands"], first["score"], first["scale"]["high"]) == (
        "refuse",
        "refuse",
        5000,
        10000,
    )
    assert first["reasons"][0]["evidence"][0]["row"] == 3
    assert [(each["kind"], each["status"]) for each in first["proposals"]] == [
        ("agents.run", "open"),
        ("dummy.fail", "open"),
    ]
    assert (first["reviews"], first["reviews_made"]) == ([], 0)
    assert told["record"]["settings"] == {"hold_from": 100.0, "refuse_from": 1000.0}
    assert api.get(f"{RUNS}/{decided.pk}").json()["verdict"] == "refuse"


def test_a_run_without_decisions_has_none(api: APIClient, finished: Start) -> None:
    assert api.get(f"{RUNS}/{finished().pk}/decisions").json() == {"items": [], "record": None}


def test_the_list_of_decisions_is_narrowed_and_costs_the_same(
    api: APIClient, decided: AgentRun, finished: Start
) -> None:
    review(api, decided)
    assert [each["subject"] for each in api.get(ALL).json()["items"]] == ["Cy", "Bo", "Ada"]
    (first,) = api.get(ALL, {"review": "overridden"}).json()["items"]
    assert (first["stands"], first["reviews_made"], first["ref"]) == ("hold", 1, decided.ref)
    assert len(api.get(ALL, {"verdict": "hold", "agent": DECIDER}).json()["items"]) == 2
    assert api.get(ALL, {"review": "wanted"}).json()["items"] == []
    assert api.get(ALL, {"review": "whatever"}).status_code == 422
    few = statements(api, ALL)
    for _ in range(5):
        finished(key=DECIDER, **ASKED)
    assert statements(api, ALL) == few
    page = api.get(ALL, {"limit": 2}).json()
    assert len(page["items"]) == 2
    assert len(api.get(page["next"]).json()["items"]) == 2


def test_an_override_answers_with_how_the_decision_stands(api: APIClient, decided: AgentRun, analyst: User) -> None:
    told = review(api, decided).json()
    assert (told["verdict"], told["stands"], told["review"], told["reviewed_by"]) == (
        "refuse",
        "hold",
        "overridden",
        analyst.email,
    )
    assert [(each["verdict"], each["reason"]) for each in told["reviews"]] == [("hold", "Known.")]
    assert api.get(f"{RUNS}/{decided.pk}").json()["verdict"] == "hold"


def test_an_override_that_has_not_seen_the_last_one_is_a_conflict(api: APIClient, decided: AgentRun) -> None:
    review(api, decided)
    answer = review(api, decided, verdict="pass")
    assert (answer.status_code, AgentReview.objects.count()) == (409, 1)
    assert "Known." in answer.json()["detail"]
    assert review(api, decided, verdict="pass", seen=1).status_code == 200


@pytest.mark.parametrize(
    ("sent", "place"), [({"reason": ""}, "reason"), ({"verdict": "perhaps"}, "verdict"), ({"seen": None}, "seen")]
)
def test_a_review_that_lacks_something_names_the_place(
    api: APIClient, decided: AgentRun, sent: dict[str, Any], place: str
) -> None:
    answer = review(api, decided, **sent)
    assert answer.status_code == 422
    assert [issue["path"] for issue in answer.json()["issues"]] == [place]
    assert not AgentReview.objects.exists()


def test_who_may_not_review_is_refused(api_for: Call, member: Make, decided: AgentRun) -> None:
    assert review(api_for(member("builder")), decided).status_code == 403
    assert not AgentReview.objects.exists()


def test_a_proposal_is_carried_out_once(api: APIClient, decided: AgentRun) -> None:
    act = f"{RUNS}/{decided.pk}/decisions/0/actions/0"
    first, second = api.post(act).json(), api.post(act).json()
    assert (first["status"], first) == ("done", second)
    assert first["link"] == f"/runs/{AgentRun.objects.get(agent_key=COUNTER).ref}/"
    assert api.get(f"{RUNS}/{decided.pk}/decisions").json()["items"][0]["proposals"][0] == first


def test_a_proposal_that_fails_says_so_and_why(api: APIClient, decided: AgentRun) -> None:
    told = api.post(f"{RUNS}/{decided.pk}/decisions/0/actions/1").json()
    assert (told["status"], told["outcome"]) == ("failed", "The shelf is full. Make room.")


def test_who_may_not_do_it_is_refused(api_for: Call, member: Make, decided: AgentRun) -> None:
    answer = api_for(member("approver")).post(f"{RUNS}/{decided.pk}/decisions/0/actions/0")
    assert (answer.status_code, AgentAction.objects.exists()) == (403, False)


def test_feedback_is_given_and_read(api: APIClient, decided: AgentRun, analyst: User) -> None:
    feedback = f"{RUNS}/{decided.pk}/feedback"
    for is_right in (True, False):
        told = api.post(feedback, {"is_right": is_right, "comment": "Hm."}, format="json").json()
        assert (told["is_right"], told["by"]) == (is_right, analyst.email)
    assert [each["is_right"] for each in api.get(feedback).json()["items"]] == [False]


@pytest.mark.parametrize(("sort", "media"), [("html", "text/html"), ("pdf", "application/pdf")])
def test_a_decision_comes_down_on_paper(api: APIClient, decided: AgentRun, sort: str, media: str) -> None:
    address = f"{RUNS}/{decided.pk}/decisions/0/record.{sort}"
    answer = api.get(address)
    assert answer.headers["Content-Type"].startswith(media)
    assert answer.content == api.get(address).content
    assert api.get(f"{RUNS}/{decided.pk}/decisions/9/record.{sort}").status_code == 404
