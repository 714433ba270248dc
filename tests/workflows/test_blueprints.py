"""Blueprints: every one of them is made a workflow of its demo tenant, and its samples end as they say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from apps.accounts.models import User
from apps.common.demo import demo_tenants
from apps.common.errors import InvalidInput, NotFound, PermissionDenied
from apps.common.industries import industries
from apps.datasets.models import Dataset
from apps.dispatch import turns
from apps.dispatch.board import Board
from apps.operations import demo
from apps.tenants.context import tenant_context
from apps.tenants.models import Tenant
from apps.workflows import defining, services
from apps.workflows.approvals.deciding import approval_decide
from apps.workflows.blueprints import (
    Blueprint,
    blueprint_lacks,
    blueprint_read,
    blueprint_use,
    blueprints,
    blueprints_list,
    sample_inputs,
)
from apps.workflows.models import Approval, Workflow, WorkflowRun

Outputs = dict[str, Any]
DEMOS = {each.industry: each for each in demo_tenants()}


@pytest.fixture
def enter(data: None, monkeypatch: pytest.MonkeyPatch, board: Board) -> Iterator[Callable[[str], Tenant]]:
    """`enter("retail")`: its demo tenant, made without runs, and entered."""
    entered = []

    def make(industry: str) -> Tenant:
        declared = replace(DEMOS[industry], slug=f"demo-{industry}")  # there is a tenant acme already
        monkeypatch.setattr(demo, "demo_tenants", lambda: iter([declared]))
        monkeypatch.setattr(demo, "workflows_start", lambda *_: None)
        demo.seed(tell=lambda _: None)
        tenant: Tenant = Tenant.objects.get(slug=declared.slug)
        context = tenant_context(tenant)
        context.__enter__()
        entered.append(context)
        return tenant

    yield make
    for context in entered:
        context.__exit__(None, None, None)


def work(tenant: Tenant, board: Board) -> None:
    """Take turns as a worker does, until nothing is due."""
    while sum(turns.turn(schema=tenant.schema_name, queue=queue, board=board) for queue in ("flow", "cpu", "io")):
        pass


def person(role: str) -> User:
    return User.objects.get(role=role)


def samples_run(blueprint: Blueprint) -> dict[str, WorkflowRun]:
    """A run for each of a blueprint's samples, by how it ends, of a workflow that was made of it."""
    builder = person("builder")
    workflow = blueprint_use(who=builder, user=builder, key=blueprint.key)
    defining.workflow_publish(who=builder, user=builder, workflow=workflow)
    workflow.refresh_from_db()
    runs: dict[str, WorkflowRun] = {}
    for sample in blueprint.said.samples:
        inputs = sample_inputs(who=builder, blueprint=blueprint, sample=sample)
        assert inputs is not None
        runs[sample.ends] = services.run_start(who=builder, user=builder, workflow=workflow, data=inputs, origin="api")
    return runs


def answer(run: WorkflowRun, *, approved: bool) -> str:
    """Answer all that a run asks. Returns the name of the step that asks."""
    approver = person("approver")
    asked = list(Approval.objects.filter(run=run))
    for approval in asked:
        approval_decide(who=approver, user=approver, approval=approval, approved=approved, comment="So be it")
    return asked[0].step


def cash(quiet: Outputs, yes: Outputs, no: Outputs) -> None:
    assert quiet["pounds"] == sum(line["pounds"] for line in quiet["lines"])
    assert yes["pounds"] == quiet["pounds"] > no["pounds"] > 0, "without a signature the usual need is ordered"
    assert (yes["signed_by"] != "", quiet["signed_by"]) == (True, "")
    assert all(line["pounds"] % 1000 == 0 for line in no["lines"])


def cards(quiet: Outputs, yes: Outputs, no: Outputs) -> None:
    assert [each["percent"] for each in quiet["channels"]] == sorted(
        (each["percent"] for each in quiet["channels"]), reverse=True
    )
    assert all(each["percent"] < 85 for each in quiet["channels"])
    assert [each["channel"] for each in yes["raised"]] == ["Contactless", "Online"]
    peaks = {each["channel"]: each["peak"] for each in yes["channels"]}
    assert all(each["per_hour"] > peaks[each["channel"]] for each in yes["raised"]), "there is room above the peak"
    assert (quiet["raised"], no["raised"]) == ([], [])


