"""Pages and API of trained models."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from apps.accounts.models import User
from apps.ai.models import TrainedModel
from tests.agents.conftest import WorkOff
from tests.ai.training.conftest import Train, Upload
from tests.conftest import MakeMember
from tests.dummy.kinds.tendency import TENDENCY

PAGE = f"/trained-models/{TENDENCY}/"
API = f"/api/v1/trained-models/{TENDENCY}"


@pytest.fixture
def browser(builder: User, client_for: Callable[..., Client]) -> Client:
    return client_for(builder)


@pytest.fixture
def api(builder: User, api_for: Callable[..., APIClient]) -> APIClient:
    return api_for(builder)


def text(answer: Any) -> str:
    return str(answer.content.decode())


def test_what_can_be_trained_is_listed_with_what_is_in_use(browser: Client, train: Train) -> None:
    row = train(9, 10, 11, 10)
    assert "None is in use" in text(browser.get("/trained-models/"))
    browser.post(f"{PAGE}versions/{row.pk}/promote/")
    assert "Version 1 is in use" in text(browser.get("/trained-models/"))


def test_a_version_is_trained_from_the_form_and_shows_how_good_it_is(
    browser: Client, upload: Upload, work_off: WorkOff
) -> None:
    dataset = upload(9, 10, 11, 10)
    assert str(dataset) in text(browser.get(PAGE))
    answer = browser.post(PAGE, {"dataset": str(dataset), "options.middle": "median", "note": "First"})
    row = TrainedModel.objects.get()
    assert answer.headers["Location"] == f"{PAGE}versions/{row.pk}/"
    assert "It is safe to leave this page" in text(browser.get(answer.headers["Location"]))
    work_off()
    shown = text(browser.get(answer.headers["Location"]))
    assert "It is better than none by" in shown
    assert "The middle is 11" in shown
    assert row.input["options"] == {"middle": "median"}


@pytest.mark.parametrize("sent", [{"dataset": ""}, {"dataset": "nothing"}, {"dataset": str(uuid4())}])
def test_a_form_without_data_comes_back_and_starts_nothing(browser: Client, sent: dict[str, str]) -> None:
    answer = browser.post(PAGE, {**sent, "note": "Kept words"})
    assert answer.status_code in {404, 422}
    assert "Kept words" in text(answer)
    assert not TrainedModel.objects.exists()


def test_one_that_may_be_chance_asks_for_a_reason(browser: Client, train: Train) -> None:
    row = train(0, 0, 0, 0)
    at = f"{PAGE}versions/{row.pk}/"
    assert "may be chance" in text(browser.get(at))
    refused = browser.post(f"{at}promote/")
    assert refused.status_code == 409
    assert "it was not promoted" in text(refused)
    assert browser.post(f"{at}promote/", {"reason": "A trial"}).status_code == 302
    assert "in use because: A trial" in text(browser.get(at))


def test_two_versions_stand_beside_each_other_and_different_data_is_told(browser: Client, train: Train) -> None:
    first, second = train(9, 10, 11, 10), train(19, 20, 21, 20)
    shown = text(browser.get(f"{PAGE}versions/{second.pk}/?against={first.pk}"))
    assert "Version 1" in shown
    assert "judged on different data" in shown


def test_who_may_only_look_is_offered_nothing_to_change(
    train: Train, member: MakeMember, client_for: Callable[..., Client]
) -> None:
    row, looker = train(9, 10, 11, 10), client_for(member("auditor"))
    shown = text(looker.get(f"{PAGE}versions/{row.pk}/"))
    assert "Take into use" not in shown
    assert looker.post(f"{PAGE}versions/{row.pk}/promote/").status_code == 403
    assert client_for(member("viewer")).get("/trained-models/").status_code == 403


def test_a_page_of_many_versions_costs_as_few_statements_as_one_of_few(browser: Client, train: Train) -> None:
    def counted() -> int:
        browser.get(PAGE)  # what is kept for a moment is there
        with CaptureQueriesContext(connection) as statements:
            browser.get(PAGE)
        return len(statements)

    train()
    few = counted()
    for _ in range(3):
        train()
    assert counted() == few


def test_the_api_trains_judges_promotes_and_retires(api: APIClient, upload: Upload, work_off: WorkOff) -> None:
    started = api.post(f"{API}/versions", {"dataset": str(upload(9, 10, 11, 10)), "note": "First"}, format="json")
    assert started.status_code == 202
    assert started.headers["Location"].endswith(started.json()["id"])
    work_off()
    found = api.get(started.headers["Location"]).json()
    assert (found["status"], found["number"], found["parameters"]) == ("trained", 1, {"value": 10.0})
    assert found["gain"]["mean"] == 10.0
    promoted = api.post(f"{API}/versions/{found['id']}/promote", {}, format="json").json()
    assert promoted["in_use"] is True
    listed = {each["key"]: each["in_use"] for each in api.get("/api/v1/trained-models").json()["items"]}
    assert listed[TENDENCY] == 1
    assert api.delete(f"{API}/versions/{found['id']}").status_code == 409
    assert api.post(f"{API}/retire").json()["in_use"] is None
    assert api.delete(f"{API}/versions/{found['id']}").status_code == 204
    assert api.get(f"{API}/versions").json()["items"] == []


def test_the_api_names_the_option_that_is_wrong(api: APIClient, upload: Upload) -> None:
    answer = api.post(f"{API}/versions", {"dataset": str(upload(1, 2)), "options": {"middle": "mode"}}, format="json")
    assert answer.status_code == 422
    assert [issue["path"] for issue in answer.json()["issues"]] == ["options.middle"]


def test_a_version_of_another_kind_is_not_found_under_this_one(api: APIClient, train: Train) -> None:
    row = train()
    assert api.get(f"/api/v1/trained-models/retail.combination_weights/versions/{row.pk}").status_code == 404
    assert api.get(f"/api/v1/trained-models/none/versions/{row.pk}").status_code == 404


def test_a_training_that_is_stopped_says_so(api: APIClient, browser: Client, start: Train) -> None:
    row = start()
    assert api.post(f"{API}/versions/{row.pk}/stop").json()["status"] == "cancelled"
    assert api.post(f"{API}/versions/{row.pk}/stop").status_code == 409
    assert browser.get(f"{PAGE}versions/{row.pk}/snapshot/").json()["status"] == "cancelled"
