"""Runs from acceptance to their end: what is stored, what is refused, who may stop them, and what dies with them."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID

import pytest
from django.db import OperationalError

from apps.accounts.models import User
from apps.agents import inputs, services
from apps.agents.contract import AGENTS, RunContext
from apps.agents.ends import ISSUES_KEPT
from apps.agents.models import AgentResult, AgentRun
from apps.common import work
from apps.common.errors import Conflict, InvalidInput, Issue, NotFound, PermissionDenied, TooLarge
from apps.common.ids import uuid7
from apps.common.work import Claim, FenceLost
from apps.datasets.models import Dataset
from apps.datasets.services import dataset_upload
from apps.dispatch import rows
from apps.dispatch.board import Board
from apps.gateway.principals import Caller
from apps.tenants.context import tenant_context
from apps.tenants.models import Tenant
from apps.tenants.storage import tenant_path
from tests.agents.conftest import COUNTER, ECHO, WEEKLY, Start, WorkOff
from tests.dispatch.conftest import at_once, expire, stored
from tests.dummy.agents.counter import Count

Make = Callable[..., User]
COUNT = AGENTS[COUNTER]


def why(run: AgentRun) -> dict[str, Any]:
    """The problem of a run that has failed."""
    assert run.problem
    found: dict[str, Any] = run.problem
    return found


def claim(tenant: Tenant) -> Claim:
    """Take the one work row that is due, as a worker does."""
    (one,) = rows.claim(tenant=tenant.schema_name, queue="cpu", limit=1, slots=4).claims
    return one


def do(monkeypatch: pytest.MonkeyPatch, how: Callable[[Any, Any, RunContext], Any]) -> None:
    """Let the counter work in another way."""
    monkeypatch.setattr(type(COUNT), "run", lambda self, data, settings, ctx: how(data, settings, ctx))


# --------------------------------------------------------------------------------------------------------- acceptance


def test_a_run_is_stored_with_its_work_row_and_numbered(start: Start, member: Make) -> None:
    user = member("analyst")
    run = start(user, steps=5)
    run.refresh_from_db()
    assert (run.status, run.seq, run.created_by, run.input) == ("queued", 1, user, {"steps": 5})
    assert run.agent_version == COUNT.version
    assert run.number > 0
    assert stored(run.pk) is not None
    assert start(user).number > run.number


@pytest.mark.parametrize(
    ("data", "path"),
    [({"steps": 0}, "steps"), ({"steps": "many"}, "steps"), ({"stepz": 3}, "stepz"), ({"steps": 13}, "steps")],
)
def test_an_input_that_cannot_work_is_refused_and_nothing_is_stored(
    start: Start, data: dict[str, Any], path: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        start(**data)
    assert [issue.path for issue in refused.value.issues] == [path]
    assert not AgentRun.objects.exists()


@pytest.mark.parametrize("value", ["nan", "inf", float("nan")])
def test_a_number_that_json_does_not_have_is_refused(start: Start, value: Any) -> None:
    with pytest.raises(InvalidInput) as caught:
        start(None, "dummy.idle", value=value)
    assert [issue.path for issue in caught.value.issues] == ["value"]
    assert not AgentRun.objects.exists()


def test_a_run_on_a_dataset_carries_its_name(start: Start, member: Make) -> None:
    user = member("analyst")
    dataset = dataset_upload(file=BytesIO(WEEKLY), name="weekly.csv", user=user)
    assert start(user, ECHO, table={"dataset": str(dataset.pk)}).source == "weekly"
    assert start(user, ECHO, table={"rows": [{"a": 1}, {"a": 2}]}).source == "2 rows given inline"


def test_a_dataset_that_is_not_there_is_refused(start: Start, member: Make) -> None:
    with pytest.raises(NotFound):
        start(member("analyst"), ECHO, table={"dataset": str(uuid7())})
    assert not AgentRun.objects.exists()


def test_who_may_not_see_datasets_cannot_read_one_through_an_agent(
    start: Start, member: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = member("analyst")
    dataset = dataset_upload(file=BytesIO(WEEKLY), name="weekly.csv", user=user)
    narrow = Caller(user, frozenset({"agents.run", "runs.view"}))
    given: dict[str, Any] = {"agent": AGENTS[ECHO], "data": {"table": {"dataset": str(dataset.pk)}}}
    with pytest.raises(PermissionDenied):
        services.run_start(**given, user=user, origin="api", who=narrow)
    parsed = inputs.input_parse(**given)
    monkeypatch.setattr(type(AGENTS[ECHO]), "inspect", lambda self, data, ctx: ctx.table(data.table))
    with pytest.raises(PermissionDenied):
        inputs.input_inspect(agent=AGENTS[ECHO], data=parsed, who=member("viewer"))
    assert not AgentRun.objects.exists()


# -------------------------------------------------------------------------------------------------------------- files


def files() -> list[str]:
    """What lies in the tenant's folder of datasets."""
    return sorted(path.name for path in tenant_path("datasets", "x").parent.iterdir())


