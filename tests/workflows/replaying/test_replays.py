"""Past runs followed through another definition: what changes is told, and nothing outside is touched."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.accounts.models import User
from apps.agents.contract import AGENTS
from apps.agents.models import AgentDecision, AgentRun
from apps.ai.models import TrainedModel
from apps.ai.training.contract import TRAINABLES
from apps.audit.models import AuditEntry
from apps.common import outbound
from apps.common.errors import Conflict, InvalidInput, PermissionDenied
from apps.common.work import Claim
from apps.dispatch import rows
from apps.dispatch.models import WorkRow
from apps.gateway.models import ApiKey
from apps.gateway.permissions import API_USE
from apps.gateway.principals import Caller, caller_of
from apps.gateway.services import key_create, key_revoke
from apps.tenants.models import Tenant
from apps.workflows.definition import Definition, definition_parse
from apps.workflows.models import Approval, HttpCall, Replay, ReplayRun, Workflow, WorkflowRun
from apps.workflows.permissions import WORKFLOWS_EDIT, WORKFLOWS_VIEW
from apps.workflows.replaying import services
from apps.workflows.replaying.agents import Asking
from apps.workflows.replaying.services import Asked, Status, replay_cancel, replay_start, summary_of
from apps.workflows.replaying.summing import Summary
from apps.workflows.replaying.telling import Told
from tests.dummy.kinds.tendency import TENDENCY
from tests.workflows.conftest import MakeWorkflow, Work, doom
from tests.workflows.replaying.conftest import STEPS, definition
from tests.workflows.test_engine import give

Replayed = Callable[..., Replay]


@pytest.fixture
def replayed(past: Workflow, builder: User, worked: Work) -> Replayed:
    """`replayed(definition, recompute=...)`: past runs followed through it."""

    def make(through: Definition, **asked: Any) -> Replay:
        made = replay_start(who=builder, user=builder, workflow=past, definition=through, asked=Asked(**asked))
        worked("cpu")
        made.refresh_from_db()
        return made

    return make


def told(replay: Replay) -> dict[int, tuple[str, Told]]:
    """What is told of each run, by its input."""
    found = ReplayRun.objects.filter(replay=replay).select_related("run")
    return {row.run.inputs["amount"]: (row.verdict, Told.model_validate(row.told)) for row in found}


def verdicts(replay: Replay) -> dict[int, str]:
    return {amount: verdict for amount, (verdict, _) in told(replay).items()}


def traces() -> tuple[int, ...]:
    """What a run leaves outside of itself."""
    return tuple(model.objects.count() for model in (WorkflowRun, Approval, HttpCall, AgentRun, AgentDecision))


def test_through_the_definition_that_they_followed_every_run_is_the_same(replayed: Replayed) -> None:
    replay = replayed(definition())
    assert (replay.status, replay.done, replay.total) == (Status.SUCCEEDED, 4, 4)
    summary = summary_of(replay)
    assert (summary.same, summary.changed, summary.unknown) == (4, 0, 0)
    assert summary.ends == {"succeeded": {"succeeded": 4}}
    assert (summary.approvals.before, summary.approvals.after) == (2, 2)
    assert (summary.calls.before, summary.calls.after) == (3, 3)
    assert summary.took_before == summary.took_after
    assert summary.recomputed == 0


def test_a_lower_bound_asks_people_more_often(replayed: Replayed) -> None:
    lower = {
        "cases": [{"title": "large", "when": {"field": "${inputs.amount}", "op": ">", "value": 100}, "go": ["ask"]}]
    }
    replay = replayed(definition(size=lower))
    assert verdicts(replay) == {10: "same", 200: "changed", 400: "same", 800: "same"}
    _, changed = told(replay)[200]
    assert changed.after.end == "waiting"
    assert changed.sentences[0] == "A person is asked by “Release”, and was not then."
    assert "“Is it large?” comes to “large” instead of “otherwise”." in changed.sentences
    assert changed.why == ["“Order” needs what “Release” gives, so that what follows cannot be told."]
    summary = summary_of(replay)
    assert (summary.asks_more, summary.asks_less) == (1, 0)
    assert summary.verdicts == {"Is it large?": {"otherwise → large": 1}}
    assert summary.ended("waiting").after == 1


def test_a_higher_bound_asks_nobody_and_orders_what_was_refused(replayed: Replayed) -> None:
    higher = {
        "cases": [{"title": "large", "when": {"field": "${inputs.amount}", "op": ">", "value": 1000}, "go": ["ask"]}]
    }
    replay = replayed(definition(size=higher))
    assert verdicts(replay) == {10: "same", 200: "same", 400: "changed", 800: "changed"}
    _, was_refused = told(replay)[800]
    assert "“Order” sends a request that was not sent then." in was_refused.sentences
    assert "No person is asked by “Release”, as one was then." in was_refused.sentences
    assert summary_of(replay).asks_less == 2


def test_a_request_of_other_content_is_a_change_and_is_answered_as_then(replayed: Replayed) -> None:
    replay = replayed(definition(order={"body": {"sum": "${inputs.amount}"}}))
    assert verdicts(replay) == {10: "changed", 200: "changed", 400: "changed", 800: "same"}
    _, changed = told(replay)[10]
    assert changed.sentences == ["“Order” sends something else than then."]
    assert (changed.after.end, changed.outputs) == ("succeeded", [])


def test_a_run_that_would_fail_is_told_with_the_reason(replayed: Replayed) -> None:
    steps = {**STEPS, "never": {"kind": "stop", "as": "failed", "reason": "Too much", "after": ["check"]}}
    steps["never"]["when"] = {"field": "${inputs.amount}", "op": ">", "value": 500}
    replay = replayed(definition(steps))
    assert verdicts(replay) == {10: "same", 200: "same", 400: "same", 800: "changed"}
    assert told(replay)[800][1].sentences[0] == "It ends otherwise: failed instead of succeeded (Too much)."


def test_inputs_that_the_definition_does_not_take_are_told(replayed: Replayed) -> None:
    through = definition()
    stricter = through.model_copy(
        update={"inputs": {"amount": through.inputs["amount"].model_copy(update={"maximum": 300})}}
    )
    replay = replayed(stricter)
    assert verdicts(replay) == {10: "same", 200: "same", 400: "changed", 800: "changed"}
    assert told(replay)[400][1].after.end == "refused"


OTHER = {"input": {"table": {"rows": [{"name": "Ada", "amount": {"$multiply": ["${inputs.amount}", 2]}}]}}}


def test_an_agent_with_another_input_is_asked_only_where_that_is_wanted(replayed: Replayed) -> None:
    before = traces()
    untold = replayed(definition(check=OTHER))
    assert set(verdicts(untold).values()) == {"unknown"}
    assert "was not asked" in told(untold)[10][1].why[0]
    asked = replayed(definition(check=OTHER), recompute=True)
    assert verdicts(asked) == {10: "same", 200: "same", 400: "same", 800: "changed"}
    assert "“Check” says “refuse” instead of “hold”." in told(asked)[800][1].sentences
    assert summary_of(asked).recomputed == 4
    assert traces() == before


def test_an_agent_of_another_version_is_asked_again(replayed: Replayed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(AGENTS["dummy.decider"]), "version", "3.0")
    untold = replayed(definition())
    assert set(verdicts(untold).values()) == {"unknown"}
    assert "of another version now, and was not asked" in told(untold)[10][1].why[0]
    assert set(verdicts(replayed(definition(), recompute=True)).values()) == {"same"}


def test_what_an_agent_said_by_another_trained_model_is_not_taken_for_what_it_says_now(
    workflow: MakeWorkflow, start: Callable[..., Any], builder: User, worked: Work
) -> None:
    estimate = {"kind": "agent", "agent": "dummy.estimator", "title": "Estimate", "input": {"times": 3}}
    made = workflow({"estimate": estimate}, outputs={"value": "${steps.estimate.value}"})
    start(made)
    worked("flow", "cpu")

    def asked(**how: Any) -> Replay:
        published = made.published
        assert published is not None
        replay = replay_start(
            who=builder, user=builder, workflow=made, definition=published.definition, asked=Asked(**how)
        )
        worked("cpu")
        replay.refresh_from_db()
        return replay

    assert summary_of(asked()).same == 1
    TrainedModel.objects.create(
        kind=TENDENCY, kind_version=TRAINABLES[TENDENCY].version, number=1, parameters={"value": 2.0}, is_promoted=True,
        promoted_at=timezone.now(),
    )  # fmt: skip
    (row,) = ReplayRun.objects.filter(replay=asked())
    assert row.verdict == "unknown"
    assert "“Estimate”: The agent, its settings or a model trained for it" in Told.model_validate(row.told).why[0]
    assert summary_of(asked(recompute=True)).changed == 1


def test_a_few_replays_of_a_workflow_are_under_way_at_a_time(past: Workflow, builder: User) -> None:
    begin = partial(replay_start, who=builder, user=builder, workflow=past, definition=definition())
    for _ in range(services.AT_WORK):
        begin(asked=Asked())
    with pytest.raises(Conflict, match="are under way"):
        begin(asked=Asked())
    replay_cancel(who=builder, replay=Replay.objects.latest("id"))
    begin(asked=Asked())


def test_runs_are_not_found_by_the_credentials_in_their_inputs(
    workflow: MakeWorkflow, start: Callable[..., Any], builder: User, worked: Work
) -> None:
    made = workflow({"a": {"kind": "stop"}}, inputs={"api_key": {"type": "text"}, "city": {"type": "text"}})
    start(made, api_key="sk-12345", city="Graz")
    worked("flow")
    assert made.published is not None
    begin = partial(replay_start, who=builder, user=builder, workflow=made, definition=made.published.definition)
    with pytest.raises(Conflict, match="No run"):
        begin(asked=Asked(contains="sk-1"))
    assert begin(asked=Asked(contains="graz")).total == 1


def test_a_definition_that_calls_a_credential_otherwise_is_not_given_it(
    workflow: MakeWorkflow, start: Callable[..., Any], builder: User, worked: Work
) -> None:
    inputs = {"api_key": {"type": "text"}, "city": {"type": "text"}}
    made = workflow({"a": give("${inputs.api_key}")}, inputs=inputs, outputs={"note": "${inputs.city}"})
    start(made, api_key="sk-12345", city="Graz")
    worked("flow")
    assert made.published is not None
    same = replay_start(who=builder, user=builder, workflow=made, definition=made.published.definition, asked=Asked())
    renaming = {"reason": {"kind": "stop", "as": "failed", "reason": "It is ${inputs.api_key}"}}
    for steps in ({"a": give("${inputs.api_key}")}, renaming):
        told = {"name": "test", "title": "Test", "steps": steps, "inputs": inputs}
        through = definition_parse({**told, "outputs": {"note": "${inputs.api_key}"}})
        replay = replay_start(who=builder, user=builder, workflow=made, definition=through, asked=Asked())
        worked("cpu")
        row = ReplayRun.objects.get(replay=replay)
        assert row.verdict == "changed"
        assert "sk-12345" not in str(row.told)
        assert "[redacted]" in str(row.told)
    assert ReplayRun.objects.get(replay=same).verdict == "same"


def test_nothing_outside_is_touched(replayed: Replayed, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object, **__: object) -> None:
        raise AssertionError("a replay went outside")

    monkeypatch.setattr(outbound, "request", never)
    monkeypatch.setattr(outbound, "client", never)
    before, work_rows = traces(), set(WorkRow.objects.values_list("kind", flat=True))
    steps = {**STEPS, "more": {"kind": "http", "url": "https://other.example/", "after": ["size"]}}
    replay = replayed(definition(steps))
    assert set(verdicts(replay).values()) == {"changed"}
    assert traces() == before
    assert set(WorkRow.objects.values_list("kind", flat=True)) == work_rows


def test_it_goes_on_after_a_batch_where_it_was_left(
    past: Workflow, builder: User, acme: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "BATCH", 2)
    replay = replay_start(who=builder, user=builder, workflow=past, definition=definition(), asked=Asked())
    real, seen = services._Following._follow, []

    def once(self: Any, batch: Any, run: Any) -> Any:
        seen.append(run.id)
        if len(seen) == 3:
            raise RuntimeError("the worker is lost")
        return real(self, batch, run)

    monkeypatch.setattr(services._Following, "_follow", once)
    with pytest.raises(RuntimeError):
        services.replay_perform(claimed(acme))
    replay.refresh_from_db()
    assert (replay.done, replay.status, replay.runs.count()) == (2, Status.RUNNING, 2)
    services.replay_perform(claimed(acme))
    replay.refresh_from_db()
    assert (replay.done, replay.status, summary_of(replay).count) == (4, Status.SUCCEEDED, 4)
    assert len(seen) == 5


def test_it_ends_when_whoever_asked_for_it_may_not_any_more_and_keeps_what_it_has_come_to(
    past: Workflow, builder: User, acme: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "BATCH", 2)
    replay = replay_start(who=builder, user=builder, workflow=past, definition=definition(), asked=Asked())
    real, seen = services._Following._follow, []

    def leaving(self: Any, batch: Any, run: Any) -> Any:
        seen.append(run.id)
        User.objects.filter(pk=builder.pk).update(role="viewer")
        return real(self, batch, run)

    monkeypatch.setattr(services._Following, "_follow", leaving)
    services.replay_perform(claimed(acme))
    replay.refresh_from_db()
    assert (replay.status, replay.done, replay.runs.count()) == (Status.FAILED, 2, 2)
    assert replay.problem["code"] == "permission_denied"
    assert "has no permission any more to: " in replay.problem["detail"]
    assert not WorkRow.objects.filter(kind=services.KIND).exists()


@pytest.mark.parametrize("end", ["member", "key", "scope"])
def test_the_key_that_it_was_asked_for_with_has_to_be_good_all_along(
    past: Workflow, member: Callable[..., User], worked: Work, end: str
) -> None:
    admin = member("administrator")
    key, _ = key_create(who=Caller(admin), name="ci", scopes=[API_USE, WORKFLOWS_VIEW, WORKFLOWS_EDIT], days=1)
    who = caller_of(admin, key)
    replay = replay_start(who=who, user=admin, workflow=past, definition=definition(), asked=Asked())
    if end == "member":
        User.objects.filter(pk=admin.pk).update(is_active=False)
    elif end == "key":
        key_revoke(who=Caller(admin), key=key)
    else:
        ApiKey.objects.update(scopes=[API_USE, WORKFLOWS_VIEW])
    worked("cpu")
    replay.refresh_from_db()
    assert (replay.status, replay.done) == (Status.FAILED, 0)
    told = {"member": "is no active member any more", "key": "was revoked", "scope": "has no permission any more"}
    assert told[end] in replay.problem["detail"]


def test_whoever_leaves_while_agents_are_asked_has_no_other_asked(
    replayed: Replayed, builder: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(AGENTS["dummy.decider"]), "version", "3.0")
    monkeypatch.setattr(services, "LOOKED_AT_EVERY", 0.0)
    real, asked = Asking.ask, []

    def leaving(self: Any, question: Any) -> Any:
        asked.append(question)
        User.objects.filter(pk=builder.pk).update(is_active=False)
        return real(self, question)

    monkeypatch.setattr(Asking, "ask", leaving)
    replay = replayed(definition(), recompute=True)
    assert (replay.status, replay.done, len(asked)) == (Status.FAILED, 1, 1)


def claimed(tenant: Tenant) -> Claim:
    """The row of the replay, in this test's hands, whoever had it."""
    with connection.cursor() as cursor:
        cursor.execute("update public.dispatch_work set lease_until = clock_timestamp() - interval '1 second'")
    (found,) = rows.claim(tenant=tenant.schema_name, queue="cpu", limit=1, slots=1).claims
    return found


