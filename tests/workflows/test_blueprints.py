"""Blueprints: every one of them is made a workflow of its demo tenant, and its samples end as they say."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

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
from apps.workflows import services
from apps.workflows.blueprints import (
    Blueprint,
    blueprint_lacks,
    blueprint_read,
    blueprint_use,
    blueprints,
    blueprints_list,
    sample_inputs,
)
from apps.workflows.approvals.deciding import approval_decide
from apps.workflows.models import Approval, Workflow, WorkflowRun

KEYS = sorted(blueprints())
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
    while sum(turns.turn(schema=tenant.schema_name, queue=queue, board=board) for queue in ("flow", "cpu")):
        pass


def person(role: str) -> User:
    return User.objects.get(role=role)


def samples_run(blueprint: Blueprint) -> dict[str, WorkflowRun]:
    """A run for each of a blueprint's samples, by its title, of a workflow that was made of it."""
    builder = person("builder")
    workflow = blueprint_use(who=builder, user=builder, key=blueprint.key)
    services.workflow_publish(who=builder, user=builder, workflow=workflow)
    workflow.refresh_from_db()
    runs = {}
    for sample in blueprint.said.samples:
        inputs = sample_inputs(who=builder, blueprint=blueprint, sample=sample)
        assert inputs is not None
        run = services.run_start(who=builder, user=builder, workflow=workflow, data=inputs, origin="api")
        runs[sample.title] = BegunRun(run, sample.ends)
    return runs


def answer(run: WorkflowRun, *, approved: bool) -> str:
    """Answer all that a run asks. Returns the name of the step that asks."""
    approver = person("approver")
    asked = list(Approval.objects.filter(run=run))
    for approval in asked:
        approval_decide(who=approver, user=approver, approval=approval, approved=approved, comment="So be it")
    return asked[0].step


def test_every_industry_has_two_blueprints_and_each_ends_in_every_way() -> None:
    brought = Counter(each.industry for each in blueprints().values())
    assert {key for key, number in brought.items() if number >= 2} == set(industries()) - {"dummy"}
    for blueprint in blueprints().values():
        assert {sample.ends for sample in blueprint.said.samples} == {"succeeded", "waiting", "failed"}, blueprint.key


@pytest.mark.parametrize("industry", sorted(industries()))
def test_every_sample_of_a_blueprint_ends_as_it_says_and_its_outputs_make_sense(
    industry: str, enter: Callable[[str], Tenant], board: Board
) -> None:
    tenant = enter(industry)
    brought = [each for each in blueprints().values() if each.industry == industry]
    begun = {each.key: samples_run(each) for each in brought}
    work(tenant, board)
    asking = {each.key: [run for run in begun[each.key].values() if run.ends == "waiting"] for each in brought}
    for blueprint in brought:
        assert blueprint_lacks(blueprint) == []
        for run in begun[blueprint.key].values():
            run.refresh_from_db()
            assert run.status == run.ends, (blueprint.key, run.ref, run.problem)
    steps = {key: answer(run, approved=True) for key, (run,) in asking.items()}
    work(tenant, board)
    builder = person("builder")
    again = {  # without another forecast
        key: services.run_retry(who=builder, user=builder, run=run, step=steps[key]) for key, (run,) in asking.items()
    }
    work(tenant, board)
    for run in again.values():
        answer(run, approved=False)
    work(tenant, board)
    for blueprint in brought:
        quiet = next(run for run in begun[blueprint.key].values() if run.ends == "succeeded")
        yes, no = asking[blueprint.key][0], again[blueprint.key]
        for run in (quiet, yes, no):
            run.refresh_from_db()
            assert (run.status, run.problem) == ("succeeded", None), blueprint.key
        print(blueprint.key, quiet.outputs, yes.outputs, no.outputs, sep="\n  ")
        SENSE[blueprint.key](quiet.outputs, yes.outputs, no.outputs)


def test_a_blueprint_is_made_a_draft_under_a_name_that_is_free(acme: Tenant, builder: User) -> None:
    made = [blueprint_use(who=builder, user=builder, key="retail.weekly_demand_review") for _ in range(3)]
    assert [each.name for each in made] == [f"weekly-demand-review{end}" for end in ("", "-2", "-3")]
    assert {each.published_id for each in made} == {None}
    draft = made[1].versions.get(number=None)
    assert draft.definition.steps == blueprints()["retail.weekly_demand_review"].definition.steps


def test_only_blueprints_of_the_tenants_industries_are_there(acme: Tenant, builder: User) -> None:
    acme.industries = ["finance"]
    assert [each.key for each in blueprints_list(who=builder)] == ["finance.cash_outlay"]
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
