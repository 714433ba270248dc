"""Models that are trained in a tenant: started, judged, taken into use, rolled back."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.accounts.models import User
from apps.agents import configurations
from apps.agents import services as agents
from apps.agents.contract import AGENTS
from apps.agents.models import AgentRun
from apps.ai.handlers.training import TrainingWork
from apps.ai.models import TrainedModel
from apps.ai.training import selectors, services
from apps.ai.training.contract import Gain, TrainingContext
from apps.common import work
from apps.common.errors import Conflict, InvalidInput, NotFound, PermissionDenied
from apps.dispatch import rows
from apps.tenants.context import tenant_context
from apps.tenants.models import Tenant
from tests.agents.conftest import WorkOff
from tests.ai.training.conftest import TRAINABLE, Train, Upload
from tests.conftest import MakeMember
from tests.dummy.kinds.tendency import TENDENCY, MiddleOfAColumn, Tendency

Status = TrainedModel.Status


def promote(user: User, row: TrainedModel, reason: str = "") -> TrainedModel:
    return services.trained_promote(who=user, user=user, trainable=TRAINABLE, id=row.id, reason=reason)


def estimate(user: User, work_off: WorkOff, **how: Any) -> AgentRun:
    """A run of the agent that uses what was trained."""
    run = agents.run_start(agent=AGENTS["dummy.estimator"], data={}, user=user, who=user, origin="api", **how)
    work_off()
    return AgentRun.objects.select_related("result").get(pk=run.pk)


def test_a_version_is_trained_and_judged_on_what_it_did_not_see(train: Train) -> None:
    row = train(9, 100, 11, 100)
    judged = selectors.judged_of(row)
    assert (row.status, row.number, row.is_promoted) == (Status.TRAINED, 1, False)
    assert row.parameters == {"value": 10.0}
    assert judged
    assert (judged.metrics[0].value, judged.metrics[0].without, judged.metrics[0].current) == (90.0, 100.0, None)
    assert row.source == "values"
    assert len(row.fingerprint) == 64
    assert row.finished_at is not None


def test_nothing_is_used_before_somebody_takes_it_into_use(train: Train, builder: User, work_off: WorkOff) -> None:
    row = train(9, 10, 11, 10)
    assert estimate(builder, work_off).result.output == {"value": 0.0, "is_learned": False, "tables": 1}
    promote(builder, row)
    used = estimate(builder, work_off)
    assert used.result.output == {"value": 10.0, "is_learned": True, "tables": 1}
    assert used.result.record["trained"] == {TENDENCY: 1}


def test_an_answer_at_hand_is_of_the_version_in_use(train: Train, builder: User, work_off: WorkOff) -> None:
    first, second = train(9, 10, 11, 10), train(19, 20, 21, 20)
    promote(builder, first)
    assert estimate(builder, work_off).result.output["value"] == 10.0
    promote(builder, second)
    assert estimate(builder, work_off).result.output["value"] == 20.0
    promote(builder, first)  # a roll-back
    again = estimate(builder, work_off)
    assert again.result.output["value"] == 10.0
    assert again.answered_from_id is not None


def test_an_answer_at_hand_costs_no_statement_more_for_what_was_trained(
    train: Train, builder: User, work_off: WorkOff
) -> None:
    promote(builder, train(9, 10, 11, 10))
    estimate(builder, work_off)
    with CaptureQueriesContext(connection) as caught:
        again = estimate(builder, lambda: 0)
    assert again.answered_from_id is not None
    asked = [each["sql"] for each in caught if not each["sql"].startswith(("SAVEPOINT", "RELEASE"))]
    # What the agent is set up as and what was trained, the run's number, the run with all that belongs to it; and what
    # the test reads.
    assert len(asked) == 4, asked


def test_what_another_release_has_trained_is_not_in_use(train: Train, builder: User, work_off: WorkOff) -> None:
    promote(builder, train(9, 10, 11, 10))
    TrainedModel.objects.update(kind_version="0.9")
    assert estimate(builder, work_off).result.output["is_learned"] is False
    agent = AGENTS["dummy.estimator"]
    assert configurations.newest_with_trained(agent) == (None, {})


def test_a_result_that_was_found_wrong_answers_no_more_whatever_was_trained(
    train: Train, builder: User, work_off: WorkOff
) -> None:
    from apps.agents import cache

    promote(builder, train(9, 10, 11, 10))
    first = estimate(builder, work_off)
    cache.forget(first)
    assert estimate(builder, work_off).answered_from_id is None


def test_one_version_of_a_kind_is_in_use(train: Train, builder: User) -> None:
    first, second = train(), train()
    promote(builder, first)
    promote(builder, second)
    assert list(TrainedModel.objects.filter(is_promoted=True).values_list("number", flat=True)) == [2]
    with pytest.raises(Conflict, match="in use already"):
        promote(builder, second)


def test_what_may_be_chance_needs_a_reason_and_a_roll_back_needs_none(
    train: Train, builder: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = train(0, 0, 0, 0)  # as good as none
    with pytest.raises(services.NotSurelyBetter):
        promote(builder, first)
    assert not TrainedModel.objects.filter(is_promoted=True).exists()
    assert "because: we know better" in promote(builder, first, "we know better").note
    promote(builder, train(9, 10, 11, 10))
    assert promote(builder, first).is_promoted


def test_none_is_in_use_after_it_was_retired(train: Train, builder: User, work_off: WorkOff) -> None:
    promote(builder, train(9, 10, 11, 10))
    services.trained_retire(who=builder, trainable=TRAINABLE)
    assert estimate(builder, work_off).result.output["is_learned"] is False
    with pytest.raises(Conflict):
        services.trained_retire(who=builder, trainable=TRAINABLE)


def test_the_one_in_use_is_judged_beside_the_new_one(train: Train, builder: User) -> None:
    promote(builder, train(9, 10, 11, 10))
    judged = selectors.judged_of(train(18, 20, 22, 20))
    assert judged
    assert (judged.metrics[0].value, judged.metrics[0].current) == (0.0, 10.0)


def test_a_version_of_another_release_is_not_used_and_not_promoted(
    train: Train, builder: User, work_off: WorkOff, monkeypatch: pytest.MonkeyPatch
) -> None:
    promote(builder, train(9, 10, 11, 10))
    other = train()
    monkeypatch.setattr(MiddleOfAColumn, "version", "2.0")
    assert estimate(builder, work_off).result.output["is_learned"] is False
    with pytest.raises(Conflict, match="earlier release"):
        promote(builder, other)


def test_a_table_that_nothing_can_be_learned_from_fails_with_its_reason(
    train: Train, upload: Upload, builder: User
) -> None:
    row = train(dataset=upload(1, 2, column="other"))
    assert (row.status, row.problem_code) == (Status.FAILED, "invalid_input")
    assert "Nothing can be learned" in row.problem["detail"]
    with pytest.raises(Conflict, match="not trained to its end"):
        promote(builder, row)


@pytest.mark.parametrize(
    "made", [Tendency.model_construct(value=float("nan")), Tendency.model_construct(value=float("inf")), None]
)
def test_parameters_that_are_not_plain_numbers_are_never_stored(
    train: Train, monkeypatch: pytest.MonkeyPatch, made: Any
) -> None:
    real = MiddleOfAColumn.train

    def broken(self: MiddleOfAColumn, *given: Any) -> Any:
        found = real(self, *given)
        found.parameters = made
        return found

    monkeypatch.setattr(MiddleOfAColumn, "train", broken)
    row = train()
    assert (row.status, row.parameters) == (Status.FAILED, None)


def test_options_that_it_does_not_take_and_data_that_is_not_there_are_refused(
    start: Train, builder: User, acme: Tenant
) -> None:
    with pytest.raises(InvalidInput) as refused:
        start(options={"middle": "mode"})
    assert [issue.path for issue in refused.value.issues] == ["options.middle"]
    with pytest.raises(NotFound):
        start(dataset=uuid4())
    assert not TrainedModel.objects.exists()


def test_one_training_of_a_kind_goes_on_at_a_time(start: Train, work_off: WorkOff) -> None:
    start()
    with pytest.raises(Conflict, match="has not ended"):
        start()
    work_off()
    assert start().number == 2


def test_a_training_that_nobody_has_in_hand_is_stopped_at_once(start: Train, builder: User, work_off: WorkOff) -> None:
    row = start()
    assert services.training_stop(who=builder, row=row).status == Status.CANCELLED
    assert work_off() == 0
    with pytest.raises(Conflict):
        services.training_stop(who=builder, row=row)


def test_a_training_in_hand_is_stopped_when_it_next_tells_its_progress(
    start: Train, builder: User, acme: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = start()
    (claim,) = rows.claim(tenant=acme.schema_name, queue="cpu", limit=1, slots=4).claims
    real = TrainingContext.progress

    def asked(self: TrainingContext, done: int, total: int, note: str = "") -> None:
        services.training_stop(who=builder, row=TrainedModel.objects.get(pk=row.pk))
        monkeypatch.setattr(work, "stopping", lambda claim: True)
        real(self, done, total, note)

    monkeypatch.setattr(TrainingContext, "progress", asked)
    services.training_execute(claim)
    row.refresh_from_db()
    assert (row.status, row.parameters) == (Status.CANCELLED, None)


def test_a_training_that_is_given_up_says_so_and_goes_on_when_it_is_requeued(
    start: Train, builder: User, work_off: WorkOff
) -> None:
    row = start()
    services.training_bury(row.id, "Three workers died.")
    row.refresh_from_db()
    assert (row.status, row.problem_code) == (Status.FAILED, "training_abandoned")
    services.training_revive(row.id)
    assert list(TrainingWork().pending()) == [row.id]
    work_off()
    row.refresh_from_db()
    assert (row.status, row.problem, row.problem_code) == (Status.TRAINED, None, "")


def test_the_one_in_use_is_not_deleted_and_others_are(train: Train, builder: User) -> None:
    kept, gone = train(9, 10, 11, 10), train()
    promote(builder, kept)
    with pytest.raises(Conflict, match="in use"):
        services.trained_delete(who=builder, trainable=TRAINABLE, id=kept.id)
    services.trained_delete(who=builder, trainable=TRAINABLE, id=gone.id)
    assert [row.number for row in selectors.trained_query(who=builder)] == [1]
    assert train().number == 2  # the highest that is there, and one more


def test_the_oldest_versions_make_room_and_never_the_one_in_use(
    train: Train, builder: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(selectors, "KEPT", 3)
    promote(builder, train(9, 10, 11, 10))
    for _ in range(4):
        train()
    assert sorted(TrainedModel.objects.values_list("number", flat=True)) == [1, 3, 4, 5]


@pytest.mark.parametrize("role", ["viewer", "analyst", "approver", "auditor"])
def test_who_may_not_train_changes_nothing(role: str, train: Train, member: MakeMember) -> None:
    row, user = train(9, 10, 11, 10), member(role)
    with pytest.raises(PermissionDenied):
        promote(user, row)
    with pytest.raises(PermissionDenied):
        services.trained_delete(who=user, trainable=TRAINABLE, id=row.id)
    assert not TrainedModel.objects.get(pk=row.pk).is_promoted


def test_what_one_tenant_trained_is_not_used_by_another(
    train: Train, builder: User, acme: Tenant, globex: Tenant
) -> None:
    promote(builder, train(9, 10, 11, 10))
    with tenant_context(globex):
        assert selectors.promoted_of([TENDENCY]) == {}
    assert selectors.promoted_of([TENDENCY])[TENDENCY].number == 1


def test_agents_that_use_nothing_trained_cost_no_statement(acme: Tenant) -> None:
    with CaptureQueriesContext(connection) as statements:
        assert selectors.promoted_of(()) == {}
    assert len(statements) == 0


def test_a_gain_is_sure_where_its_interval_leaves_out_none() -> None:
    assert Gain(mean=1, low=0.1, high=2, cases=9).is_sure
    assert not Gain(mean=1, low=0, high=2, cases=9).is_sure
