"""Providers, their models and choices, as services write them."""

from __future__ import annotations

from decimal import Decimal
from uuid import uuid4

import pytest
from django.db import connection

from apps.accounts.models import User
from apps.ai.calling.choices import chosen
from apps.ai.models import AiPolicy, LanguageModel, ModelCall, ModelChoice, Provider
from apps.ai.setup import connecting, selectors, services
from apps.ai.setup.schemas import ModelSettings
from apps.common.errors import Conflict, InvalidInput, NotFound, PermissionDenied
from apps.tenants.context import tenant_context
from apps.tenants.models import Tenant
from tests.conftest import MakeMember


def places(problem: pytest.ExceptionInfo[InvalidInput]) -> list[str]:
    return [issue.path for issue in problem.value.issues]


def test_a_secret_is_stored_sealed_and_shown_as_set_only(provider: Provider) -> None:
    with connection.cursor() as cursor:
        cursor.execute("select access from ai_provider")
        assert b"secret-of-parrots" not in bytes(cursor.fetchone()[0])
    assert selectors.access_shown(Provider.objects.get())["api_key"] == "**********"


@pytest.mark.parametrize("sent", [{}, {"api_key": "**********"}])
def test_a_secret_that_is_left_out_stays(admin: User, provider: Provider, sent: dict[str, str]) -> None:
    changed = services.provider_change(who=admin, provider=provider, access=sent)
    assert changed.access["api_key"] == "secret-of-parrots"


def test_a_secret_does_not_go_along_to_another_host(admin: User, provider: Provider) -> None:
    with pytest.raises(InvalidInput, match="another host") as problem:
        services.provider_change(who=admin, provider=provider, access={"address": "https://thief.example/v1"})
    assert places(problem) == ["access.api_key"]
    assert "thief.example" in problem.value.issues[0].message
    assert Provider.objects.get().access["address"] == "https://parrots.example/v1"
    same = services.provider_change(who=admin, provider=provider, access={"address": "https://parrots.example/v2"})
    assert same.access["api_key"] == "secret-of-parrots"
    access = {"address": "https://thief.example/v1", "api_key": "new"}
    assert services.provider_change(who=admin, provider=provider, access=access).access["api_key"] == "new"


@pytest.mark.parametrize(
    "address", ["HTTPS://thief.example/v1", "Https://parrots.example:8443/v1", "http://parrots.example/v1"]
)
def test_a_secret_goes_along_nowhere_else_however_the_address_is_written(
    admin: User, provider: Provider, address: str
) -> None:
    with pytest.raises(InvalidInput, match="another host"):
        services.provider_change(who=admin, provider=provider, access={"address": address})
    assert Provider.objects.get().access["address"] == "https://parrots.example/v1"


@pytest.mark.parametrize(
    ("wrong", "path"),
    [
        ({"access": {}}, "access.api_key"),
        ({"access": {"api_key": "x", "port": 1}}, "access.port"),
        ({"name": " "}, "name"),
        ({"at_once": 0}, "at_once"),
    ],
)
def test_a_provider_that_cannot_be_is_refused_by_place(admin: User, wrong: dict[str, object], path: str) -> None:
    given = {"name": "New", "access": {"api_key": "x"}, **wrong}
    with pytest.raises(InvalidInput) as problem:
        services.provider_create(who=admin, user=admin, kind="dummy.parrot", **given)  # type: ignore[arg-type]
    assert path in places(problem)
    assert not Provider.objects.exists()


def test_a_kind_that_there_is_not_is_not_found(admin: User) -> None:
    with pytest.raises(NotFound, match=r"dummy\.parot"):
        services.provider_create(who=admin, user=admin, kind="dummy.parot", name="New", access={})


def test_a_name_is_taken_once(admin: User, provider: Provider) -> None:
    with pytest.raises(Conflict, match="called Parrots already"):
        services.provider_create(who=admin, user=admin, kind="dummy.parrot", name="Parrots", access={"api_key": "x"})


def test_a_change_to_what_somebody_else_has_changed_is_refused(admin: User, provider: Provider) -> None:
    services.provider_change(who=admin, provider=provider, at_once=2, seen=1)
    with pytest.raises(Conflict, match="Somebody else"):
        services.provider_change(who=admin, provider=provider, at_once=3, seen=1)
    assert Provider.objects.get().at_once == 2


def test_a_test_keeps_what_the_provider_offers(admin: User, provider: Provider) -> None:
    services.provider_test(who=admin, provider=provider)
    row = Provider.objects.get()
    assert (row.offered, row.problem) == (["green", "grey"], None)
    assert row.checked_at is not None


def test_a_test_that_fails_is_kept_in_words_with_what_was_offered_before(admin: User, provider: Provider) -> None:
    services.provider_test(who=admin, provider=provider)
    provider = services.provider_change(who=admin, provider=provider, access={"api_key": "wrong"})
    services.provider_test(who=admin, provider=provider)
    row = Provider.objects.get()
    assert row.problem["detail"] == "The key is refused."
    assert row.problem["remedy"] == "Enter another key."
    assert row.offered == ["green", "grey"]