def beds(quiet: Outputs, yes: Outputs, no: Outputs) -> None:
    assert (quiet["wards"], quiet["escalation"], yes["escalation"], no["escalation"]) == ([], False, True, False)
    assert {each["ward"] for each in yes["wards"]} == {"Respiratory", "Older people"}
    assert all(each["lacking"] == each["needed"] - each["beds"] > 0 for each in yes["wards"])


def charts(quiet: Outputs, yes: Outputs, no: Outputs) -> None:
    assert quiet["patients"] == 48
    assert {each["verdict"] for each in quiet["serious"]} == {"contraindicated", "major"}
    grave = sum(each["verdict"] == "contraindicated" for each in quiet["serious"])
    assert (quiet["given"], quiet["held"]) == (0, 0)
    assert (yes["given"], yes["held"], no["given"], no["held"]) == (grave, 0, 0, grave)
    assert all("valley herb drops" in each["why"] for each in quiet["unknown"])


def discharge(quiet: Outputs, yes: Outputs, no: Outputs) -> None:
    assert (quiet["verdict"], quiet["findings"], quiet["released"], quiet["kept"]) == ("nothing known", 0, True, 0)
    assert yes["verdict"] in {"contraindicated", "major"}
    assert (yes["released"], yes["kept"], no["released"], no["kept"]) == (True, 1, False, 0)
    kept = Dataset.objects.get(name="Findings")
    assert (kept.rows, yes["remark"]) == (yes["findings"], "So be it")


def shops(quiet: Outputs, yes: Outputs, no: Outputs) -> None:
    assert (quiet["more"], quiet["refused"], quiet["to_spare"]) == ([], [], [])
    assert {each["store"] for each in yes["more"]} == {"Bristol", "Gloucester"} == set(no["refused"])
    assert [each["store"] for each in yes["to_spare"]] == ["Newquay"]
    assert quiet["needed"] == yes["needed"] == no["needed"] > sum(each["hours"] for each in yes["more"])


def demand(quiet: Outputs, yes: Outputs, no: Outputs) -> None:
    assert (quiet["looked_at"], yes["looked_at"] == no["looked_at"] > 0) == (0, True)
    assert quiet["orders"] == yes["orders"], "both follow the forecast"
    assert {each["item"] for each in no["orders"]} == {each["item"] for each in yes["orders"]}
    assert (quiet["remark"], no["remark"]) == ("", "So be it")


def line(quiet: Outputs, yes: Outputs, no: Outputs) -> None:
    assert (quiet["state"], yes["state"], no["state"]) == ("released", "released", "held")
    assert (quiet["weak"], yes["weak"]) == ([], ["Seat depth"])
    assert quiet["signals"] == yes["signals"] > 3, "the chip, the new insert, the loose clamping and the resin"


def parts(quiet: Outputs, yes: Outputs, no: Outputs) -> None:
    assert quiet == {"lines": [], "lacking": 0}
    assert yes["lacking"] == sum(each["lacking"] for each in yes["lines"]) == no["lacking"] > 250
    assert {each["rule"] for each in yes["lines"]} == {"nine times of ten", "largest order"}
    assert {each["rule"] for each in no["lines"]} == {"largest order"}


def depots(quiet: Outputs, yes: Outputs, no: Outputs) -> None:
    assert (quiet["short"], quiet["hired"]) == ([], 0)
    assert [each["depot"] for each in yes["short"]] == ["Croydon", "Leeds"]
    assert all((each["vans"] - 1) * 120 < each["over"] <= (each["vans"] + 1) * 120 for each in yes["short"])
    assert (yes["hired"], no["hired"]) == (2, 0)


