"""What a tenant may ask of the API in a minute: by its plan, or by what an operator has set."""

from __future__ import annotations

import pytest
from django.test import Client

from apps.common.errors import InvalidInput
from apps.tenants import services
from apps.tenants.models import Tenant
from apps.tenants.plans import DEFAULT, PLANS, plan_of
from tests.tenants.test_back_office import LIST, NEW, office, one

__all__ = ["office"]  # a fixture


def test_a_tenant_has_the_limits_of_its_plan(acme: Tenant) -> None:
    assert plan_of(acme) == PLANS["standard"]
    services.tenant_change(tenant=acme, plan="trial")
    assert plan_of(Tenant.objects.get(pk=acme.pk)) == PLANS["trial"]


def test_what_an_operator_sets_holds_in_place_of_the_plans_number_and_can_be_taken_back(acme: Tenant) -> None:
    services.tenant_change(tenant=acme, max_requests=10, max_caller_requests=5, max_starts=2)
    allowed = plan_of(Tenant.objects.get(pk=acme.pk))
    assert (allowed.requests, allowed.caller_requests, allowed.starts) == (10, 5, 2)
    assert allowed.uploads == PLANS["standard"].uploads
    services.tenant_change(tenant=acme, max_requests=None)
    assert plan_of(Tenant.objects.get(pk=acme.pk)).requests == PLANS["standard"].requests


def test_a_plan_that_is_no_longer_there_counts_as_the_default_one(acme: Tenant) -> None:
    acme.plan = "of an earlier release"
    assert plan_of(acme) == PLANS[DEFAULT]


@pytest.mark.parametrize("rate", services.RATES)
@pytest.mark.parametrize("value", [0, -1, 1_000_001])
def test_a_limit_nobody_could_work_with_is_refused(acme: Tenant, rate: str, value: int) -> None:
    with pytest.raises(InvalidInput) as refused:
        services.tenant_change(tenant=acme, **{rate: value})
    assert [issue.path for issue in refused.value.issues] == [rate]
    assert getattr(Tenant.objects.get(pk=acme.pk), rate) is None


def test_a_plan_that_does_not_exist_is_refused_with_those_that_do(acme: Tenant) -> None:
    with pytest.raises(InvalidInput) as refused:
        services.tenant_change(tenant=acme, plan="gold")
    assert "trial, standard, enterprise" in refused.value.issues[0].message
    assert Tenant.objects.get(pk=acme.pk).plan == "standard"


def test_an_operator_chooses_a_plan_and_sets_limits(office: Client, acme: Tenant) -> None:
    form = {**NEW, "name": "Acme", "plan": "enterprise", "max_requests": "700", "max_starts": ""}
    assert office.post(one(acme), form).status_code == 302
    changed = Tenant.objects.get(slug="acme")
    assert (changed.plan, changed.max_requests, changed.max_starts) == ("enterprise", 700, None)


def test_an_operator_is_told_which_plans_there_are(office: Client, acme: Tenant) -> None:
    page = office.get(one(acme)).content.decode()
    assert all(f"{plan.title}: {plan.requests:,} requests" in page for plan in PLANS.values())
    refused = office.post(f"{LIST}add/", {**NEW, "plan": "gold"})
    assert "There is no plan “gold”: choose one of trial, standard, enterprise." in refused.content.decode()
    assert not Tenant.objects.filter(slug="initech").exists()
