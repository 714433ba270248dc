"""A definition tried with a sample: every step is shown, and nothing happens outside."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from apps.accounts.models import User
from apps.agents.models import AgentDecision, AgentRun
from apps.common import outbound
from apps.common.errors import PermissionDenied
from apps.common.redaction import REDACTED
from apps.dispatch.models import WorkRow
from apps.workflows.definition import definition_dump
from apps.workflows.editing.services import edit_new
from apps.workflows.models import Approval, ApprovalNotice, HttpCall, Trial, WorkflowEdit, WorkflowRun
from apps.workflows.replaying.agents import Asking, Halted
from apps.workflows.trying import services
from apps.workflows.trying.following import Going, key_of, questions_of
from tests.workflows.conftest import MakeWorkflow, Work, doom
from tests.workflows.replaying.conftest import STEPS, definition
from tests.workflows.test_pages_workflows import main_of

Browse = Callable[..., Client]


@pytest.fixture
def page(client_for: Browse, builder: User) -> Client:
    return client_for(builder)


@pytest.fixture
def edit(builder: User, board: object) -> WorkflowEdit:
    return edit_new(who=builder, user=builder, definition=definition_dump(definition()))


def begun(page: Client, edit: WorkflowEdit, amount: float, how: str = "all") -> str:
    answer = page.post(reverse("workflows:trial-new", args=[edit.pk]), {"inputs.amount": str(amount), "how": how})
    assert answer.status_code == 302, main_of(answer)
    return str(answer["Location"])


def status() -> str:
    return Trial.objects.get().status


def outside() -> tuple[int, ...]:
    left = (WorkflowRun, Approval, ApprovalNotice, HttpCall, AgentRun, AgentDecision)
    return tuple(model.objects.count() for model in left)


def test_a_sample_goes_through_every_step_and_nothing_happens_outside(
    page: Client, edit: WorkflowEdit, worked: Work, monkeypatch: pytest.MonkeyPatch, mailoutbox: list[Any]
) -> None:
    def never(*_: object, **__: object) -> None:
        raise AssertionError("a trial went outside")

    monkeypatch.setattr(outbound, "request", never)
    monkeypatch.setattr(outbound, "client", never)
    at = begun(page, edit, 400)
    assert status() == "running"
    assert page.get(at + "snapshot/").json() == {"status": "running"}
    worked("cpu", "io", "flow")
    assert status() == "waiting"
    answer = page.get(at)
    (case,) = answer.context["look"].steps[1].cases
    assert (case.sentence, case.held) == ("amount is more than 300", True)
    words = main_of(answer)
    for said in (
        "hold",
        "Goes on with Release",
        "Release 400",
        "Say yes",
    ):
        assert said in words
    page.post(at, {"key": "ask|-1|1", "said": "yes", "comment": "Fine"})
    words = main_of(page.get(at))
    assert "POST https://shop.example/orders" in words
    page.post(at, {"key": "order|-1|1", "said": "answer", "status": "200", "output": '{"number": 9}'})
    trial = Trial.objects.get()
    assert (trial.status, trial.outputs) == ("succeeded", {"number": 9, "verdict": "hold"})
    assert "What the run would give" in main_of(page.get(at))
    worked("cpu", "io", "flow")
    assert outside() == (0,) * 6
    assert mailoutbox == []


def test_step_by_step_it_rests_after_each_step(page: Client, edit: WorkflowEdit, worked: Work) -> None:
    at = begun(page, edit, 10, "step")
    worked("cpu")
    assert status() == "ready"
    assert "Next step" in main_of(page.get(at))
    settled = [shown.status for shown in page.get(at).context["look"].steps]
    assert settled == ["succeeded", "queued", "queued", "queued"]
    page.post(at, {"act": "step"})
    look = page.get(at).context["look"]
    assert [shown.status for shown in look.steps][:2] == ["succeeded", "succeeded"]
    assert look.steps[1].cases[0].held is False
    page.post(at, {"act": "step"})
    assert status() == "waiting"
    assert page.get(at).context["look"].steps[2].status == "skipped"


def test_what_is_answered_wrongly_is_told_beside_it(page: Client, edit: WorkflowEdit, worked: Work) -> None:
    at = begun(page, edit, 400)
    worked("cpu")
    answer = page.post(at, {"key": "ask|-1|1", "said": "no"})
    assert answer.status_code == 422
    assert "Say why not" in main_of(answer)
    assert page.post(at, {"key": "other|-1|1", "said": "yes"}).status_code == 409
    page.post(at, {"key": "ask|-1|1", "said": "yes"})
    answer = page.post(at, {"key": "order|-1|1", "said": "answer", "status": "9", "output": "{"})
    assert "Write it as JSON" in main_of(answer)
    assert "from 100 to 599" in main_of(answer)
    for wrong in ("01999", "200" + "0" * 5000, "２００", "-200"):
        assert "from 100 to 599" in main_of(page.post(at, {"key": "order|-1|1", "said": "answer", "status": wrong}))
    for wrong in ("NaN", "[" * 100_000):
        sent = {"key": "order|-1|1", "said": "answer", "output": wrong}
        assert "Write it as JSON" in main_of(page.post(at, sent))


@pytest.mark.parametrize("said", ['"\\ud800"', "1e999", "NaN", "[" * 100_000])
def test_what_no_page_could_show_is_no_answer(page: Client, edit: WorkflowEdit, worked: Work, said: str) -> None:
    at = begun(page, edit, 10)
    worked("cpu")
    going = Going.of(Trial.objects.get())
    asked = key_of(questions_of(going, going.state())[0])
    refused = page.post(at, {"key": asked, "said": "answer", "status": "200", "output": said})
    assert refused.status_code == 422
    assert page.get(at).status_code == 200


def test_a_step_may_be_let_fail(page: Client, edit: WorkflowEdit, worked: Work) -> None:
    at = begun(page, edit, 10)
    worked("cpu")
    page.post(at, {"key": "order|-1|1", "said": "fail", "detail": "The shop is closed"})
    trial = Trial.objects.get()
    assert (trial.status, trial.problem["detail"]) == ("failed", "The shop is closed")
    assert "The run would fail" in main_of(page.get(at))
    assert page.post(at, {"act": "all"}).status_code == 409


def test_the_answer_of_the_latest_run_is_offered(page: Client, past: Any, builder: User, worked: Work) -> None:
    from apps.workflows.editing.services import edit_begin

    mine = edit_begin(who=builder, user=builder, workflow=past)
    new = reverse("workflows:trial-new", args=[mine.pk])
    assert "Or begin with the inputs of a past run" in main_of(page.get(new))
    latest = WorkflowRun.objects.order_by("-id").first()
    assert latest is not None
    assert b'value="800' in page.get(new, {"run": latest.ref}).content
    assert page.get(new, {"run": "W-99999"}).status_code == 404
    at = begun(page, mine, 10)
    worked("cpu")
    asked = page.get(at).context["look"].steps[3].asked[0]
    assert (asked.is_latest, asked.status) == (True, 200)
    assert '"number": 7' in asked.prefilled


def test_items_are_answered_one_by_one(page: Client, builder: User, board: object) -> None:
    steps = {"each": {**STEPS["order"], "after": [], "for_each": {"items": [1, 2]}, "body": {"n": "${item}"}}}
    del steps["each"]["when"]
    content = {"name": "test", "title": "Test", "steps": steps, "outputs": {"all": "${steps.each}"}}
    made = edit_new(who=builder, user=builder, definition=content)
    answer = page.post(reverse("workflows:trial-new", args=[made.pk]), {"how": "all"})
    at = str(answer["Location"])
    assert "item 2" in main_of(page.get(at))
    for item in (0, 1):
        page.post(at, {"key": f"each|{item}|1", "said": "answer", "status": "200", "output": str(item)})
    assert [each["body"] for each in Trial.objects.get().outputs["all"]] == [0, 1]


def test_what_is_not_whole_says_why_it_cannot_be_tried(page: Client, builder: User, board: object) -> None:
    made = edit_new(who=builder, user=builder, definition={"name": "test", "title": "Test", "steps": {}})
    new = reverse("workflows:trial-new", args=[made.pk])
    answer = page.get(new)
    assert answer.status_code == 422
    assert "It cannot be tried yet" in main_of(answer)
    assert page.post(new, {"how": "all"}).status_code == 422
    assert not Trial.objects.exists()


def test_inputs_that_are_wrong_are_told_by_field(page: Client, edit: WorkflowEdit) -> None:
    answer = page.post(reverse("workflows:trial-new", args=[edit.pk]), {"inputs.amount": "much", "how": "all"})
    assert answer.status_code == 422
    assert not Trial.objects.exists()


def test_a_trial_is_its_persons_own(page: Client, edit: WorkflowEdit, client_for: Browse, member: Any) -> None:
    at = begun(page, edit, 10, "later")
    other = client_for(member("builder"))
    assert other.get(at).status_code == 404
    assert other.post(at, {"act": "all"}).status_code == 404
    assert other.get(reverse("workflows:trial-new", args=[edit.pk])).status_code == 404
    assert client_for(member("viewer")).get(at).status_code == 403


def test_while_an_agent_is_at_work_nothing_else_is_done(page: Client, edit: WorkflowEdit) -> None:
    at = begun(page, edit, 10)
    assert page.post(at, {"act": "all"}).status_code == 409


def test_one_that_is_given_up_says_why(page: Client, edit: WorkflowEdit, worked: Work) -> None:
    at = begun(page, edit, 10)
    doom(Trial.objects.get())
    worked("cpu")
    trial = Trial.objects.get()
    assert (trial.status, trial.problem["code"]) == ("failed", "workflow_trial_abandoned")
    assert "given up" in services.WorkflowTrialAbandoned.title
    assert page.get(at).status_code == 200
    services.trial_revive(trial.pk)
    assert status() == "running"


def test_one_that_comes_to_too_much_fails_and_its_agent_is_not_asked_again(
    page: Client, edit: WorkflowEdit, worked: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = begun(page, edit, 10)
    monkeypatch.setattr(services, "LARGEST", 10)
    worked("cpu")
    assert status() == "failed"
    assert "smaller sample" in main_of(page.get(at))
    assert not WorkRow.objects.filter(kind=services.KIND).exists()


def test_only_the_latest_trials_are_kept(page: Client, edit: WorkflowEdit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "KEPT", 2)
    for _ in range(3):
        begun(page, edit, 10, "later")
    assert Trial.objects.count() == 2


class Ask:
    """Stands for agents: counts what they are asked, and lets the process end at one of the questions."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, halts_at: int = 0) -> None:
        self.asked: list[Any] = []
        self.halts_at = halts_at
        really = Asking.ask
        mine = self

        def ask(asking: Asking, question: Any) -> Any:
            mine.asked.append(question.item)
            if len(mine.asked) == mine.halts_at:
                raise Halted
            return really(asking, question)

        monkeypatch.setattr(Asking, "ask", ask)


