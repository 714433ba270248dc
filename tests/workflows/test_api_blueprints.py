"""Blueprints over the API."""

from __future__ import annotations

import time
from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from apps.accounts.models import User
from apps.datasets.models import Dataset
from apps.datasets.services import dataset_upload
from apps.gateway.tokens import SignIn, token_issue
from apps.tenants.models import Tenant
from apps.workflows.blueprints import blueprints
from apps.workflows.gallery import Here
from apps.workflows.models import Trigger, Workflow, WorkflowRun
from apps.workflows.schemas.blueprints import BlueprintOut

Api = Callable[..., APIClient]
KEY = "retail.weekly_demand_review"


def test_the_blueprints_of_the_industries_are_listed_by_industry(acme: Tenant, api_for: Api, builder: User) -> None:
    answer = api_for(builder).get("/api/v1/workflow-blueprints")
    assert answer.status_code == 200
    items = answer.json()["items"]
    assert [each["key"] for each in items] == list(blueprints())
    first = next(each for each in items if each["key"] == "finance.cash_outlay")
    assert (first["industry"], first["title"]) == ("finance", "Cash outlay of the branches")
    assert first["agents"] == ["retail.demand_forecaster"]
    assert first["kinds"] == ["Agent", "Transform", "Branch", "Stop", "Approval", "Switch", "Wait"]


def test_a_blueprint_is_shown_with_its_definition_and_without_samples_whose_data_is_not_here(
    acme: Tenant, api_for: Api, builder: User
) -> None:
    told = api_for(builder).get(f"/api/v1/workflow-blueprints/{KEY}").json()
    assert told["definition"]["name"] == "weekly-demand-review"
    assert (told["lacks"], told["samples"]) == ([], [])


def test_a_workflow_is_made_of_a_blueprint_as_a_draft(acme: Tenant, api_for: Api, builder: User) -> None:
    made = [api_for(builder).post(f"/api/v1/workflow-blueprints/{KEY}/use") for _ in range(2)]
    assert [answer.status_code for answer in made] == [201, 201]
    assert [answer.json()["name"] for answer in made] == ["weekly-demand-review", "weekly-demand-review-2"]
    assert made[1]["Location"] == "/api/v1/workflows/weekly-demand-review-2"
    assert made[1].json()["draft"]["steps"] == made[0].json()["draft"]["steps"]
    assert api_for(builder).get(made[1]["Location"]).json()["published"] is None


@pytest.mark.parametrize(("role", "status"), [("analyst", 403), ("viewer", 403), ("builder", 201)])
def test_only_who_may_edit_workflows_makes_one(
    acme: Tenant, api_for: Api, member: Callable[..., User], role: str, status: int
) -> None:
    answer = api_for(member(role)).post(f"/api/v1/workflow-blueprints/{KEY}/use")
    assert (answer.status_code, Workflow.objects.count()) == (status, 1 if status == 201 else 0)


def test_a_blueprint_of_another_industry_is_not_found(
    globex: Tenant, api_for: Api, member: Callable[..., User]
) -> None:
    Tenant.objects.filter(pk=globex.pk).update(industries=["finance"])
    outsider = api_for(member("builder", tenant=globex), tenant=globex)
    assert outsider.get(f"/api/v1/workflow-blueprints/{KEY}").status_code == 404
    assert outsider.post(f"/api/v1/workflow-blueprints/{KEY}/use").status_code == 404
    assert outsider.post("/api/v1/workflow-blueprints/nothing/use").status_code == 404
    refused = outsider.post("/api/v1/workflow-blueprints/finance.cash_outlay/use")
    assert refused.status_code == 422
    assert "no agent 'retail.demand_forecaster'" in refused.json()["issues"][0]["message"]


DIESEL = "logistics.diesel_budget"
SET_UP = f"/api/v1/workflow-blueprints/{DIESEL}/set-up"


@pytest.fixture
def diesel(acme: Tenant, builder: User) -> Dataset:
    return dataset_upload(file=BytesIO(b"depot,week,litres\nBath,2026-01-05,3\n"), name="diesel.csv", user=builder)


def test_the_list_tells_of_each_what_it_needs_and_what_is_missing_in_as_many_statements_for_all_as_for_one(
    acme: Tenant, api_for: Api, builder: User
) -> None:
    here = Here(builder)
    with CaptureQueriesContext(connection) as seen:
        assert len([BlueprintOut.of_tenant(each, here) for each in blueprints().values()]) > 10
    asked = [each["sql"] for each in seen.captured_queries if each["sql"].startswith("SELECT")]
    assert len(asked) == 2, asked
    items = {each["key"]: each for each in api_for(builder).get("/api/v1/workflow-blueprints").json()["items"]}
    assert len(items) == len(blueprints())
    found = {need["title"]: (need["state"], need["page"]) for need in items[DIESEL]["requirements"]}
    assert (found["Diesel"], found["Demand Forecaster"][0]) == (("missing", "/data/"), "there")
    assert [each["state"] for each in items[DIESEL]["requirements"]][:2] == ["missing", "missing"], "first"
    assert (items[DIESEL]["can_be_set_up"], items[DIESEL]["lacks"]) == (True, [])