def test_a_model_is_added_once(admin: User, provider: Provider, models: list[LanguageModel]) -> None:
    services.model_change(who=admin, model=models[0], settings=ModelSettings(price_input=Decimal("2.5")))
    services.models_add(who=admin, provider=provider, names=["green", "blue", "blue "])
    found = dict(LanguageModel.objects.values_list("name", "price_input"))
    assert found == {"green": Decimal("2.5"), "grey": Decimal(0), "blue": Decimal(0)}


def test_an_answer_is_shorter_than_the_context() -> None:
    with pytest.raises(ValueError, match="shorter than the context of 1,000 tokens"):
        ModelSettings(context=1_000, longest_answer=1_000)


def test_models_are_asked_in_the_order_of_the_choice(admin: User, models: list[LanguageModel]) -> None:
    green, grey = (model.pk for model in models)
    services.choices_save(who=admin, agent_key="", models=[grey, green])
    assert [model.name for model in chosen("dummy.counter")] == ["grey", "green"]
    services.choices_save(who=admin, agent_key="dummy.counter", models=[green])
    assert [model.name for model in chosen("dummy.counter")] == ["green"]
    services.choices_save(who=admin, agent_key="dummy.counter", models=[])
    assert [model.name for model in chosen("dummy.counter")] == ["grey", "green"]


def test_a_choice_of_what_is_not_there_is_refused_whole(admin: User, models: list[LanguageModel]) -> None:
    green = models[0].pk
    with pytest.raises(InvalidInput) as problem:
        services.choices_save(who=admin, agent_key="", models=[green, uuid4(), green])
    assert places(problem) == ["models.1", "models.2"]
    with pytest.raises(InvalidInput):
        services.choices_save(who=admin, agent_key="no.agent", models=[green])
    assert not ModelChoice.objects.exists()


def test_deleting_a_provider_closes_the_ranks_of_choices(
    admin: User, provider: Provider, models: list[LanguageModel]
) -> None:
    other = services.provider_create(who=admin, user=admin, kind="dummy.parrot", name="Others", access={"api_key": "x"})
    (blue,) = services.models_add(who=admin, provider=other, names=["blue"])
    services.choices_save(who=admin, agent_key="", models=[models[0].pk, blue.pk, models[1].pk])
    services.provider_delete(who=admin, provider=provider)
    assert list(ModelChoice.objects.values_list("position", "model__name")) == [(0, "blue")]


def test_the_mode_is_told_with_its_reason(admin: User, member: MakeMember) -> None:
    assert selectors.mode().text == (
        "Everything works, and nothing is sent to a model. No provider of models is connected."
    )
    provider = services.provider_create(who=admin, user=admin, kind="dummy.parrot", name="P", access={"api_key": "x"})
    assert selectors.mode().why == "No model is chosen."
    (model,) = services.models_add(who=admin, provider=provider, names=["grey"])
    services.choices_save(who=admin, agent_key="", models=[model.pk])
    assert (selectors.mode().models, selectors.mode("dummy.counter").is_analytic) == (("grey",), False)
    services.provider_change(who=admin, provider=provider, is_enabled=False)
    assert selectors.mode().why == "The models that were chosen are turned off."


def test_a_model_that_is_tried_is_on_the_ledger(committed_db: str, admin: User, models: list[LanguageModel]) -> None:
    services.model_change(who=admin, model=models[1], settings=ModelSettings(price_input=Decimal(1_000_000)))
    tried = connecting.model_try(who=admin, user_id=admin.pk, model=models[1], text="Hello")
    assert tried.text == "grey: Hello"
    assert (tried.spent.tokens_input, tried.spent.tokens_output, tried.spent.money) == (5, 3, Decimal(5))
    call = ModelCall.objects.get()
    assert (call.purpose, call.user_id, call.model_name) == ("test", admin.pk, "grey")


def test_what_goes_wrong_with_a_try_is_told(committed_db: str, admin: User, models: list[LanguageModel]) -> None:
    tried = connecting.model_try(who=admin, user_id=admin.pk, model=models[1], text="Be mute")
    assert tried.problem is not None
    assert tried.problem.detail == "It would not speak."
    with pytest.raises(InvalidInput):
        connecting.model_try(who=admin, user_id=admin.pk, model=models[1], text=" ")


def test_the_policy_is_one_row(admin: User) -> None:
    services.policy_save(who=admin, user=admin, keeps_personal_data=True, currency="eur")
    services.policy_save(who=admin, user=admin, keeps_personal_data=False, currency="CHF")
    assert list(AiPolicy.objects.values_list("keeps_personal_data", "currency")) == [(False, "CHF")]
    with pytest.raises(InvalidInput):
        services.policy_save(who=admin, user=admin, keeps_personal_data=False, currency="euros")


@pytest.mark.parametrize("role", ["builder", "analyst", "auditor", "viewer"])
def test_only_administrators_manage(member: MakeMember, provider: Provider, role: str) -> None:
    other = member(role)
    with pytest.raises(PermissionDenied):
        services.provider_change(who=other, provider=provider, is_enabled=False)
    with pytest.raises(PermissionDenied):
        services.policy_save(who=other, user=other, keeps_personal_data=False, currency="USD")
    with pytest.raises(PermissionDenied):
        services.provider_test(who=other, provider=provider)


def test_a_provider_of_another_tenant_is_not_found(admin: User, provider: Provider, globex: Tenant) -> None:
    with tenant_context(globex), pytest.raises(NotFound):
        selectors.provider_get(who=admin, id=provider.pk)
