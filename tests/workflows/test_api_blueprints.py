"""Blueprints over the API."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from rest_framework.test import APIClient

from apps.accounts.models import User
from apps.tenants.models import Tenant
from apps.workflows.blueprints import blueprints
from apps.workflows.models import Workflow

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