@pytest.fixture
def many(builder: User, board: object) -> WorkflowEdit:
    """A workflow that asks an agent for each of three."""
    each = {"items": [1, 2, 3], "concurrency": 1}
    rows = {"table": {"rows": [{"name": "Ada", "amount": "${item}"}]}}
    check = {"kind": "agent", "agent": "dummy.decider", "for_each": each, "input": rows}
    made = {"name": "many", "title": "Many", "steps": {"check": check}, "inputs": {"amount": {"type": "number"}}}
    return edit_new(who=builder, user=builder, definition=made)


def test_an_agent_that_has_answered_is_not_asked_again_by_the_process_that_takes_it_up(
    page: Client, many: WorkflowEdit, worked: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun(page, many, 10)
    asks = Ask(monkeypatch, halts_at=3)
    worked("cpu")
    assert status() == "succeeded"
    assert asks.asked == [0, 1, 2, 2], "the third was asked as its process was to end, and once more"


def test_what_was_answered_is_stored_while_others_are_asked(
    page: Client, many: WorkflowEdit, worked: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun(page, many, 10)
    monkeypatch.setattr(services, "REMEMBERED_EVERY", 0.0)
    stored: list[list[str]] = []
    really = Asking.ask

    def ask(asking: Asking, question: Any) -> Any:
        stored.append(list(Trial.objects.get().answers["given"]))
        return really(asking, question)

    monkeypatch.setattr(Asking, "ask", ask)
    worked("cpu")
    assert [len(each) for each in stored] == [0, 1, 2], "so that a process that is killed loses one answer at most"


def test_a_trial_spends_what_it_may_and_no_more(
    page: Client, many: WorkflowEdit, worked: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = begun(page, many, 10)
    asks = Ask(monkeypatch)
    monkeypatch.setattr(Asking, "spent", lambda asking: Decimal(3 * len(asks.asked)))
    worked("cpu")
    trial = Trial.objects.get()
    assert (trial.status, trial.problem["code"], asks.asked) == ("failed", "trial_spent", [0, 1])
    assert "no other was asked" in main_of(page.get(at))
    assert len(trial.answers["given"]) == 2, "what was paid for is kept"


def test_agents_of_a_few_trials_of_a_person_are_at_work_at_a_time(
    page: Client, edit: WorkflowEdit, worked: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "AT_WORK", 1)
    begun(page, edit, 10)
    refused = page.post(reverse("workflows:trial-new", args=[edit.pk]), {"inputs.amount": "20", "how": "all"})
    assert refused.status_code == 409
    assert "Wait until one of them has answered" in main_of(refused)
    assert Trial.objects.filter(status="running").count() == 1
    worked("cpu")
    begun(page, edit, 20)


def test_who_may_no_longer_have_an_agent_asked_goes_on_with_no_trial(
    page: Client, edit: WorkflowEdit, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = begun(page, edit, 10, "later")

    def refuse(**_: object) -> None:
        raise PermissionDenied("Not any more.")

    monkeypatch.setattr(services, "agents_check", refuse)
    assert page.post(at, {"act": "all"}).status_code == 403
    assert status() == "ready"
    assert not WorkRow.objects.filter(kind=services.KIND).exists()


def test_the_credentials_of_a_past_run_stay_with_it_whatever_the_definition_calls_them(
    page: Client, workflow: MakeWorkflow, start: Callable[..., WorkflowRun]
) -> None:
    inputs = {"api_key": {"type": "text"}, "city": {"type": "text"}}
    made = workflow({"a": {"kind": "stop"}}, inputs=inputs)
    run = start(made, api_key="sk-12345", city="Graz")
    run.refresh_from_db()
    renaming = {"a": {"kind": "transform", "set": {"note": "${inputs.api_key}"}}}
    workflow(renaming, inputs=inputs, outputs={"note": "${steps.a.note}"})
    page.get(reverse("workflows:edit", args=[made.name]))
    new = reverse("workflows:trial-new", args=[WorkflowEdit.objects.get().pk])
    shown = page.get(new, {"run": run.ref}).content.decode()
    assert ("Graz" in shown, "sk-12345" in shown) == (True, False)
    assert "Credentials stay with the run" in shown
    page.post(new, {"run": run.ref, "inputs.api_key": REDACTED, "inputs.city": "Wien", "how": "all"})
    trial = Trial.objects.get()
    assert trial.inputs == {"api_key": REDACTED, "city": "Wien"}
    assert trial.outputs == {"note": REDACTED}
    assert "sk-12345" not in page.get(reverse("workflows:trial", args=[trial.pk])).content.decode()