def from_file(user: User, content: bytes = WEEKLY, key: str = ECHO, **data: Any) -> AgentRun:
    return services.run_start_from_file(
        agent=AGENTS[key], data=data, file=BytesIO(content), filename="weekly.csv", user=user, origin="api", who=user
    )


def test_a_file_becomes_a_dataset_and_feeds_the_table(acme: Tenant, board: Board, member: Make) -> None:
    user = member("analyst")
    run = from_file(user)
    dataset = Dataset.objects.get()
    assert (dataset.name, dataset.created_by) == ("weekly", user)
    assert run.input == {"table": {"dataset": str(dataset.pk)}}
    assert len(files()) == 1


def test_a_file_with_a_bad_input_leaves_nothing(
    acme: Tenant, board: Board, member: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = member("analyst")

    def refuse(*_: Any) -> None:
        raise InvalidInput(
            "There is no column of periods.", issues=[Issue(path="table.columns.period", message="none")]
        )

    with pytest.raises(InvalidInput):
        from_file(user, nonsense=1)
    with pytest.raises(InvalidInput):
        from_file(user, b"")
    monkeypatch.setattr(type(AGENTS[ECHO]), "inspect", refuse)
    with pytest.raises(InvalidInput, match="column of periods"):
        from_file(user)
    assert not Dataset.objects.exists()
    assert not AgentRun.objects.exists()
    assert files() == []


def test_a_file_is_not_read_when_the_rest_of_the_input_is_wrong(acme: Tenant, board: Board, member: Make) -> None:
    class Unread(BytesIO):
        def read(self, *_: Any) -> bytes:
            raise AssertionError("it was read")

    with pytest.raises(InvalidInput):
        services.run_start_from_file(
            agent=AGENTS[ECHO], data={"nonsense": 1}, file=Unread(), filename="x", user=(user := member()),
            origin="api", who=user,
        )  # fmt: skip


@pytest.mark.parametrize("given", [{"rows": [{"a": 1}]}, {"dataset": str(UUID(int=1))}, "a name", None])
def test_a_file_and_another_table_are_refused(acme: Tenant, board: Board, member: Make, given: Any) -> None:
    with pytest.raises(InvalidInput) as refused:
        from_file(member(), table=given)
    assert [issue.path for issue in refused.value.issues] == ["table"]
    assert files() == []


def test_a_file_needs_the_permission_to_upload(acme: Tenant, board: Board, member: Make) -> None:
    user = member("analyst")
    with pytest.raises(PermissionDenied):
        services.run_start_from_file(
            agent=AGENTS[ECHO], data={}, file=BytesIO(WEEKLY), filename="x.csv", user=user, origin="api",
            who=Caller(user, frozenset({"agents.run"})),
        )  # fmt: skip


def test_a_file_larger_than_the_quota_leaves_nothing(acme: Tenant, board: Board, member: Make) -> None:
    acme.max_upload_mb = 0
    with tenant_context(acme), pytest.raises(TooLarge):
        from_file(member())
    assert files() == []


# ---------------------------------------------------------------------------------------------------------- execution


def test_a_run_succeeds_with_its_result_and_leaves_no_work_row(start: Start, work_off: WorkOff) -> None:
    run = start(steps=4)
    assert work_off() == 1
    run.refresh_from_db()
    assert (run.status, run.done, run.total, run.note, run.headline) == ("succeeded", 4, 4, "", "Counted to 4")
    assert (run.attempts, run.problem) == (1, None)
    assert run.started_at
    assert run.finished_at
    assert run.started_at <= run.finished_at
    assert run.result.output == {"numbers": [1, 2, 3, 4]}
    assert stored(run.pk) is None


def test_a_run_that_the_agent_refuses_fails_with_its_words(finished: Start) -> None:
    run = finished(mood="cross")
    assert run.status == "failed"
    assert run.problem == {
        "code": "invalid_input",
        "title": InvalidInput.title,
        "detail": "I will not count this.",
        "remedy": "Ask kindly.",
        "issues": [{"path": "", "message": "Not kind", "row": 2, "column": None}],
    }
    assert not AgentResult.objects.exists()


def test_an_error_of_the_agent_is_told_without_its_inside(finished: Start) -> None:
    run = finished(mood="broken")
    assert (run.status, why(run)["code"]) == ("failed", "agent_failed")
    assert "secret" not in str(run.problem)


@pytest.mark.parametrize(
    "output",
    [
        Count.model_construct(numbers=[cast("int", float("nan"))]),
        {"numbers": ["x"]},
        None,
        Count.model_construct(numbers=[]),
    ],
)
def test_an_output_that_cannot_be_stored_is_the_agents_failure(
    finished: Start, monkeypatch: pytest.MonkeyPatch, output: Any
) -> None:
    do(monkeypatch, lambda *_: output)  # the last one has no headline
    assert why(finished())["code"] == "agent_failed"
    assert not AgentResult.objects.exists()


def test_names_out_of_a_file_that_the_database_refuses_do_no_harm(
    finished: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    def odd(data: Any, settings: Any, ctx: RunContext) -> Any:
        ctx.progress(1, 2, "Counting \x00 and \ud800")
        raise InvalidInput("No \x00.", issues=[Issue(message="a\x00", path="b\x00", column="c\x00")] * 1000)

    do(monkeypatch, odd)
    problem = why(finished())
    assert problem["detail"] == "No ."
    assert problem["issues"][0] == {"message": "a", "path": "b", "column": "c", "row": None}
    assert len(problem["issues"]) == ISSUES_KEPT


def test_a_run_of_an_agent_that_is_gone_fails_and_says_so(start: Start, work_off: WorkOff) -> None:
    run = start()
    AgentRun.objects.filter(pk=run.pk).update(agent_key="dummy.retired")
    work_off()
    run.refresh_from_db()
    assert (run.status, why(run)["code"]) == ("failed", "agent_gone")


def test_progress_is_written_seldom_and_each_change_raises_seq(
    finished: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 100.0
    monkeypatch.setattr(services, "time", SimpleNamespace(monotonic=lambda: now))

    def count(data: Any, settings: Any, ctx: RunContext) -> Count:
        nonlocal now
        for step in range(1000):
            ctx.progress(step, 0)  # without a total, as while a table is read
        for step in range(1000):
            now += 0.01
            ctx.progress(step, 1000, f"Step {step}")
        return Count(numbers=[1])

    do(monkeypatch, count)
    run = finished()
    # accepted, begun, 1 at the first call, 20 in ten seconds, ended
    assert run.seq == 1 + 1 + 1 + 20 + 1


def test_a_database_that_goes_away_is_no_failure_of_the_run(
    start: Start, acme: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = start()

    def away(*_: Any) -> None:
        raise OperationalError("server closed the connection")

    do(monkeypatch, away)
    with pytest.raises(OperationalError):
        services.run_execute(claim(acme))
    run.refresh_from_db()
    assert run.status == "running"


def test_a_worker_whose_fence_is_lost_writes_nothing(start: Start, acme: Tenant) -> None:
    run = start()
    slow = claim(acme)
    expire(run.pk)
    quick = claim(acme)
    with pytest.raises(FenceLost):
        services.run_execute(slow)
    run.refresh_from_db()
    assert (run.status, run.seq) == ("running", 3), "each claim began it, and nothing else was written"
    services.run_execute(quick)
    run.refresh_from_db()
    assert (run.status, run.attempts) == ("succeeded", 2)


def test_a_fence_that_is_lost_while_the_agent_works_stores_no_result(
    start: Start, acme: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = start()

    def count(data: Any, settings: Any, ctx: RunContext) -> Count:
        expire(run.pk)
        claim(acme)
        return Count(numbers=[1])

    do(monkeypatch, count)
    with pytest.raises(FenceLost):
        services.run_execute(claim(acme))
    run.refresh_from_db()
    assert run.status == "running"
    assert not AgentResult.objects.exists()


def test_a_run_that_is_taken_up_again_keeps_its_beginning_and_counts_the_attempt(start: Start, acme: Tenant) -> None:
    run = start()
    began = run.created_at
    AgentRun.objects.filter(pk=run.pk).update(status="running", started_at=began, attempts=1, done=2, total=3)
    services.run_execute(claim(acme))
    run.refresh_from_db()
    assert (run.status, run.attempts, run.started_at) == ("succeeded", 2, began)


def test_a_row_whose_run_has_ended_or_is_gone_is_only_removed(start: Start, acme: Tenant) -> None:
    for run in (start(), start()):
        held = claim(acme)
        if held.id == run.pk:
            AgentRun.objects.filter(pk=held.id).update(status="succeeded", seq=9)
        services.run_execute(held)
    held_ids = [uuid7()]
    work.schedule(services.KIND, held_ids[0])
    services.run_execute(claim(acme))
    assert stored(held_ids[0]) is None


# ------------------------------------------------------------------------------------------------------------- cancel


def test_a_run_that_waits_is_cancelled_at_once(start: Start, work_off: WorkOff) -> None:
    run = services.run_cancel(run=start())
    assert (run.status, run.is_open, run.seq) == ("cancelled", False, 2)
    assert run.finished_at
    assert stored(run.pk) is None
    assert work_off() == 0


def test_a_run_in_hand_is_told_and_ends_at_its_next_progress(
    start: Start, acme: Tenant, board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = start(steps=3)
    held = claim(acme)
    steps = []

    def count(data: Any, settings: Any, ctx: RunContext) -> Count:
        for step in range(3):
            ctx.progress(step, 3)
            steps.append(step)
            if step == 0:
                told = services.run_cancel(run=AgentRun.objects.get(pk=run.pk))
                assert (told.status, told.note) == ("running", "Cancelling")
                monkeypatch.setattr(board, "stopping", lambda claim: True)
        return Count(numbers=[1])

    do(monkeypatch, count)
    services.run_execute(held)
    run.refresh_from_db()
    assert steps == [0]
    assert run.status == "cancelled"
    assert not AgentResult.objects.exists()
    # The signal came after the claim: the row stays, and whoever takes it up next only removes it.
    services.run_execute(_again(held))
    assert stored(run.pk) is None
    run.refresh_from_db()
    assert run.status == "cancelled"


def _again(held: Claim) -> Claim:
    """The claim of the next worker, once this one has given the row back."""
    rows.release(held)
    (one,) = rows.claim(tenant=held.tenant, queue="cpu", limit=1, slots=4).claims
    return one


def test_a_worker_that_must_stop_gives_the_run_back(
    start: Start, acme: Tenant, board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = start()
    held = claim(acme)
    monkeypatch.setattr(board, "stopping", lambda claim: True)
    services.run_execute(held)
    run.refresh_from_db()
    assert run.status == "running"
    assert stored(run.pk)
    monkeypatch.setattr(board, "stopping", lambda claim: False)
    services.run_execute(_again(held))
    run.refresh_from_db()
    assert (run.status, run.attempts) == ("succeeded", 2)


def test_a_wish_to_cancel_survives_the_worker_that_was_told(start: Start, acme: Tenant) -> None:
    run = start()
    claim(acme)
    services.run_cancel(run=run)
    expire(run.pk)
    services.run_execute(claim(acme))
    run.refresh_from_db()
    assert (run.status, run.attempts) == ("cancelled", 1)


def test_a_second_wish_to_cancel_says_nothing_new(start: Start, acme: Tenant) -> None:
    run = start()
    held = claim(acme)
    seq = services.run_cancel(run=run).seq
    assert services.run_cancel(run=run).seq == seq
    rows.release(held)
    assert services.run_cancel(run=run).status == "cancelled"


@pytest.mark.parametrize("how", ["succeeded", "failed", "cancelled"])
def test_a_run_that_has_ended_cannot_be_cancelled(start: Start, how: str) -> None:
    run = start()
    AgentRun.objects.filter(pk=run.pk).update(status=how)
    with pytest.raises(Conflict, match=f"already ended: {how}"):
        services.run_cancel(run=run)
    run.refresh_from_db()
    assert (run.status, run.cancel_requested_at) == (how, None)


# ---------------------------------------------------------------------------------------------------- death and after


def die(run: AgentRun, tenant: Tenant) -> None:
    """Let three workers die on a run, and a fourth find it."""
    for _ in range(3):
        claim(tenant)
        expire(run.pk)


def test_a_run_whose_workers_die_is_given_up_and_can_be_requeued(start: Start, acme: Tenant, work_off: WorkOff) -> None:
    run = start()
    die(run, acme)
    work_off()
    run.refresh_from_db()
    assert (run.status, why(run)["code"]) == ("failed", "run_abandoned")
    assert "3 workers died" in why(run)["detail"]
    run = services.run_requeue(run=run)
    assert (run.status, run.problem, run.finished_at) == ("queued", None, None)
    work_off()
    run.refresh_from_db()
    assert run.status == "succeeded"


def test_a_run_that_was_not_given_up_cannot_be_requeued(finished: Start) -> None:
    with pytest.raises(Conflict):
        services.run_requeue(run=finished(mood="cross"))


def test_a_wish_to_cancel_is_forgotten_when_a_run_is_requeued(start: Start, acme: Tenant, work_off: WorkOff) -> None:
    run = start()
    claim(acme)
    services.run_cancel(run=run)
    expire(run.pk)
    die(run, acme)
    work_off()
    run.refresh_from_db()
    assert run.status == "failed"
    assert services.run_requeue(run=run).cancel_requested_at is None


def test_burying_and_reviving_leave_a_run_alone_that_ended_otherwise(finished: Start) -> None:
    run = finished()
    services.run_bury(run.pk, "3 workers died.")
    services.run_revive(run.pk)
    services.run_bury(uuid7(), "3 workers died.")
    before = run.seq
    run.refresh_from_db()
    assert (run.status, run.seq) == ("succeeded", before)


def test_a_run_is_repeated_with_the_same_input(finished: Start, member: Make) -> None:
    user = member("analyst")
    first = finished(user, steps=5)
    again = services.run_repeat(run=AgentRun.objects.defer("input").get(pk=first.pk), user=user, origin="console")
    assert again.pk != first.pk
    assert again.input == {"steps": 5}


def test_open_runs_are_what_the_index_of_work_should_hold(start: Start, finished: Start) -> None:
    finished()
    run = start()
    assert list(work.KINDS[services.KIND].pending()) == [run.pk]


# -------------------------------------------------------------------------------------------------------- concurrency


def test_progress_and_a_wish_to_cancel_never_wait_for_each_other(
    committed_db: str, start: Start, acme: Tenant, board: Board
) -> None:
    """Both lock the work row first and the run's after it (rule R5): in another order they would stop each other."""
    run = start()
    held = claim(acme)

    def act(number: int) -> int:
        if number % 2:
            for _ in range(20):
                services.run_cancel(run=AgentRun.objects.get(pk=run.pk))
            return 20
        context = services._context(held, AgentRun.objects.get(pk=run.pk), COUNT, {}, {})
        for step in range(40):
            context.tell(step + 1, step + 1, "")  # the last of all steps is always written
        return 40

    assert at_once(4, acme, act) == [40, 20, 40, 20]
    run.refresh_from_db()
    assert run.seq == 1 + 1 + 1 + 2 * 40  # accepted, begun, the first wish to cancel, each progress
    assert run.cancel_requested_at