def test_what_stands_against_a_set_up_is_told(globex: Tenant, api_for: Api, member: Callable[..., User]) -> None:
    Tenant.objects.filter(pk=globex.pk).update(industries=["logistics"])
    api = api_for(member("builder", tenant=globex), tenant=globex)
    told = api.get(f"/api/v1/workflow-blueprints/{DIESEL}").json()
    assert (told["can_be_set_up"], "no agent 'retail.demand_forecaster'" in told["lacks"][0]) == (False, True)
    assert api.post(SET_UP, {}, format="json").status_code == 422


def test_a_blueprint_is_shown_as_it_would_be_made_with_what_a_set_up_asks(
    acme: Tenant, api_for: Api, builder: User, diesel: Dataset
) -> None:
    api = api_for(builder)
    api.post(f"/api/v1/workflow-blueprints/{DIESEL}/use")
    Dataset.objects.filter(pk=diesel.pk).update(name="Weekly diesel", is_demo=True)
    told = api.get(f"/api/v1/workflow-blueprints/{DIESEL}").json()
    assert told["definition"]["name"] == "diesel-budget-2"
    assert {"diesel", "budget", "price"} <= told["values_schema"]["properties"].keys()
    assert told["values_schema"].get("required", []) == []
    assert told["roles"] == ["approver", "owner"]
    assert [each["number"] for each in told["samples"]][:2] == [0, 1]


def test_a_blueprint_is_set_up_by_answers_with_a_schedule_and_a_run_once_for_each_idempotency_key(
    acme: Tenant, api_for: Api, builder: User, diesel: Dataset, board: Any
) -> None:
    answers = {
        "title": "Fuel of the north",
        "values": {"diesel": str(diesel.pk), "budget": 900_000},
        "roles": ["owner"],
        "schedule": {"cron": "0 7 * * MON", "zone": "Europe/London"},
        "publish": True,
        "run": True,
    }
    api = api_for(builder)
    made = [api.post(SET_UP, answers, format="json", headers={"Idempotency-Key": "once"}) for _ in range(2)]
    assert [each.status_code for each in made] == [201, 201]
    assert made[0].json() == made[1].json()
    assert made[0]["Location"] == "/api/v1/workflows/diesel-budget"
    told = made[0].json()
    assert (told["workflow"]["title"], told["workflow"]["published"]) == ("Fuel of the north", 1)
    assert told["workflow"]["definition"]["inputs"]["budget"]["default"] == 900_000
    assert (told["run"]["origin"], told["run"]["workflow"]) == ("api", "diesel-budget")
    assert (Workflow.objects.count(), Trigger.objects.count(), WorkflowRun.objects.count()) == (1, 1, 1)


@pytest.mark.parametrize(
    ("answers", "place", "words"),
    [
        ({"values": {"budget": 0}}, "values.budget", "greater than or equal to 1"),
        ({"values": {"no_input": 1}}, "values.no_input", "not permitted"),
        ({"roles": ["viewer"]}, "roles", "may not decide"),
        ({"run": True}, "", "A draft cannot be run"),
        ({"schedule": {"cron": "never"}}, "schedule", "five parts"),
        ({"schedule": {"cron": "0 7 * * MON"}}, "values.diesel", "A schedule needs a value"),
        ({"publish": True, "run": True}, "inputs.diesel", "required"),
        ({"publish": True, "run": True, "sample": 9}, "sample", "no such sample here"),
        ({"colour": "red"}, "colour", "not permitted"),
    ],
)
def test_an_answer_that_does_not_fit_is_told_by_its_place_and_nothing_is_made(
    acme: Tenant, api_for: Api, builder: User, board: Any, answers: dict[str, Any], place: str, words: str
) -> None:
    refused = api_for(builder).post(SET_UP, answers, format="json")
    assert refused.status_code == 422
    found = {each["path"]: each["message"] for each in refused.json()["issues"]}
    assert words.lower() in found[place].lower()
    assert (Workflow.objects.count(), Trigger.objects.count(), WorkflowRun.objects.count()) == (0, 0, 0)


def test_to_publish_by_a_set_up_takes_a_proof_of_who_one_is_and_a_draft_takes_none(
    acme: Tenant, builder: User, board: Any
) -> None:
    token = token_issue(user=builder, sign_in=SignIn(time.time() - 601))
    caller = Client(headers={"host": "acme.localhost", "authorization": f"Bearer {token}"})
    refused = caller.post(SET_UP, {"publish": True}, "application/json")
    assert (refused.status_code, refused.json()["code"]) == (403, "reauthentication_required")
    assert not Workflow.objects.exists()
    assert caller.post(SET_UP, {}, "application/json").status_code == 201


@pytest.mark.parametrize("role", ["analyst", "viewer", "approver"])
def test_only_who_may_edit_workflows_sets_one_up(
    acme: Tenant, api_for: Api, member: Callable[..., User], role: str
) -> None:
    assert api_for(member(role)).post(SET_UP, {}, format="json").status_code == 403
    assert not Workflow.objects.exists()