def test_one_that_is_given_up_says_why_and_may_be_taken_up_again(past: Workflow, builder: User, worked: Work) -> None:
    replay = replay_start(who=builder, user=builder, workflow=past, definition=definition(), asked=Asked())
    doom(replay)
    worked("cpu")
    replay.refresh_from_db()
    assert replay.status == Status.FAILED
    assert replay.problem["code"] == "replay_abandoned"


def test_a_replay_that_is_cancelled_keeps_what_it_has_come_to(past: Workflow, builder: User, worked: Work) -> None:
    replay = replay_start(who=builder, user=builder, workflow=past, definition=definition(), asked=Asked())
    replay_cancel(who=builder, replay=replay)
    worked("cpu")
    replay.refresh_from_db()
    assert (replay.status, replay.done) == (Status.CANCELLED, 0)
    with pytest.raises(Conflict):
        replay_cancel(who=builder, replay=replay)
    kinds = AuditEntry.objects.filter(kind__startswith="workflows.replay").order_by("id").values_list("kind", flat=True)
    assert list(kinds) == ["workflows.replay_started", "workflows.replay_cancelled"]


@pytest.mark.parametrize(
    ("asked", "amounts"),
    [
        ({"most": 2}, {400, 800}),
        ({"status": "succeeded", "origin": "api"}, {10, 200, 400, 800}),
        ({"contains": '"amount": 400'}, {400}),
    ],
)
def test_the_runs_are_chosen(replayed: Replayed, asked: dict[str, Any], amounts: set[int]) -> None:
    assert set(verdicts(replayed(definition(), **asked))) == amounts


