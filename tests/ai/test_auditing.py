"""What is recorded of models, prompts, budgets, servers and trained models: before and after, and never a secret."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest
from django.db import connection, transaction

from apps.accounts.models import User
from apps.ai.budgets import managing, selectors
from apps.ai.mcp.client import services as servers
from apps.ai.models import AiPolicy, LanguageModel, Prompt, Provider
from apps.ai.prompts import services as prompts
from apps.ai.prompts.schemas import Words
from apps.ai.setup import services
from apps.ai.setup.schemas import ModelSettings
from apps.ai.training import services as training
from apps.audit.services import AuditNotWritten
from tests.ai.training.conftest import TRAINABLE, Train, board, builder, start, train, upload, work_off
from tests.conftest import MakeMember
from tests.recorded import everything, last, sentences

__all__ = ["board", "builder", "start", "train", "upload", "work_off"]
SECRET, ANOTHER = "secret-of-parrots", "secret-of-crows"
SAY = "dummy.say"


@pytest.fixture
def admin(member: MakeMember) -> User:
    return member("administrator")


@pytest.fixture
def provider(admin: User) -> Provider:
    return services.provider_create(
        who=admin, user=admin, kind="dummy.parrot", name="Parrots", access={"api_key": SECRET}
    )


@pytest.fixture
def model(admin: User, provider: Provider) -> LanguageModel:
    return services.models_add(who=admin, provider=provider, names=["green"])[0]


def test_how_models_are_set_up_is_recorded_in_words(admin: User, provider: Provider, model: LanguageModel) -> None:
    services.provider_change(who=admin, provider=provider, at_once=3)
    services.model_change(who=admin, model=model, settings=ModelSettings(price_input=Decimal(2)))
    services.choices_save(who=admin, agent_key="", models=[model.pk])
    services.choices_save(who=admin, agent_key="", models=[model.pk])  # which it is: nothing is done
    services.policy_save(who=admin, user=admin, keeps_personal_data=True, currency="EUR")
    services.model_delete(who=admin, model=model)
    services.provider_delete(who=admin, provider=provider)
    assert sentences() == [
        f"{admin} {what}"
        for what in (
            "connected the provider Parrots",
            "added green of the provider Parrots",
            "changed the provider Parrots",
            "changed what the model green costs and takes",
            "chose for every agent without its own the models green",
            "changed what holds for all models",
            "deleted the model green",
            "deleted the provider Parrots",
        )
    ]
    assert (last("ai.provider_changed")[1].before, last("ai.provider_changed")[1].after) == (
        {"at_once": 8},
        {"at_once": 3},
    )
    assert last("ai.model_changed")[1].after == {"price_input": "2.0000"}
    policy = last("ai.policy_changed")[1]
    assert (policy.before["keeps_personal_data"], policy.after["keeps_personal_data"]) == (False, True)


@pytest.mark.parametrize(
    ("access", "told"), [({}, None), ({"api_key": SECRET}, None), ({"api_key": ANOTHER}, "a secret")]
)
def test_of_a_secret_only_is_told_that_it_is_another(
    admin: User, provider: Provider, access: dict[str, str], told: str | None
) -> None:
    services.provider_change(who=admin, provider=provider, access=access)
    assert last("ai.provider_changed")[1].facts.get("replaced") == told
    assert SECRET not in everything()
    assert ANOTHER not in everything()


def test_of_a_server_its_tools_and_no_bearer_are_told(admin: User) -> None:
    access = {"url": "https://one.example/mcp", "bearer": SECRET}
    server = servers.server_create(who=admin, user=admin, name="one", access=access)
    servers.server_change(who=admin, server=server, access={**access, "bearer": ANOTHER})
    assert last("ai.server_changed")[1].facts == {"replaced": "a secret"}
    servers.tools_allow(who=admin, server=server, tools={})
    servers.server_delete(who=admin, server=server)
    assert sentences() == [
        f"{admin} connected the MCP server one",
        f"{admin} changed the MCP server one",
        f"{admin} allowed these tools of the MCP server one: nothing",
        f"{admin} deleted the MCP server one",
    ]
    assert SECRET not in everything()
    assert ANOTHER not in everything()


def test_budgets_are_told_with_their_limits_and_whom_they_bear_apart(admin: User) -> None:
    wanted = managing.BudgetWanted(scope="user", person=admin.pk, period="month", money=Decimal(9))
    made = managing.budget_create(who=admin, user=admin, wanted=wanted)
    with transaction.atomic():
        held = selectors.budget_get(who=admin, id=made.pk, lock=True)
        managing.budget_change(who=admin, budget=held, wanted=managing.Limits(tokens=500))
        said = last("ai.budget_changed")[1]
        assert (said.before["money"], said.after["volume"]) == ("9.000000", 500)
        managing.budget_delete(who=admin, budget=held)
    assert sentences() == [
        f"{admin} set a budget by the month",
        f"{admin} changed the limits of a budget",
        f"{admin} deleted a budget by the month",
    ]
    made_entry, _ = last("ai.budget_made")
    assert str(admin.pk) not in str(made_entry.payload.facts)
    assert made_entry.payload.personal["content"]["after"]["person"] == str(admin.pk)


def test_wordings_are_told_by_their_digests(builder: User) -> None:
    words = Words(system="Be brief.", user="Say: {counted}")
    prompts.draft_save(who=builder, user=builder, key=SAY, words=words)
    prompts.draft_publish(who=builder, user=builder, key=SAY, note="First")
    prompts.draft_save(who=builder, user=builder, key=SAY, words=Words(system="", user="Say {counted}"))
    prompts.draft_discard(who=builder, key=SAY)
    prompts.prompt_restore(who=builder, user=builder, key=SAY, number=None)
    title = last("ai.prompt_published")[1].subject
    assert sentences() == [
        f"{builder} {what}"
        for what in (
            f"saved a draft of the prompt {title}",
            f"published version 1 of the prompt {title}",
            f"saved a draft of the prompt {title}",
            f"discarded the draft of the prompt {title}",
            f"went back to the program's own words of the prompt {title}",
        )
    ]
    assert last("ai.prompt_published")[0].payload.personal["content"]["note"] == "First"
    assert set(last("ai.prompt_published")[1].after) == {"version", "bytes", "sha256"}
    assert "Be brief" not in everything()


def test_which_trained_model_is_in_use_is_told_with_the_one_before(train: Train, builder: User) -> None:
    first, second = train(), train()
    for row in (first, second, first):
        training.trained_promote(who=builder, user=builder, trainable=TRAINABLE, id=row.pk, reason="It is known.")
    training.trained_retire(who=builder, trainable=TRAINABLE)
    title = TRAINABLE.title
    assert sentences("ai.trained_promoted", "ai.trained_rolled_back", "ai.trained_retired") == [
        f"{builder} took version 1 of {title} into use",
        f"{builder} took version 2 of {title} into use",
        f"{builder} went back to version 1 of {title}",
        f"{builder} took version 1 of {title} out of use",
    ]
    entry, said = last("ai.trained_rolled_back")
    assert entry.payload.personal["content"]["reason"] == "It is known."
    assert (said.before, said.after) == ({"version": 2}, {"version": 1})
    assert sentences("ai.training_ended")[0] == f"The platform ended the training of version 1 of {title}: trained"


@pytest.mark.parametrize("act", ["policy", "provider", "prompt"])
def test_where_it_cannot_be_written_nothing_is_changed(admin: User, provider: Provider, act: str) -> None:
    acts: dict[str, Callable[[], object]] = {
        "policy": lambda: services.policy_save(who=admin, user=admin, keeps_personal_data=True, currency="EUR"),
        "provider": lambda: services.provider_change(who=admin, provider=provider, at_once=3),
        "prompt": lambda: prompts.draft_save(
            who=admin, user=admin, key=SAY, words=Words(system="", user="Say {counted}")
        ),
    }
    with connection.cursor() as cursor:
        cursor.execute("alter table audit_pending rename to audit_gone")
    with pytest.raises(AuditNotWritten):
        acts[act]()
    assert not AiPolicy.objects.filter(keeps_personal_data=True).exists()
    assert Provider.objects.get().at_once == 8
    assert not Prompt.objects.exists()
