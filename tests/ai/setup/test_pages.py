"""The console pages of models."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from apps.accounts.models import User
from apps.ai.models import AiPolicy, LanguageModel, ModelChoice, Provider
from apps.ai.setup import services
from tests.conftest import MakeMember

ClientFor = Callable[..., Client]
NEW = {"kind": "dummy.parrot", "name": "Parrots", "at_once": "4", "access.api_key": "secret-of-parrots"}


@pytest.fixture
def browser(admin: User, client_for: ClientFor) -> Client:
    return client_for(admin)


def text(answer: Any) -> str:
    return str(answer.content.decode())


def test_without_a_provider_the_page_says_analytic_mode(browser: Client) -> None:
    shown = text(browser.get("/models/"))
    assert "Analytic mode: everything works, nothing is sent to a model" in shown
    assert "No provider is connected" in shown


def test_a_provider_is_connected_by_the_form_of_its_kind(browser: Client) -> None:
    assert 'href="?kind=dummy.parrot"' in text(browser.get("/models/providers/new/"))
    form = text(browser.get("/models/providers/new/?kind=dummy.parrot"))
    assert 'name="access.api_key"' in form
    assert 'type="password"' in form
    answer = browser.post("/models/providers/new/", NEW, follow=True)
    shown = text(answer)
    assert "It offers 2 models." in shown
    assert 'value="grey"' in shown
    assert "secret-of-parrots" not in shown
    assert Provider.objects.get().access["api_key"] == "secret-of-parrots"


def test_a_provider_is_stored_though_its_test_fails_and_the_page_says_why(browser: Client) -> None:
    shown = text(browser.post("/models/providers/new/", {**NEW, "access.api_key": "wrong"}, follow=True))
    assert "Test failed" in shown
    assert "The key is refused." in shown
    assert "Enter another key." in shown
    assert Provider.objects.count() == 1


def test_what_is_wrong_stands_beside_what_was_entered(browser: Client) -> None:
    answer = browser.post("/models/providers/new/", {**NEW, "access.api_key": "", "at_once": "many"})
    assert answer.status_code == 422
    assert "Allow 1 to 1,000 calls at once." in text(answer) or "Field required" in text(answer)
    assert 'value="Parrots"' in text(answer)
    assert not Provider.objects.exists()


def test_a_key_that_is_left_empty_is_kept(browser: Client, provider: Provider) -> None:
    sent = {"seen": "1", "name": "Birds", "at_once": "9", "access.address": "https://parrots.example/v1"}
    browser.post(f"/models/providers/{provider.pk}/", {**sent, "access.api_key": ""})
    row = Provider.objects.get()
    assert (row.name, row.at_once, row.access["api_key"]) == ("Birds", 9, "secret-of-parrots")


def test_models_are_added_from_what_is_offered_and_asked_when_told_so(browser: Client, provider: Provider) -> None:
    page = f"/models/providers/{provider.pk}/"
    shown = text(browser.post(f"{page}models/", {"names": ["grey"], "name": "blue", "choose": "1"}, follow=True))
    assert "cost is not counted" in shown
    assert ModelChoice.objects.get().model.name == "grey"
    shown = text(browser.get("/models/"))
    assert "Explained by grey" in shown
    assert "is not counted: they have no prices" in shown


def test_choices_are_moved_by_buttons(browser: Client, models: list[LanguageModel]) -> None:
    def order() -> list[str]:
        return list(ModelChoice.objects.filter(agent_key="dummy.counter").values_list("model__name", flat=True))

    for model in models:
        browser.post("/models/choices/", {"agent": "dummy.counter", "do": "add", "model": str(model.pk)})
    assert order() == ["green", "grey"]
    browser.post("/models/choices/", {"agent": "dummy.counter", "do": "up 1"})
    assert order() == ["grey", "green"]
    browser.post("/models/choices/", {"agent": "dummy.counter", "do": "down 0"})
    assert order() == ["green", "grey"]
    browser.post("/models/choices/", {"agent": "dummy.counter", "do": "remove 0"})
    assert order() == ["grey"]
    assert "Counter" in text(browser.get("/models/"))


def test_a_model_is_priced(browser: Client, models: list[LanguageModel]) -> None:
    page = f"/models/language/{models[0].pk}/"
    assert "Cost is not counted" in text(browser.get(page))
    sent = {"model.context": "128000", "model.longest_answer": "4096", "model.price_input": "2.5",
            "model.price_cached": "", "model.price_output": "10", "model.takes_tools": "true",
            "model.takes_schema": "true", "model.is_enabled": "true"}  # fmt: skip
    answer = browser.post(page, sent, follow=True)
    assert "$2.50 in, $10.00 out for a million" in text(answer)
    refused = browser.post(page, {**sent, "model.price_input": "-1"})
    assert refused.status_code == 422
    assert "greater than or equal to 0" in text(refused)


def test_a_provider_is_deleted_after_saying_what_goes_with_it(
    browser: Client, admin: User, provider: Provider, models: list[LanguageModel]
) -> None:
    services.choices_save(who=admin, agent_key="", models=[models[0].pk])
    shown = text(browser.get(f"/models/providers/{provider.pk}/delete/"))
    assert "2 models go with it: green, grey." in shown
    assert "Agents without models of their own ask it no more" in shown
    browser.post(f"/models/providers/{provider.pk}/delete/")
    assert not Provider.objects.exists()


def test_a_provider_is_turned_off_and_on(browser: Client, provider: Provider) -> None:
    browser.post(f"/models/providers/{provider.pk}/turn/", {"on": "0"})
    assert not Provider.objects.get().is_enabled
    assert "Turned off" in text(browser.get(f"/models/providers/{provider.pk}/"))
    browser.post(f"/models/providers/{provider.pk}/turn/", {"on": "1"})
    assert Provider.objects.get().is_enabled


def test_the_policy_is_set(browser: Client) -> None:
    browser.post("/models/policy/", {"keeps_personal_data": "1", "currency": "EUR"})
    policy = AiPolicy.objects.get()
    assert (policy.keeps_personal_data, policy.currency) == (True, "EUR")


def test_the_page_needs_a_fixed_number_of_statements(
    browser: Client, admin: User, provider: Provider, models: list[LanguageModel]
) -> None:
    services.choices_save(who=admin, agent_key="", models=[models[0].pk])
    browser.get("/models/")
    with CaptureQueriesContext(connection) as few:
        browser.get("/models/")
    for number in range(5):
        other = services.provider_create(
            who=admin, user=admin, kind="dummy.parrot", name=f"P{number}", access={"api_key": "x"}
        )
        made = services.models_add(who=admin, provider=other, names=["a", "b"])
        agent = "dummy.counter" if number else ""
        services.choices_save(who=admin, agent_key=agent, models=[model.pk for model in made])
    with CaptureQueriesContext(connection) as many:
        browser.get("/models/")
    assert len(many) == len(few)


def test_a_builder_reads_and_changes_nothing(member: MakeMember, client_for: ClientFor, provider: Provider) -> None:
    browser = client_for(member("builder"))
    shown = text(browser.get(f"/models/providers/{provider.pk}/"))
    assert "Your role may look at it, not change it." in shown
    assert browser.post(f"/models/providers/{provider.pk}/test/").status_code == 403
    assert browser.get("/models/providers/new/").status_code == 403
    assert client_for(member("viewer")).get("/models/").status_code == 403
