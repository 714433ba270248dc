"""What starts workflows by themselves, on their pages: in words before it is saved, its secret shown once."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse

from apps.accounts.models import User
from apps.tenants.context import tenant_context
from apps.tenants.models import Tenant
from apps.workflows import starting
from apps.workflows.models import Trigger, Workflow, WorkflowRun
from apps.workflows.webhooks import MessageRefused
from tests.workflows.conftest import MakeWorkflow
from tests.workflows.test_engine import give
from tests.workflows.test_pages_workflows import main_of, text_of

Browse = Callable[..., Client]
ONE = "/workflows/test/"
NEW = f"{ONE}triggers/new/"
SCHEDULE = {"kind": "schedule", "how": "cron", "cron": "30 6 * * MON-FRI", "zone": "Europe/Berlin", "missed": "skip"}


@pytest.fixture
def page(client_for: Browse, builder: User) -> Client:
    return client_for(builder)


@pytest.fixture
def flow(workflow: MakeWorkflow) -> Workflow:
    return workflow({"a": give(1)}, inputs={"amount": {"type": "integer", "example": 5}})


@pytest.fixture
def made(builder: User, flow: Workflow) -> Callable[..., Trigger]:
    """`made(kind, **settings)`"""

    def make(kind: str, **settings: Any) -> Trigger:
        told = {"inputs": {"amount": 1}} | settings
        trigger, _ = starting.trigger_create(who=builder, user=builder, workflow=flow, kind=kind, settings=told)
        return trigger

    return make


def at(trigger: Trigger, part: str = "") -> str:
    return f"{ONE}triggers/{trigger.pk}/{part}"


def test_the_next_times_are_shown_before_a_schedule_is_saved(page: Client, flow: Workflow) -> None:
    answer = page.post(NEW, {**SCHEDULE, "action": "look", "inputs": "amount: 5"})
    words = main_of(answer)
    assert "Europe/Berlin time. The next times:" in words
    assert len(re.findall(r"(Mon|Tues|Wednes|Thurs|Fri)day \d+ \w+ \d{4}, 06:30", words)) == 5
    assert not Trigger.objects.exists()


def test_a_schedule_is_added_and_told_on_the_page(page: Client, flow: Workflow) -> None:
    assert "amount: 5" in page.get(NEW).context["form"].values["inputs"]
    answer = page.post(NEW, {**SCHEDULE, "inputs": "amount: 5"}, follow=True)
    words = main_of(answer)
    assert "Europe/Berlin time On Next:" in words
    assert "Has not fired yet" in words
    trigger = Trigger.objects.get()
    assert trigger.told == {
        "cron": "30 6 * * MON-FRI",
        "zone": "Europe/Berlin",
        "missed": "skip",
        "inputs": {"amount": 5},
    }
    assert trigger.due_at is not None


@pytest.mark.parametrize(
    ("entered", "place", "said"),
    [
        ({"cron": "hello"}, "cron", "five parts"),
        ({"cron": "99 * * * *"}, "cron", "cannot be read"),
        ({"cron": ""}, "cron", "Give either"),
        ({"how": "every", "every": "1x"}, "every", "Write a duration as"),
        ({"how": "every", "every": "2s"}, "every", "once a minute at most"),
        ({"zone": "Berlin"}, "zone", "There is no time zone 'Berlin'"),
        ({"inputs": "amount"}, "inputs", "Write a line for each input"),
        ({"inputs": "a: ["}, "inputs", "line 1"),
        ({"inputs": "amount: {$nothing: 1}"}, "inputs", "amount"),
    ],
)
def test_what_is_wrong_with_a_schedule_is_told_by_field(
    page: Client, flow: Workflow, entered: dict[str, str], place: str, said: str
) -> None:
    for action in ("look", "save"):
        answer = page.post(NEW, {**SCHEDULE, "action": action, **entered})
        assert answer.status_code == 422
        assert said in answer.context["form"].errors[place]
        assert f'href="#{place}"' in answer.content.decode()
        for name, text in entered.items():
            assert answer.context["form"].values[name] == text
    assert not Trigger.objects.exists()


def test_a_schedule_is_changed_turned_off_and_on_and_deleted(page: Client, made: Callable[..., Trigger]) -> None:
    trigger = made("schedule", every="2h", inputs={"amount": 5})
    form = page.get(at(trigger)).context["form"]
    assert (form.values["how"], form.values["every"], form.values["inputs"]) == ("every", "2h", "amount: 5\n")
    assert len(form.times) == 5
    sent = {"how": "every", "every": "3h", "zone": "UTC", "missed": "all", "inputs": "amount: 6"}
    page.post(at(trigger), sent)
    trigger.refresh_from_db()
    assert trigger.told == {"every": "3h", "missed": "all", "inputs": {"amount": 6}}
    assert "Off" in main_of(page.post(at(trigger, "turn/"), {"on": "0"}, follow=True))
    trigger.refresh_from_db()
    assert (trigger.is_enabled, trigger.due_at) == (False, None)
    page.post(at(trigger, "turn/"), {"on": "1"})
    trigger.refresh_from_db()
    assert trigger.due_at is not None
    assert "Every 3h. This cannot be undone." in main_of(page.get(at(trigger, "delete/")))
    assert Trigger.objects.exists()
    page.post(at(trigger, "delete/"))
    assert not Trigger.objects.exists()


def test_the_secret_of_a_webhook_is_shown_once(page: Client, flow: Workflow) -> None:
    answer = page.post(NEW, {"kind": "webhook", "answer": "now", "inputs": "amount: ${message.amount}"})
    assert (answer.status_code, answer["Cache-Control"]) == (201, "no-store")
    trigger = Trigger.objects.get()
    assert str(trigger.secret) in answer.content.decode()
    assert reverse("webhook", args=[trigger.pk]) in main_of(answer)
    for address in (ONE, at(trigger)):
        assert str(trigger.secret) not in page.get(address).content.decode()
        assert "whsec_" not in page.get(address).content.decode().replace("whsec_}", "")
    assert "more than 5 minutes old" in main_of(page.get(at(trigger)))


def test_a_rotated_secret_is_shown_once_and_the_old_one_is_refused(page: Client, made: Callable[..., Trigger]) -> None:
    trigger = made("webhook")
    old = trigger.secret
    assert "Messages signed with the old secret are taken" in main_of(page.get(at(trigger, "rotate/")))
    answer = page.post(at(trigger, "rotate/"), {"overlap": "0"})
    trigger.refresh_from_db()
    assert trigger.secret != old
    assert (answer.status_code, str(trigger.secret) in answer.content.decode()) == (201, True)
    from tests.workflows.test_triggers import signed

    with pytest.raises(MessageRefused):
        starting.message_take(id=trigger.pk, headers=signed(str(old), b"{}"), body=b"{}")


def test_only_a_webhook_has_a_secret_to_rotate(page: Client, made: Callable[..., Trigger]) -> None:
    answer = page.post(at(made("schedule", every="1h"), "rotate/"), {"overlap": "0"})
    assert answer.status_code == 409
    assert "Only a webhook has a secret" in text_of(answer)


@pytest.mark.skipif(not (shutil.which("openssl") and shutil.which("bash")), reason="there is no openssl here")
def test_the_sample_signs_a_message_as_it_must_be(page: Client, flow: Workflow) -> None:
    answer = page.post(NEW, {"kind": "webhook", "answer": "now", "inputs": "amount: 7"})
    # In the place of curl stands what tells what it was given, a line each.
    script = f"curl() {{ printf '%s\\n' \"$@\"; }}\n{answer.context['curl']}"
    ran = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True, timeout=30)  # noqa: S607
    lines = ran.stdout.splitlines()
    headers = dict(line.split(": ", 1) for line in lines if line.startswith("webhook-"))
    trigger = Trigger.objects.get()
    run = starting.message_take(id=trigger.pk, headers=headers, body=lines[-1].encode())
    assert run.inputs == {"amount": 7}
    assert lines[1] == f"http://acme.localhost/hooks/{trigger.pk}"


def test_the_end_of_another_workflow_is_chosen_from_those_that_there_are(
    page: Client, flow: Workflow, workflow: MakeWorkflow
) -> None:
    workflow({"a": give(1)}, name="other")
    answer = page.get(NEW, {"kind": "workflow_end"})
    assert "Other (other)" in main_of(answer)
    assert "Test (test)" not in main_of(answer)
    sent = {"kind": "workflow_end", "workflow": "other", "status": "failed", "inputs": "amount: 1"}
    assert "When a run of other failed" in main_of(page.post(NEW, sent, follow=True))
    own = page.post(NEW, {**sent, "workflow": "test"})
    assert own.status_code == 422
    assert "cannot wait for its own end" in own.context["form"].errors["workflow"]
    assert Trigger.objects.get().listens_to == "other"


def test_what_stood_against_a_run_the_last_time_is_told(page: Client, made: Callable[..., Trigger]) -> None:
    trigger = made("schedule", every="1h")
    trigger.problem = "1 field cannot be accepted."
    trigger.save(update_fields=["problem"])
    for address in (ONE, at(trigger)):
        assert "It could not start a run the last time: 1 field cannot be accepted." in main_of(page.get(address))


def test_who_may_not_edit_sees_triggers_and_changes_none(
    client_for: Browse, member: Callable[..., User], made: Callable[..., Trigger]
) -> None:
    trigger = made("webhook")
    analyst = client_for(member("analyst"))
    assert "When a signed message comes On" in main_of(analyst.get(ONE))
    assert "Add a trigger" not in main_of(analyst.get(ONE))
    for part in ("", "delete/", "rotate/"):
        assert analyst.get(at(trigger, part)).status_code == 403
    for part in ("", "turn/", "delete/", "rotate/"):
        assert analyst.post(at(trigger, part)).status_code == 403
    assert Trigger.objects.get().is_enabled


def test_a_trigger_belongs_to_its_workflow_and_tenant(
    page: Client,
    client_for: Browse,
    member: Callable[..., User],
    globex: Tenant,
    made: Callable[..., Trigger],
    workflow: MakeWorkflow,
) -> None:
    trigger = made("webhook")
    workflow({"a": give(1)}, name="other")
    stranger = client_for(member("owner", tenant=globex), tenant=globex)
    for part in ("", "delete/", "rotate/"):
        assert page.get(f"/workflows/other/triggers/{trigger.pk}/{part}").status_code == 404
        assert page.post(f"/workflows/other/triggers/{trigger.pk}/{part}").status_code == 404
        assert stranger.post(at(trigger, part)).status_code == 404
        assert page.get(f"{ONE}triggers/{uuid4()}/{part}").status_code == 404
    with tenant_context(globex):
        assert not Trigger.objects.exists()
    assert Trigger.objects.count() == 1
    assert not WorkflowRun.objects.exists()
