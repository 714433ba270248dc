"""The gallery of blueprints, and the page of each."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from apps.accounts.models import User
from apps.tenants.context import forget
from apps.tenants.models import Tenant
from apps.workflows.models import Workflow

Browse = Callable[..., Client]
KEY = "retail.weekly_demand_review"
PAGE = f"/workflows/blueprints/{KEY}/"


@pytest.fixture
def page(client_for: Browse, builder: User) -> Client:
    return client_for(builder)


def narrow(tenant: Tenant, *industries: str) -> None:
    Tenant.objects.filter(pk=tenant.pk).update(industries=list(industries))
    forget()


def test_the_gallery_shows_blueprints_by_industry(page: Client) -> None:
    shown = page.get("/workflows/blueprints/").content.decode()
    order = [
        shown.index(f"/workflows/blueprints/{key}/") for key in ("finance.cash_outlay", KEY, "tech.capacity_watch")
    ]
    assert order == sorted(order)
    assert "Forecasts every item each week" in shown


def test_where_no_industry_brings_one_the_gallery_says_so(page: Client, acme: Tenant) -> None:
    narrow(acme)
    assert "No blueprint here" in page.get("/workflows/blueprints/").content.decode()
    assert page.get(PAGE).status_code == 404


def test_the_gallery_keeps_what_is_looked_for_in_the_address(page: Client) -> None:
    asked = {"q": "safety", "industry": "healthcare", "need": "person"}
    shown = page.get("/workflows/blueprints/", asked).content.decode()
    assert "Medication round" in shown
    assert "Beds and medicines" not in shown
    for kept in ('value="safety"', 'value="healthcare" selected', 'value="person" selected', "Clear filters"):
        assert kept in shown
    nothing = page.get("/workflows/blueprints/", {"q": "\x00no such thing"}).content.decode()
    assert "No blueprint fits" in nothing


def test_the_page_of_a_blueprint_costs_the_same_statements_whatever_it_needs(page: Client) -> None:
    def statements(key: str) -> int:
        with CaptureQueriesContext(connection) as asked:
            assert page.get(f"/workflows/blueprints/{key}/").status_code == 200
        return len(asked)

    statements(KEY)
    assert statements("manufacturing.line_release") == statements(KEY) == statements("tech.support_roster")


def test_a_blueprint_is_read_before_it_is_used(page: Client) -> None:
    shown = page.get(PAGE).content.decode()
    for words in ("A table of units sold by item and week", "Agree to the changes", "kind: agent", "Use this"):
        assert words in shown
    assert "To try it with" not in shown, "its samples need data that is not here"


def test_a_blueprint_becomes_a_draft_by_one_press(page: Client, builder: User) -> None:
    answer = page.post(f"{PAGE}use/")
    assert (answer.status_code, answer["Location"]) == (302, "/workflows/weekly-demand-review/")
    made = Workflow.objects.get()
    assert (made.created_by, made.published) == (builder, None)
    assert "is a draft of yours now" in page.get(answer["Location"]).content.decode()


def test_what_a_blueprint_lacks_is_told_in_the_place_of_the_button(page: Client, acme: Tenant) -> None:
    narrow(acme, "finance")
    shown = page.get("/workflows/blueprints/finance.cash_outlay/").content.decode()
    assert "no agent &#x27;retail.demand_forecaster&#x27;" in shown
    assert "Use this" not in shown
    assert page.post("/workflows/blueprints/finance.cash_outlay/use/").status_code == 422
    assert not Workflow.objects.exists()


def test_a_viewer_reads_blueprints_and_makes_nothing(client_for: Browse, member: Callable[..., User]) -> None:
    viewer = client_for(member("viewer"))
    shown = viewer.get(PAGE)
    assert shown.status_code == 200
    assert "Use this" not in shown.content.decode()
    assert viewer.post(f"{PAGE}use/").status_code == 403
    assert not Workflow.objects.exists()


def test_the_gallery_costs_no_statement_of_its_own(page: Client) -> None:
    page.get("/help/")
    with CaptureQueriesContext(connection) as plain:
        page.get("/help/")
    with CaptureQueriesContext(connection) as asked:
        page.get("/workflows/blueprints/")
    assert len(asked) <= len(plain)
