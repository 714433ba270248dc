"""The guided set-up: a workflow made of a blueprint and a few answers, by service and by form."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest
from django.test import Client
from pydantic import ValidationError

from apps.accounts.models import User
from apps.common.errors import InvalidInput, PermissionDenied
from apps.datasets.models import Dataset
from apps.datasets.services import dataset_upload
from apps.tenants.models import Tenant
from apps.workflows.blueprints import blueprints
from apps.workflows.kinds.approval import Approval
from apps.workflows.models import Trigger, Workflow, WorkflowRun
from apps.workflows.setting_up import DECIDERS, SetUp, asked_inputs, blueprint_set_up, definition_set_up

KEY = "logistics.diesel_budget"
PAGE = f"/workflows/blueprints/{KEY}/set-up/"
BLUEPRINT = blueprints()[KEY]


@pytest.fixture
def diesel(acme: Tenant, builder: User) -> Dataset:
    return dataset_upload(file=BytesIO(b"depot,week,litres\nBath,2026-01-05,3\n"), name="diesel.csv", user=builder)


@pytest.fixture
def page(client_for: Callable[..., Client], builder: User) -> Client:
    return client_for(builder)


def test_answers_become_defaults_roles_and_a_title(acme: Tenant, builder: User, diesel: Dataset) -> None:
    values = {"diesel": str(diesel.pk), "budget": 900_000, "price": 1.5}
    answers = SetUp(title="Fuel of the north", values=values, roles=["owner"])
    made = blueprint_set_up(who=builder, user=builder, key=KEY, answers=answers)
    assert (made.workflow.name, made.workflow.title, made.run) == ("diesel-budget", "Fuel of the north", None)
    assert made.workflow.published is None
    definition = made.workflow.versions.get(number=None).definition
    assert {name: definition.inputs[name].default for name in values} == values
    [question] = [step for step in definition.steps.values() if isinstance(step, Approval)]
    assert question.roles == ["owner"]
    assert BLUEPRINT.definition.inputs["budget"].default is None, "the blueprint itself is as it was"


def test_to_publish_by_the_set_up_takes_the_proof_that_every_publication_takes(
    page: Client, board: Any, settings: Any
) -> None:
    settings.STEP_UP_SECONDS = 0
    asked = page.post(PAGE, {"title": "Mine", "when": "hand", "roles": ["owner"], "act": "run"})
    assert (asked.status_code, Workflow.objects.exists()) == (403, False)
    assert "Prove it is you" in asked.content.decode()
    assert page.post(PAGE, {"title": "Mine", "when": "hand", "roles": ["owner"], "act": "draft"}).status_code == 302
    assert Workflow.objects.get().published is None


def test_without_answers_it_is_as_the_blueprint_says(acme: Tenant, builder: User) -> None:
    assert definition_set_up(BLUEPRINT, SetUp()) == BLUEPRINT.definition


def test_a_schedule_is_made_with_it_and_published_with_a_run_of_the_defaults(
    acme: Tenant, builder: User, diesel: Dataset, board: Any
) -> None:
    answers = SetUp.model_validate(
        {
            "values": {"diesel": str(diesel.pk), "budget": 900_000},
            "schedule": {"cron": "0 7 * * MON", "zone": "Europe/London"},
            "publish": True,
            "run": True,
        }
    )
    made = blueprint_set_up(who=builder, user=builder, key=KEY, answers=answers)
    trigger = Trigger.objects.get(workflow=made.workflow)
    assert (trigger.kind, trigger.told["cron"], trigger.due_at is None) == ("schedule", "0 7 * * MON", False)
    assert made.run is not None
    assert (made.run.inputs["diesel"], made.run.inputs["budget"]) == (str(diesel.pk), 900_000)


@pytest.mark.parametrize(
    ("answers", "place", "words"),
    [
        ({"values": {"budget": 0}}, "inputs.budget", "greater than or equal to 1"),
        ({"values": {"diesel": "no id"}}, "inputs.diesel", "UUID"),
        ({"schedule": {"cron": "0 7 * * MON"}}, "values.diesel", "A schedule needs a value"),
        ({"publish": True, "run": True}, "inputs.diesel", "required"),
        ({"publish": True, "run": True, "sample": 0}, "sample", "no such sample here"),
        ({"publish": True, "run": True, "sample": 99}, "sample", "no such sample here"),
    ],
)
def test_an_answer_that_does_not_fit_is_told_and_nothing_is_made(
    acme: Tenant, builder: User, board: Any, answers: dict[str, Any], place: str, words: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        blueprint_set_up(who=builder, user=builder, key=KEY, answers=SetUp.model_validate(answers))
    issue = next(each for each in refused.value.issues if each.path.endswith(place.rpartition(".")[2]))
    assert words.lower() in issue.message.lower()
    assert (Workflow.objects.count(), Trigger.objects.count(), WorkflowRun.objects.count()) == (0, 0, 0)


def test_only_roles_that_may_decide_are_taken_and_only_what_is_published_is_run() -> None:
    assert DECIDERS == ["owner", "administrator", "approver"]
    for wrong in ({"roles": ["viewer"]}, {"run": True}, {"sample": 0}):
        with pytest.raises(ValidationError):
            SetUp.model_validate(wrong)


def test_who_may_not_edit_sets_nothing_up(acme: Tenant, member: Callable[..., User]) -> None:
    analyst = member("analyst")
    with pytest.raises(PermissionDenied):
        blueprint_set_up(who=analyst, user=analyst, key=KEY, answers=SetUp())
    assert not Workflow.objects.exists()


def test_every_blueprint_asks_for_its_tables_and_what_it_declares() -> None:
    for blueprint in blueprints().values():
        asked = asked_inputs(blueprint)
        tables = {name for name, each in blueprint.definition.inputs.items() if each.type == "dataset"}
        assert set(asked) == tables | set(blueprint.said.settings), blueprint.key
        assert not [name for name, each in asked.items() if each.required]
        needed = {n for n, each in blueprint.definition.inputs.items() if each.required and each.default is None}
        if blueprint.key != "healthcare.discharge_medicines" and blueprint.industry != "dummy":
            assert needed <= set(asked), f"{blueprint.key} could not run by itself"


def test_the_form_makes_a_draft_and_opens_the_editor(page: Client, diesel: Dataset) -> None:
    shown = page.get(PAGE).content.decode()
    for words in ("Name it", "What it works on", "Who decides", "When it runs", "Make it", ">diesel<", "Budget"):
        assert words in shown
    sent = {
        "title": "Fuel", "values.diesel": str(diesel.pk), "values.budget": "900000", "roles": ["owner", "approver"],
        "when": "mondays", "zone": "Europe/London", "act": "draft",
    }  # fmt: skip
    answer = page.post(PAGE, sent)
    assert (answer.status_code, answer["Location"]) == (302, "/workflows/diesel-budget/edit/")
    made = Workflow.objects.get()
    assert made.versions.get(number=None).definition.inputs["budget"].default == 900_000
    assert Trigger.objects.get(workflow=made).told == {"cron": "0 7 * * MON", "zone": "Europe/London"}


def test_the_form_keeps_what_was_entered_and_says_what_is_wrong_beside_it(page: Client, diesel: Dataset) -> None:
    answer = page.post(PAGE, {"title": "Fuel", "values.budget": "0", "when": "own", "cron": "never", "act": "draft"})
    shown = answer.content.decode()
    assert answer.status_code == 422
    assert 'value="Fuel"' in shown
    assert "greater than or equal to 1" in shown
    nobody = page.post(PAGE, {"title": "Fuel", "act": "draft", "when": "hand"})
    assert "choose a role at least" in nobody.content.decode()
    own = page.post(PAGE, {"title": "Fuel", "act": "draft", "when": "own", "cron": "never", "roles": "owner"})
    assert "`cron` has five parts" in own.content.decode()
    assert not Workflow.objects.exists()


def test_the_form_publishes_and_runs_at_once(page: Client, diesel: Dataset, board: Any) -> None:
    sent = {"values.diesel": str(diesel.pk), "values.budget": "900000", "roles": "owner", "when": "hand", "act": "run"}
    answer = page.post(PAGE, sent)
    run = WorkflowRun.objects.get()
    assert answer["Location"] == f"/workflow-runs/{run.ref}/"
    assert run.workflow.title == BLUEPRINT.title


def test_samples_of_the_demonstration_fill_the_form_and_run(page: Client, diesel: Dataset, board: Any) -> None:
    assert "Fill in with a sample" not in page.get(PAGE).content.decode()
    Dataset.objects.filter(pk=diesel.pk).update(name="Weekly diesel", is_demo=True)
    assert 'value="1500000"' in page.get(PAGE, {"sample": "0"}).content.decode()
    assert 'value="1500000"' not in page.get(PAGE, {"sample": "77"}).content.decode()
    page.post(PAGE, {"roles": "owner", "when": "hand", "with": "1", "act": "run"})
    run = WorkflowRun.objects.get()
    assert (run.inputs["budget"], run.inputs["diesel"]) == (700_000, str(diesel.pk))
    start = f"/workflows/{run.workflow.name}/start/"
    shown = page.get(start).content.decode()
    assert "Begin with a sample" in shown
    assert "The budget is too small" in shown
    assert 'value="700000"' in page.get(start, {"sample": "1"}).content.decode()
    assert "700000" in page.get(start, {"sample": "1", "mode": "json"}).content.decode()


def test_who_may_not_edit_is_shown_no_set_up(client_for: Callable[..., Client], member: Callable[..., User]) -> None:
    viewer = client_for(member("viewer"))
    assert viewer.get(PAGE).status_code == 403
    assert viewer.post(PAGE, {"act": "draft"}).status_code == 403
    assert PAGE not in viewer.get(f"/workflows/blueprints/{KEY}/").content.decode()