def diesel(quiet: Outputs, yes: Outputs, no: Outputs) -> None:
    assert quiet["lines"] == yes["lines"], "with a yes all of it is ordered"
    assert quiet["pounds"] == pytest.approx(quiet["litres"] * 1.32, rel=1e-3)
    assert no["litres"] * 1.32 == pytest.approx(700_000, rel=1e-3), "without one, what the budget buys"
    assert quiet["likely_at_most"] > quiet["pounds"]


def services_watched(quiet: Outputs, yes: Outputs, no: Outputs) -> None:
    assert (quiet["added"], quiet["worst_percent"] < 90 < yes["worst_percent"]) == ([], True)
    assert [each["service"] for each in yes["added"]] == ["Invoicing"]
    assert yes["added"][0]["percent_more"] == yes["worst_percent"] + 10 - 100
    assert (no["added"], "every hour" in no["note"]) == ([], True)


def support(quiet: Outputs, yes: Outputs, no: Outputs) -> None:
    assert quiet["people"] == sum(each["people"] for each in quiet["queues"]) <= 40
    assert (quiet["called_in"], yes["called_in"], no["called_in"]) == (0, yes["people"] - 12, 0)
    assert quiet["queues"][0]["queue"] == "How do I"


def counting(quiet: Outputs, yes: Outputs, no: Outputs) -> None:
    assert (quiet["agreed"], yes["agreed"], no["agreed"]) == (True, True, False)


SENSE: dict[str, Callable[[Outputs, Outputs, Outputs], None]] = {
    "finance.cash_outlay": cash,
    "finance.card_peaks": cards,
    "healthcare.beds_and_medicines": beds,
    "healthcare.medication_round": charts,
    "healthcare.discharge_medicines": discharge,
    "retail.shop_rosters": shops,
    "retail.weekly_demand_review": demand,
    "manufacturing.line_release": line,
    "manufacturing.spare_parts": parts,
    "logistics.depot_capacity": depots,
    "logistics.diesel_budget": diesel,
    "tech.capacity_watch": services_watched,
    "tech.support_roster": support,
    "dummy.counting": counting,
}
"""What the outputs of each have to be: of the sample that asks nobody, of the one that asks after a yes, after a no."""


def test_every_industry_has_two_blueprints_and_each_ends_in_every_way() -> None:
    brought = Counter(each.industry for each in blueprints().values())
    assert {key for key, number in brought.items() if number >= 2} == set(industries()) - {"dummy"}
    for blueprint in blueprints().values():
        assert {sample.ends for sample in blueprint.said.samples} == {"succeeded", "waiting", "failed"}, blueprint.key


@pytest.mark.parametrize("industry", sorted(industries()))
def test_every_sample_of_a_blueprint_ends_as_it_says_and_its_outputs_make_sense(
    industry: str, enter: Callable[[str], Tenant], board: Board
) -> None:
    tenant, builder = enter(industry), person("builder")
    brought = [each for each in blueprints().values() if each.industry == industry]
    assert [blueprint_lacks(each) for each in brought] == [[] for _ in brought]
    begun = {each.key: samples_run(each) for each in brought}
    work(tenant, board)
    for key, runs in begun.items():
        for ends, run in runs.items():
            run.refresh_from_db()
            assert run.status == ends, (key, run.problem)
    steps = {key: answer(runs["waiting"], approved=True) for key, runs in begun.items()}
    work(tenant, board)
    for key, runs in begun.items():  # the same question again, without another forecast, and this time: no
        runs["refused"] = services.run_retry(who=builder, user=builder, run=runs["waiting"], step=steps[key])
    work(tenant, board)
    for runs in begun.values():
        answer(runs["refused"], approved=False)
    work(tenant, board)
    for key, runs in begun.items():
        told = []
        for run in (runs["succeeded"], runs["waiting"], runs["refused"]):
            run.refresh_from_db()
            assert (run.status, run.problem) == ("succeeded", None), key
            told.append(run.outputs)
        assert told[1] != told[2], "an answer makes a difference"
        SENSE[key](*told)


