"""Pages of calls to other systems: what was sent, and what a person says of one whose outcome nobody knows."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from apps.accounts.models import User
from apps.dispatch.models import DeadLetter, WorkRow
from apps.tenants.context import tenant_context
from apps.tenants.models import Tenant
from apps.workflows.models import HttpCall
from tests.agents.test_pages import statements, text_of
from tests.workflows.conftest import MakeWorkflow, Work, doom
from tests.workflows.test_pump import Start, after

Make = Callable[..., User]
Browse = Callable[..., Client]
Called = Callable[..., HttpCall]
CALLS, EFFECTS = "/calls/", "/effects/"


@pytest.fixture
def page(client_for: Browse, member: Make, builder: User) -> Client:
    return client_for(member("analyst", name="Ana Analyst"))


@pytest.fixture
def called(workflow: MakeWorkflow, start: Start, worked: Work) -> Called:
    """`called("unknown", name="test")`: a call in that state."""

    def call(status: str = "unknown", *, name: str = "test") -> HttpCall:
        order: dict[str, Any] = {
            "kind": "http",
            "url": "https://shop.example/orders?token=hidden-token",
            "headers": {"X-Key": "hidden-header"},
            "body": {"item": "Tea", "password": "hidden-password"},
        }
        run = start(workflow({"order": order}, name=name, outputs={"got": "${steps.order.body}"}))
        worked("flow")
        HttpCall.objects.filter(run=run).update(status=status, sent_at=timezone.now() - timedelta(hours=2))
        return HttpCall.objects.get(run=run)

    return call


def at(call: HttpCall) -> str:
    return f"{CALLS}{call.pk}/"


def test_unknown_calls_come_first_and_the_page_says_what_they_are(page: Client, called: Called) -> None:
    older, newer = called("unknown", name="older").run.ref, called("confirmed", name="newer").run.ref
    words = text_of(page.get(EFFECTS))
    assert words.index(f" {older} Older ") < words.index(f" {newer} Newer ")
    assert "Nobody knows what became of 1 call" in words
    assert "Effects 1 whose outcome nobody knows" in words
    assert "POST shop.example" in words


def test_calls_are_narrowed_by_status_and_words(page: Client, called: Called) -> None:
    tea = f" {called('confirmed', name='tea').run.ref} Tea "
    coffee = called("failed", name="coffee")
    assert tea not in text_of(page.get(EFFECTS, {"state": "failed"}))
    assert f" {coffee.run.ref} Coffee " in text_of(page.get(EFFECTS, {"q": coffee.run.ref}))
    assert "No effect matches" in text_of(page.get(EFFECTS, {"q": "nobody"}))
    assert tea in text_of(page.get(EFFECTS, {"state": "odd", "page": "x", "q": "\x00"}))


def test_a_call_shows_what_was_sent_and_nothing_secret(page: Client, called: Called) -> None:
    call = called()
    shown = page.get(at(call))
    words = text_of(shown)
    for said in (
        "Item Tea",
        "/orders",
        str(call.key),
        "Nobody knows whether shop.example carried this out",
        call.run.ref,
    ):
        assert said in words
    assert "hidden-" not in shown.content.decode()


def test_a_call_that_was_carried_out_goes_on_with_the_answer_that_a_person_gives(
    page: Client, called: Called, worked: Work
) -> None:
    call = called()
    words = text_of(
        page.post(at(call), {"outcome": "happened", "note": "Looked", "body": '{"number": 7}'}, follow=True)
    )
    assert "Confirmed" in words
    assert "Said by Ana Analyst" in words
    assert "Number 7" in words
    worked("flow")
    assert after(call.run).outputs == {"got": {"number": 7}}


def test_a_call_that_did_not_happen_is_sent_or_lets_its_step_fail(page: Client, called: Called, worked: Work) -> None:
    sent, dropped = called(name="sent"), called(name="dropped")
    page.post(at(sent), {"outcome": "send", "note": "Looked"})
    assert HttpCall.objects.get(pk=sent.pk).status == "ready"
    assert WorkRow.objects.filter(kind="workflows.call", id=sent.pk).exists()
    page.post(at(dropped), {"outcome": "fail", "note": "Looked"})
    worked("flow")
    assert after(dropped.run).status == "failed"
    assert dropped.run.problem is not None
    assert dropped.run.problem["code"] == "not_carried_out"
    assert HttpCall.objects.get(pk=dropped.pk).status == "failed"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "Choose what became of it"),
        ({"outcome": "perhaps"}, "Choose what"),
        ({"outcome": "fail", "note": " "}, "how you found out"),
        ({"outcome": "happened", "note": "Looked", "body": "seven"}, "as JSON"),
    ],
)
def test_what_cannot_be_understood_changes_nothing_and_is_kept(
    given: dict[str, str], said: str, page: Client, called: Called
) -> None:
    call = called()
    answer = page.post(at(call), given)
    assert answer.status_code == 422
    words = text_of(answer)
    assert said in words
    assert given.get("body", "") in words
    assert HttpCall.objects.get().status == "unknown"


def test_who_settles_a_call_that_is_settled_is_told(page: Client, called: Called) -> None:
    call = called()
    page.post(at(call), {"outcome": "happened", "note": "Looked"})
    late = page.post(at(call), {"outcome": "send", "note": "Looked"})
    assert late.status_code == 409
    assert "Somebody was faster" in text_of(late)
    assert HttpCall.objects.get().status == "confirmed"


@pytest.mark.parametrize("outcome", ["happened", "send", "fail"])
def test_nothing_is_left_of_a_call_that_was_given_up_once_a_person_has_said(
    outcome: str, page: Client, called: Called, worked: Work
) -> None:
    call = called("ready")
    doom(call)
    worked("io")
    assert DeadLetter.objects.get().id == call.pk
    assert HttpCall.objects.get().status == "unknown"
    page.post(at(call), {"outcome": outcome, "note": "Looked"})
    assert not DeadLetter.objects.exists()
    worked("io", "flow")
    assert not WorkRow.objects.filter(id=call.pk).exists()
    assert HttpCall.objects.get().status == ("confirmed" if outcome == "happened" else "failed")


@pytest.mark.parametrize("role", ["viewer", "approver", "auditor"])
def test_who_may_only_look_settles_nothing(role: str, called: Called, member: Make, client_for: Browse) -> None:
    call, page = called(), client_for(member(role))
    shown = page.get(at(call))
    assert b'name="outcome"' not in shown.content
    assert "may say what became of it" in text_of(shown)
    assert page.post(at(call), {"outcome": "happened", "note": "Looked"}).status_code == 403
    assert HttpCall.objects.get().status == "unknown"


def test_a_list_of_calls_costs_the_same_statements_however_many_there_are(page: Client, called: Called) -> None:
    called()
    statements(page, EFFECTS)
    few = statements(page, EFFECTS)
    for n in range(4):
        called(name=f"w{n}")
    statements(page, EFFECTS)  # the tenant may have been forgotten meanwhile
    assert statements(page, EFFECTS) == few


def test_a_call_of_another_tenant_is_not_found(
    called: Called, member: Make, client_for: Browse, acme: Tenant, globex: Tenant
) -> None:
    call = called()
    page = client_for(member("owner", tenant=globex), tenant=globex)
    assert page.get(at(call)).status_code == 404
    assert page.post(at(call), {"outcome": "happened", "note": "Looked"}).status_code == 404
    assert "shop.example" not in text_of(page.get(EFFECTS))
    with tenant_context(acme):
        assert HttpCall.objects.get().status == "unknown"
