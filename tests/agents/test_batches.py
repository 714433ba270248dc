"""Batches: columns find their fields, every row is looked at first, and each row is run once whatever happens."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from typing import Any, Literal

import polars as pl
import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from pydantic import BaseModel, Field

from apps.accounts.models import User
from apps.agents import services as run_services
from apps.agents.batches import plans, selectors, services
from apps.agents.batches.columns import cells_read, leaves_of, matches_of
from apps.agents.batches.plans import Plan, plan_check
from apps.agents.contract import AGENTS
from apps.agents.models import AgentBatch, AgentRun
from apps.common.errors import Conflict, InvalidInput, NotFound, PermissionDenied, TooLarge
from apps.common.ids import uuid7
from apps.datasets.models import Dataset
from apps.datasets.selectors import dataset_frame
from apps.datasets.services import dataset_upload
from apps.tenants import plans as tenant_plans
from apps.tenants.models import Tenant
from tests.agents.conftest import COUNTER, WorkOff
from tests.dispatch.conftest import expire

DECIDER = "dummy.decider"
STEPS = b"steps,mood,who\n2,calm,Ada\n3,cross,Bo\n13,calm,Cy\nmany,calm,Di\n4,,Ed\n"
Make = Callable[..., User]
Status = AgentBatch.Status


@pytest.fixture
def analyst(member: Make) -> User:
    return member("analyst")


@pytest.fixture
def file(acme: Tenant, analyst: User) -> Callable[..., Dataset]:
    """`file(content=STEPS)`: a dataset of it."""

    def make(content: bytes = STEPS) -> Dataset:
        return dataset_upload(file=BytesIO(content), name="steps.csv", user=analyst)

    return make


def rows_of(number: int) -> bytes:
    return b"steps\n" + b"".join(b"%d\n" % (1 + n % 5) for n in range(number))


def plan_for(dataset: Dataset, **more: Any) -> Plan:
    return Plan(dataset=dataset.pk, **{"columns": {"steps": "steps"}, **more})


def begun(dataset: Dataset, user: User, *, agent: str = COUNTER, others: bool = False, **more: Any) -> AgentBatch:
    plan = plan_for(dataset, **more)
    return services.batch_start(agent=AGENTS[agent], plan=plan, user=user, who=user, origin="console", others=others)


def work_through(work_off: WorkOff, batch: AgentBatch) -> AgentBatch:
    """Take turns until the batch has ended, without waiting for the next look at it."""
    for _ in range(20):
        work_off()
        batch.refresh_from_db()
        if batch.status not in services.OPEN:
            return batch
        with connection.cursor() as cursor:
            cursor.execute("update public.dispatch_work set due_at = clock_timestamp() where kind = 'agents.batch'")
    raise AssertionError(f"the batch has not ended: {batch.status}")


# ------------------------------------------------------------------------------------------------------------ columns


class Kidney(BaseModel):
    creatinine: float | None = None
    creatinine_unit: Literal["mg/dL", "umol/L"] = "mg/dL"


class Patient(BaseModel):
    medications: str | list[str] = Field(default="", title="Medicines")
    age: int
    pregnant: bool = False
    codes: list[str] = []
    kidney: Kidney = Kidney()
    bundle: dict[str, Any] | None = None


def test_the_single_values_of_an_input_are_found_at_any_depth() -> None:
    leaves = {leaf.path: leaf for leaf in leaves_of(Patient)}
    kinds = {path: leaf.kind for path, leaf in leaves.items()}
    assert kinds == {
        "medications": "text",
        "age": "integer",
        "pregnant": "flag",
        "codes": "list",
        "kidney.creatinine": "number",
        "kidney.creatinine_unit": "choice",
        "bundle": "json",
    }
    assert [path for path, leaf in leaves.items() if leaf.required] == ["age"]


def test_columns_are_matched_by_path_last_part_and_title_without_their_units() -> None:
    columns = ["MEDICINES", "Age [years]", "kidney.creatinine_unit", "Creatinine (umol/L)", "remarks"]
    found = matches_of(leaves_of(Patient), columns)
    assert {path: match.column for path, match in found.columns.items()} == {
        "medications": "MEDICINES",
        "age": "Age [years]",
        "kidney.creatinine": "Creatinine (umol/L)",
        "kidney.creatinine_unit": "kidney.creatinine_unit",
    }
    assert "years" in found.columns["age"].why
    assert not any(match.is_guess for match in found.columns.values())


def test_a_unit_behind_a_name_is_taken_over_where_the_input_asks_for_it() -> None:
    found = matches_of(leaves_of(Patient), ["Creatinine (µmol/L)"])
    assert found.common == {"kidney.creatinine_unit": "umol/L"}


def test_a_name_that_is_only_alike_is_a_guess_and_feeds_one_field() -> None:
    found = matches_of(leaves_of(Patient), ["medication", "creatinin", "nothing of it"])
    assert found.columns["medications"].is_guess
    assert found.columns["kidney.creatinine"].column == "creatinin"
    assert "kidney.creatinine_unit" not in found.columns


def test_cells_are_read_as_people_write_them() -> None:
    leaves = {leaf.path: leaf for leaf in leaves_of(Patient)}
    assert cells_read(pl.Series(["1,5", "2,25", "", "x"]), leaves["kidney.creatinine"]) == [1.5, 2.25, None, "x"]
    assert cells_read(pl.Series(["61", "1,204"]), leaves["age"]) == [61, 1204]
    assert cells_read(pl.Series(["a; b;", None]), leaves["codes"]) == [["a", "b"], None]
    assert cells_read(pl.Series(['{"a": 1}', "{"]), leaves["bundle"]) == [{"a": 1}, "{"]


# -------------------------------------------------------------------------------------------------------------- check


def test_every_row_is_looked_at_and_told_by_its_row_and_column(file: Callable[..., Dataset], analyst: User) -> None:
    dataset = file()
    plan = plan_for(dataset, columns={"steps": "steps", "mood": "mood"})
    check = plan_check(AGENTS[COUNTER], plan, dataset_frame(dataset), who=analyst)
    assert (check.total, check.good, check.looked) == (5, 3, 5)
    assert [(each.row, each.column) for each in check.issues] == [(4, "steps"), (5, "steps")]
    assert [item.data for item in check.preview[:2]] == [{"steps": 2, "mood": "calm"}, {"steps": 3, "mood": "cross"}]


def test_the_model_looks_at_all_rows_where_the_agent_has_no_time(
    file: Callable[..., Dataset], analyst: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plans, "LOOK_SECONDS", -1.0)
    dataset = file()
    check = plan_check(AGENTS[COUNTER], plan_for(dataset), dataset_frame(dataset), who=analyst)
    assert (check.looked, [each.row for each in check.refused]) == (0, [5])


def test_what_all_rows_share_stands_beside_the_cells_of_each(file: Callable[..., Dataset], analyst: User) -> None:
    dataset = file(b"steps\n2\n")
    check = plan_check(
        AGENTS[COUNTER], plan_for(dataset, common={"mood": "cross"}), dataset_frame(dataset), who=analyst
    )
    assert check.preview[0].data == {"mood": "cross", "steps": 2}


@pytest.mark.parametrize(
    ("more", "place"),
    [
        ({"columns": {"steps": "stairs"}}, "columns.steps"),
        ({"columns": {"stairs": "steps"}}, "columns.stairs"),
        ({"columns": {}}, "columns"),
        ({"by": "groups", "columns": {}}, "group"),
        ({"common": {"table": {"rows": []}}}, "common.table"),
    ],
)
def test_a_plan_that_cannot_be_names_the_place(
    file: Callable[..., Dataset], analyst: User, more: dict[str, Any], place: str
) -> None:
    with pytest.raises(InvalidInput) as caught:
        begun(file(), analyst, **more)
    assert [issue.path for issue in caught.value.issues] == [place]
    assert not AgentBatch.objects.exists()


def test_an_agent_that_needs_a_table_gets_one_of_each_group(file: Callable[..., Dataset], analyst: User) -> None:
    dataset = file(b"shop,name,amount\nNorth,Ada,5\nSouth,Bo,500\nNorth,Cy,7\n,Di,9\n")
    plan = Plan(dataset=dataset.pk, by="groups", group="shop")
    check = plan_check(AGENTS[DECIDER], plan, dataset_frame(dataset), who=analyst)
    assert [(item.row, item.label) for item in check.preview] == [(2, "North"), (3, "South"), (5, "")]
    rows = [{"name": "Ada", "amount": "5"}, {"name": "Cy", "amount": "7"}]
    assert check.preview[0].data == {"table": {"rows": rows}}
    assert [(each.row, each.issues[0].message) for each in check.refused] == [
        (5, "Nothing stands in “shop”, which names the groups.")
    ]
    with pytest.raises(InvalidInput, match="cannot be used like this"):
        plan_check(AGENTS[DECIDER], Plan(dataset=dataset.pk, columns={"x": "name"}), dataset_frame(dataset), who=None)


def test_the_column_of_the_groups_is_kept_where_it_plays_a_role(file: Callable[..., Dataset], analyst: User) -> None:
    dataset = file(b"item,week,sold\nTea,2026-01-05,1\n")
    plan = Plan(dataset=dataset.pk, by="groups", group="item", columns={"item": "item"})
    (item,) = plans.Inputs(AGENTS["retail.demand_forecaster"], plan, dataset_frame(dataset)).slice(0, 9)
    rows = [{"item": "Tea", "week": "2026-01-05", "sold": "1"}]
    assert item.data == {"history": {"rows": rows, "columns": {"item": "item"}}}


# -------------------------------------------------------------------------------------------------------------- start


def test_a_batch_with_rows_that_cannot_be_used_is_not_begun(file: Callable[..., Dataset], analyst: User) -> None:
    with pytest.raises(InvalidInput, match="2 of 5 rows cannot be used; nothing was started"):
        begun(file(), analyst)
    assert not AgentBatch.objects.exists()
    assert not AgentRun.objects.exists()


def test_the_other_rows_are_run_where_that_is_chosen(
    file: Callable[..., Dataset], analyst: User, work_off: WorkOff
) -> None:
    batch = begun(file(), analyst, others=True, columns={"steps": "steps", "mood": "mood"})
    batch = work_through(work_off, batch)
    runs = selectors.rows_query(who=analyst, batch=batch)
    assert [(run.batch_row, run.status, run.headline) for run in runs] == [
        (2, "succeeded", "Counted to 2"),
        (3, "failed", ""),
        (6, "succeeded", "Counted to 4"),
    ]
    assert [each.row for each in selectors.refused_of(batch)] == [4, 5]
    standing = selectors.standing_of(batch)
    assert (standing.total, standing.refused, standing.succeeded, standing.failed) == (5, 2, 2, 1)
    assert (batch.status, standing.percent) == (Status.ENDED, 100)


def test_a_batch_of_which_no_row_can_be_used_is_refused_whatever_is_chosen(
    file: Callable[..., Dataset], analyst: User
) -> None:
    with pytest.raises(InvalidInput, match="1 of 1 row cannot be used"):
        begun(file(b"steps\n13\n"), analyst, others=True)


def test_a_file_with_too_many_rows_is_refused(
    file: Callable[..., Dataset], analyst: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plans, "MOST_ROWS", 4)
    with pytest.raises(TooLarge, match="has 5 rows"):
        begun(file(), analyst, others=True)


def test_a_file_with_too_many_groups_or_rows_is_refused_before_it_is_taken_apart(
    file: Callable[..., Dataset], analyst: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def parted(*_: Any, **__: Any) -> Any:
        raise AssertionError("the file was taken apart")

    monkeypatch.setattr(plans, "MOST_ROWS", 4)
    monkeypatch.setattr(pl.DataFrame, "partition_by", parted)
    monkeypatch.setattr(plans, "cells_read", parted)
    dataset = file()
    by_groups = Plan(dataset=dataset.pk, by="groups", group="steps")
    for plan, says in ((by_groups, "has 5 groups"), (plan_for(dataset), "has 5 rows")):
        with pytest.raises(TooLarge, match=says):
            plan_check(AGENTS[COUNTER], plan, dataset_frame(dataset), who=analyst)


def test_a_dataset_that_is_not_here_or_not_to_be_seen_starts_nothing(
    file: Callable[..., Dataset], analyst: User, member: Make
) -> None:
    dataset = file()
    with pytest.raises(PermissionDenied):
        begun(dataset, member("viewer"))
    dataset.pk = uuid7()
    with pytest.raises(NotFound):
        begun(dataset, analyst)


def test_runs_are_started_in_chunks_and_so_many_at_once(
    file: Callable[..., Dataset], analyst: User, work_off: WorkOff, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "CHUNK", 3)
    monkeypatch.setattr(services, "WINDOW", 5)
    monkeypatch.setattr(run_services, "run_execute", lambda claim: None)  # runs stay open
    batch = begun(file(rows_of(20)), analyst)
    work_off()
    batch.refresh_from_db()
    assert (batch.opened, AgentRun.objects.count(), batch.status) == (5, 5, Status.OPENING)


def test_a_batch_over_the_api_leaves_half_of_the_starts_to_others(
    file: Callable[..., Dataset], analyst: User, acme: Tenant, work_off: WorkOff, monkeypatch: pytest.MonkeyPatch
) -> None:
    acme.max_starts = 8
    monkeypatch.setattr("apps.gateway.limits.current_tenant", lambda: acme)
    assert tenant_plans.plan_of(acme).starts == 8
    batch = begun(file(rows_of(20)), analyst)
    AgentBatch.objects.update(origin="api")
    work_off()
    batch.refresh_from_db()
    assert (batch.opened, batch.status) == (4, Status.OPENING)


# ------------------------------------------------------------------------------------------------------- once for each


def test_a_row_of_a_batch_has_one_run(file: Callable[..., Dataset], analyst: User, work_off: WorkOff) -> None:
    batch = begun(file(rows_of(2)), analyst)
    work_off()
    with pytest.raises(IntegrityError), transaction.atomic():
        AgentRun.objects.create(batch=batch, batch_row=2, agent_key=COUNTER, agent_version="1", input={}, origin="api")


def test_a_batch_whose_worker_dies_goes_on_with_the_next_row(
    file: Callable[..., Dataset], analyst: User, work_off: WorkOff, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "CHUNK", 4)
    batch = begun(file(rows_of(10)), analyst)
    store, stored = services._store, list[str]()

    def dying(*args: Any, **more: Any) -> None:
        if len(stored) == 1:
            stored.append("died")
            raise ConnectionError("the worker is gone")
        stored.append("stored")
        store(*args, **more)

    monkeypatch.setattr(services, "_store", dying)
    work_off()
    batch.refresh_from_db()
    assert batch.opened == 4
    expire(batch.pk)
    batch = work_through(work_off, batch)
    assert [run.batch_row for run in selectors.rows_query(who=analyst, batch=batch)] == list(range(2, 12))
    assert batch.status == Status.ENDED


# ---------------------------------------------------------------------------------------------------- cancel and retry


def test_a_batch_that_is_cancelled_starts_no_more_and_ends_its_runs(
    file: Callable[..., Dataset], analyst: User, work_off: WorkOff, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "CHUNK", 3)
    monkeypatch.setattr(services, "WINDOW", 3)
    batch = begun(file(rows_of(20)), analyst)
    monkeypatch.setattr(run_services, "run_execute", lambda claim: None)
    work_off()
    services.batch_cancel(batch=batch)
    batch = work_through(work_off, batch)
    assert (batch.status, batch.opened) == (Status.CANCELLED, 3)
    assert set(AgentRun.objects.values_list("status", flat=True)) == {"cancelled"}
    with pytest.raises(Conflict, match="has already ended"):
        services.batch_cancel(batch=batch)


def test_rows_that_failed_are_run_again_and_those_alone(
    file: Callable[..., Dataset], analyst: User, work_off: WorkOff, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = begun(file(), analyst, others=True, columns={"steps": "steps", "mood": "mood"})
    with pytest.raises(Conflict, match="still at work"):
        services.batch_retry(batch=batch, user=analyst, who=analyst)
    batch = work_through(work_off, batch)
    well = AgentRun.objects.get(batch_row=2)
    # Whatever was at fault is mended by now.
    monkeypatch.setattr(type(AGENTS[COUNTER]), "version", "2.0")
    failed = AgentRun.objects.get(status="failed")
    failed.input = {"steps": 3}
    failed.save(update_fields=["input"])
    assert services.batch_retry(batch=batch, user=analyst, who=analyst) == 1
    batch = work_through(work_off, batch)
    failed.refresh_from_db()
    assert (failed.status, failed.agent_version, failed.problem) == ("succeeded", "2.0", None)
    assert AgentRun.objects.get(batch_row=2).finished_at == well.finished_at
    with pytest.raises(Conflict, match="No row"):
        services.batch_retry(batch=batch, user=analyst, who=analyst)


@pytest.mark.parametrize("ended", [Status.CANCELLED, Status.FAILED])
def test_a_batch_that_was_broken_off_is_so_after_its_failed_rows_were_run_again(
    ended: str, file: Callable[..., Dataset], analyst: User, work_off: WorkOff, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "CHUNK", 3)
    monkeypatch.setattr(services, "WINDOW", 3)
    dataset = file(b"steps,mood\n2,cross\n2,calm\n3,calm\n4,calm\n5,calm\n")
    batch = begun(dataset, analyst, columns={"steps": "steps", "mood": "mood"})
    work_off()
    if ended == Status.CANCELLED:
        services.batch_cancel(batch=batch)
    else:
        dataset.delete()
    batch = work_through(work_off, batch)
    assert (batch.status, batch.opened) == (ended, 3)
    assert services.batch_retry(batch=batch, user=analyst, who=analyst) == 1
    batch = work_through(work_off, batch)
    assert (batch.status, batch.opened) == (ended, 3)
    assert bool(batch.problem) == (ended == Status.FAILED)


def test_a_batch_whose_dataset_goes_says_so_and_its_runs_go_on(
    file: Callable[..., Dataset], analyst: User, work_off: WorkOff
) -> None:
    dataset = file(rows_of(3))
    batch = begun(dataset, analyst)
    dataset.delete()
    work_off()
    batch.refresh_from_db()
    assert (batch.status, batch.problem["code"]) == (Status.FAILED, "not_found")


def test_how_far_many_batches_are_costs_one_statement(
    file: Callable[..., Dataset], analyst: User, work_off: WorkOff
) -> None:
    for _ in range(3):
        begun(file(rows_of(2)), analyst)
    work_off()
    list(selectors.batches_query(who=analyst))
    with CaptureQueriesContext(connection) as caught:
        standings = [selectors.Standing.of(batch) for batch in selectors.batches_query(who=analyst)]
    assert len(caught) == 1
    assert [each.started for each in standings] == [2, 2, 2]


def test_a_batch_whose_member_is_gone_starts_no_more_and_says_why(
    file: Callable[..., Dataset], analyst: User, work_off: WorkOff
) -> None:
    batch = begun(file(rows_of(2)), analyst)
    AgentBatch.objects.filter(pk=batch.pk).update(created_by=None)
    batch = work_through(work_off, batch)
    assert batch.status == "failed"
    assert "no longer a member" in (batch.problem or {})["detail"]
    assert not AgentRun.objects.filter(batch=batch).exists()