def test_where_there_is_no_such_run_nothing_is_started(past: Workflow, builder: User) -> None:
    with pytest.raises(Conflict):
        replay_start(who=builder, user=builder, workflow=past, definition=definition(), asked=Asked(status="failed"))
    wrong = definition(size={"cases": [{"when": {"field": "${steps.none.x}", "op": "=", "value": 1}, "go": ["ask"]}]})
    with pytest.raises(InvalidInput):
        replay_start(who=builder, user=builder, workflow=past, definition=wrong, asked=Asked())
    assert not Replay.objects.exists()


def test_who_may_not_edit_starts_none(past: Workflow, member: Callable[..., User]) -> None:
    viewer = member("viewer")
    with pytest.raises(PermissionDenied):
        replay_start(who=viewer, user=viewer, workflow=past, definition=definition(), asked=Asked())


def test_sums_are_those_of_the_runs(replayed: Replayed) -> None:
    replay = replayed(definition(order={"body": {}}))
    again = Summary()
    for verdict, each in told(replay).values():
        again.add(verdict, each, {name: kept.title for name, kept in summary_of(replay).steps.items()})
    assert again == summary_of(replay)


def test_a_batch_takes_as_many_statements_whatever_its_runs(past: Workflow, builder: User, acme: Tenant) -> None:
    replay_start(who=builder, user=builder, workflow=past, definition=definition(), asked=Asked())
    row = claimed(acme)
    with CaptureQueriesContext(connection) as statements:
        services.replay_perform(row)
    assert Replay.objects.get().status == Status.SUCCEEDED
    # Taken up, read by seven, recorded, ended: and each transaction has its own two around it.
    assert len(statements) <= 28, [each["sql"][:100] for each in statements.captured_queries]