def test_a_blueprint_is_made_a_draft_under_a_name_that_is_free(acme: Tenant, builder: User) -> None:
    made = [blueprint_use(who=builder, user=builder, key="retail.weekly_demand_review") for _ in range(3)]
    assert [each.name for each in made] == [f"weekly-demand-review{end}" for end in ("", "-2", "-3")]
    assert {each.published_id for each in made} == {None}
    draft = made[1].versions.get(number=None)
    assert draft.definition.steps == blueprints()["retail.weekly_demand_review"].definition.steps


def test_only_blueprints_of_the_tenants_industries_are_there(acme: Tenant, builder: User) -> None:
    acme.industries = ["finance"]
    assert [each.key for each in blueprints_list(who=builder)] == ["finance.card_peaks", "finance.cash_outlay"]
    with pytest.raises(NotFound, match=r"no blueprint 'retail\.weekly_demand_review' in your industries"):
        blueprint_use(who=builder, user=builder, key="retail.weekly_demand_review")


def test_what_a_blueprint_lacks_is_told_and_nothing_is_made_of_it(acme: Tenant, builder: User) -> None:
    acme.industries = ["finance"]  # without the pack of the forecaster
    [lacks] = blueprint_lacks(blueprints()["finance.cash_outlay"])
    assert lacks == "There is no agent 'retail.demand_forecaster' in your industries."
    with pytest.raises(InvalidInput):
        blueprint_use(who=builder, user=builder, key="finance.cash_outlay")
    assert not Workflow.objects.exists()


def test_who_may_not_edit_makes_nothing(acme: Tenant, member: Callable[..., User]) -> None:
    analyst = member("analyst")
    with pytest.raises(PermissionDenied):
        blueprint_use(who=analyst, user=analyst, key="finance.cash_outlay")
    assert not Workflow.objects.exists()


def test_samples_are_offered_where_their_data_is_and_may_be_seen(enter: Callable[[str], Tenant], board: Board) -> None:
    blueprint = blueprints()["tech.capacity_watch"]
    sample = blueprint.said.samples[0]
    enter("tech")
    given = sample_inputs(who=person("analyst"), blueprint=blueprint, sample=sample)
    assert given is not None
    assert given["requests"] == str(Dataset.objects.get(name="Requests per hour").id)
    assert sample_inputs(who=person("viewer"), blueprint=blueprint, sample=sample) is None
    Dataset.objects.filter(name="Requests per hour").update(name="Renamed")
    assert sample_inputs(who=person("analyst"), blueprint=blueprint, sample=sample) is None


@pytest.mark.parametrize(
    ("said", "instead", "place", "words"),
    [
        ('op: "!="', "op: ~", "cases.0.when.test.op", "Input should be"),
        ("kind: agent", "kinds: agent", "workflow.steps.forecast", "`kind` is one of"),
        ("needs:", "need:", "need", "Extra inputs"),
    ],
)
def test_a_wrong_file_is_told_with_its_line(tmp_path: Path, said: str, instead: str, place: str, words: str) -> None:
    text = Path(industries()["retail"].path, "blueprints", "weekly_demand_review.yaml").read_text()
    file = tmp_path / "wrong.yaml"
    file.write_text(text.replace(said, instead, 1))
    line = 1 + text[: text.index(said)].count("\n") - (said == "kind: agent")  # the step begins on the line above
    with pytest.raises(InvalidInput) as refused:
        blueprint_read(file)
    issue = next(each for each in refused.value.issues if words in each.message)
    assert issue.path.startswith(f"wrong.yaml:{line} ")
    assert issue.path.endswith(place)


def test_a_sample_gives_what_the_workflow_takes(tmp_path: Path) -> None:
    file = tmp_path / "short.yaml"
    file.write_text(
        "summary: Short\nneeds: [Nothing]\nsamples: [{title: One, inputs: {who: Tea}}]\n"
        "workflow: {name: short, title: Short, steps: {a: {kind: stop}}}\n"
    )
    with pytest.raises(InvalidInput) as refused:
        blueprint_read(file)
    assert "`samples.0` gives 'who', which the workflow does not take." in str(refused.value.issues)
