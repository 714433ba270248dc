"""Tools for models and programs: what they find, what they start, and what they do not give away."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import jsonschema
import pytest
from django.utils import timezone

from apps.accounts.models import User
from apps.agents.models import AgentRun
from apps.ai import tools
from apps.ai.tooling import DEEPEST, AsksTooDeep, ToolFailed, by_name, depth_of, origin_of
from apps.ai.tools import Tool, ToolAnswer, ToolContext
from apps.common.errors import InvalidInput, NotFound, PermissionDenied
from apps.datasets.models import Dataset
from apps.gateway.principals import Caller
from apps.tenants.context import tenant_context
from apps.tenants.models import Tenant
from apps.workflows.models import Workflow, WorkflowRun
from tests.conftest import MakeMember

WorkOff = Callable[[], object]


def context(user: User, **changes: Any) -> ToolContext:
    base = ToolContext(who=Caller(user), user=user, now=timezone.now(), origin="mcp", seconds=0)
    return replace(base, **changes)


def use(key: str, user: User, arguments: dict[str, Any] | None = None, **changes: Any) -> ToolAnswer:
    tool = tools.tool_get(Caller(user), user, key)
    assert tool is not None
    answer = tool.use(arguments or {}, context(user, **changes))
    if tool.answer_schema is not None:
        jsonschema.validate(answer.data, tool.answer_schema)
    return answer


def working(work_off: WorkOff) -> dict[str, Any]:
    """A context whose waiting lets a worker have its turn."""

    def turn() -> bool:
        work_off()
        return False

    return {"seconds": 30, "stopping": turn}


def keys(user: User, scopes: frozenset[str] | None = None) -> set[str]:
    return {tool.key for tool in tools.tools_of(Caller(user, scopes), user)}


def test_every_tool_says_what_it_takes_by_a_json_schema_and_has_a_name_that_models_take(member: MakeMember) -> None:
    user = member("administrator")
    found = tools.tools_of(Caller(user), user)
    assert {"agent:dummy.counter", "dataset:rows", "agent_run:get", "workflow_run:get"} <= {tool.key for tool in found}
    for name, tool in by_name(found).items():
        jsonschema.Draft202012Validator.check_schema(tool.parameters)
        assert tool.parameters["type"] == "object"
        assert 0 < len(name) <= 64
        assert tool.description


def test_tools_are_those_that_the_persons_role_and_the_keys_scopes_allow(member: MakeMember) -> None:
    viewer, analyst = member("viewer"), member("analyst")
    assert keys(viewer) == {"agent_run:get", "workflow_run:get"}
    assert "agent:dummy.counter" in keys(analyst)
    assert keys(analyst, frozenset({"datasets.view"})) == {
        f"dataset:{each}" for each in ("aggregate", "describe", "list", "rows")
    }


def test_a_tool_that_was_found_demands_its_permission_again_when_it_is_used(member: MakeMember, made: Any) -> None:
    analyst, viewer = member("analyst"), member("viewer")
    tool = tools.tool_get(Caller(analyst), analyst, "dataset:list")
    assert tool is not None
    with pytest.raises(PermissionDenied):
        tool.use({}, context(viewer))


def test_two_tools_whose_names_would_be_the_same_have_names_of_their_own() -> None:
    def tool(key: str) -> Tool:
        return Tool(key=key, title="", description="", parameters={}, use=lambda arguments, ctx: ToolAnswer(None))

    named = by_name([tool("agent:a.b"), tool("agent:a_b"), tool(f"agent:{'x' * 90}")])
    assert len(named) == 3
    assert all(len(name) <= 64 for name in named)


def test_a_run_that_an_agent_starts_remembers_how_deep_it_is(member: MakeMember) -> None:
    ctx = context(member(), depth=2, origin="agent")
    assert depth_of(origin_of(ctx)) == 2
    assert depth_of("console") == 0


# Agents


def test_an_agent_is_run_with_the_persons_rights_and_answers_with_its_output(
    member: MakeMember, work_off: WorkOff
) -> None:
    user = member()
    told: list[tuple[int, int, str]] = []
    answer = use(
        "agent:dummy.counter", user, {"steps": 3}, **working(work_off), tell=lambda *progress: told.append(progress)
    )
    run = AgentRun.objects.get()
    assert (run.created_by, run.origin) == (user, "mcp")
    assert answer.data["status"] == "succeeded"
    assert answer.data["output"] == {"numbers": [1, 2, 3]}
    assert answer.note == "Counted to 3"
    assert answer.links == {run.ref: f"/runs/{run.ref}/"}
    assert told


def test_a_run_that_is_not_over_in_time_is_told_and_asked_for_again(member: MakeMember, work_off: WorkOff) -> None:
    user = member()
    first = use("agent:dummy.counter", user, {"steps": 2})
    assert first.data["status"] == "queued"
    assert first.data["output"] is None
    assert "agent_run_get" in first.note
    again = use("agent_run:get", user, {"run": first.data["run"]}, **working(work_off))
    assert again.data["output"] == {"numbers": [1, 2]}


def test_the_verdict_of_a_person_is_the_one_that_is_answered(member: MakeMember, work_off: WorkOff) -> None:
    user = member("analyst")
    rows = [{"name": "Ada", "amount": 500}]
    answer = use("agent:dummy.decider", user, {"table": {"rows": rows}}, **working(work_off))
    assert [(each["verdict"], each["by"]) for each in answer.data["decisions"]] == [("hold", "agent")]
    run = AgentRun.objects.get()
    run.decisions.update(override="pass")
    again = use("agent_run:get", user, {"run": str(run.pk)})
    assert [(each["verdict"], each["by"]) for each in again.data["decisions"]] == [("pass", "person")]


def test_an_input_that_an_agent_refuses_is_told_by_its_places_and_starts_nothing(
    member: MakeMember, board: Any
) -> None:
    with pytest.raises(InvalidInput) as caught:
        use("agent:dummy.counter", member(), {"steps": 0})
    assert [issue.path for issue in caught.value.issues] == ["steps"]
    assert not AgentRun.objects.exists()


def test_a_run_that_failed_is_a_failure_of_the_tool_with_its_reason(member: MakeMember, work_off: WorkOff) -> None:
    with pytest.raises(ToolFailed, match="I will not count this"):
        use("agent:dummy.counter", member(), {"mood": "cross"}, **working(work_off))


def test_a_run_that_nobody_waits_for_any_more_is_cancelled(member: MakeMember, board: Any) -> None:
    with pytest.raises(ToolFailed, match="cancelled"):
        use("agent:dummy.counter", member(), seconds=30, stopping=lambda: True)
    assert AgentRun.objects.get().status == AgentRun.Status.CANCELLED


def test_agents_that_ask_each_other_in_a_circle_come_to_an_end(member: MakeMember, board: Any) -> None:
    user = member()
    use("agent:dummy.counter", user, depth=DEEPEST)
    with pytest.raises(AsksTooDeep):
        use("agent:dummy.counter", user, depth=DEEPEST + 1)
    assert AgentRun.objects.count() == 1


def test_a_run_of_another_tenant_is_not_found_by_a_tool(member: MakeMember, globex: Tenant, board: Any) -> None:
    user = member()
    run = use("agent:dummy.counter", user).data["run"]
    with tenant_context(globex):
        other = member(tenant=globex)
        with pytest.raises(NotFound):
            use("agent_run:get", other, {"run": run})


# Data


SALES = {
    "item": ["Tea", "Tea", "Coffee", "Milk"],
    "sold": ["1,200", "800", "50", None],
    "week": ["2026-01-05", "2026-01-12", "2026-01-05", "2026-01-05"],
}


@pytest.fixture
def sales(made: Callable[..., Dataset]) -> Dataset:
    return made("Sales", **SALES)


def test_datasets_are_listed_and_described_with_their_columns(member: MakeMember, sales: Dataset) -> None:
    user = member()
    listed = use("dataset:list", user, {"search": "sal"})
    assert [each["id"] for each in listed.data["datasets"]] == [str(sales.pk)]
    assert listed.is_outside
    described = use("dataset:describe", user, {"dataset": str(sales.pk)})
    assert [each["name"] for each in described.data["columns"]] == ["item", "sold", "week"]
    assert described.data["rows"] == 4


def test_rows_are_filtered_and_sorted_as_the_numbers_that_they_hold(member: MakeMember, sales: Dataset) -> None:
    answer = use(
        "dataset:rows",
        member(),
        {
            "dataset": str(sales.pk),
            "columns": ["item", "sold"],
            "where": [
                {"column": "sold", "op": ">=", "value": 50},
                {"column": "item", "op": "in", "value": ["Tea", "Coffee"]},
            ],
            "order": [{"column": "sold", "descending": True}],
            "limit": 2,
        },
    )
    assert answer.data == {
        "columns": ["item", "sold"],
        "rows": [["Tea", 1200.0], ["Tea", 800.0]],
        "found": 3,
        "is_cut": True,
    }
    assert answer.is_outside


@pytest.mark.parametrize(
    ("where", "found"),
    [
        ({"column": "item", "value": "Tea"}, 2),
        ({"column": "item", "op": "!=", "value": "Tea"}, 2),
        ({"column": "item", "op": "contains", "value": "EA"}, 2),
        ({"column": "item", "op": "starts with", "value": "m"}, 1),
        ({"column": "sold", "op": "is empty"}, 1),
        ({"column": "sold", "op": "is not empty"}, 3),
        ({"column": "sold", "op": "<", "value": 800}, 1),
        ({"column": "week", "op": ">", "value": "2026-01-05"}, 1),
    ],
)
def test_a_filter_keeps_the_rows_that_it_holds_of(
    where: dict[str, Any], found: int, member: MakeMember, sales: Dataset
) -> None:
    assert use("dataset:rows", member(), {"dataset": str(sales.pk), "where": [where]}).data["found"] == found


def test_figures_are_worked_out_by_group(member: MakeMember, sales: Dataset) -> None:
    answer = use(
        "dataset:aggregate",
        member(),
        {
            "dataset": str(sales.pk),
            "group_by": ["item"],
            "figures": [{"figure": "count"}, {"figure": "sum", "column": "sold"}, {"figure": "max", "column": "week"}],
            "order": [{"column": "sum of sold", "descending": True}],
        },
    )
    assert answer.data["columns"] == ["item", "count", "sum of sold", "max of week"]
    assert answer.data["rows"][0] == ["Tea", 2, 2000.0, "2026-01-12"]
    whole = use(
        "dataset:aggregate", member(), {"dataset": str(sales.pk), "figures": [{"figure": "mean", "column": "sold"}]}
    )
    assert whole.data["rows"] == [[pytest.approx(2050 / 3)]]


def test_a_column_may_be_called_as_a_figure_is(member: MakeMember, made: Any) -> None:
    counts = made("Counts", count=["a", "b", "a"])
    asked = {"dataset": str(counts.pk), "group_by": ["count"], "figures": [{"figure": "count"}]}
    answer = use("dataset:aggregate", member(), asked)
    assert answer.data["columns"] == ["count", "count of rows"]
    assert answer.data["rows"] == [["a", 2], ["b", 1]]


@pytest.mark.parametrize(
    ("tool", "arguments", "place"),
    [
        ("rows", {"columns": ["nothing"]}, "columns.0"),
        ("rows", {"where": [{"column": "nothing", "value": 1}]}, "where.0.column"),
        ("rows", {"where": [{"column": "sold", "op": ">", "value": "many"}]}, "where.0.value"),
        ("rows", {"where": [{"column": "sold", "op": ">", "value": 10**400}]}, "where.0.value"),
        ("rows", {"order": [{"column": "nothing"}]}, "order.0.column"),
        ("rows", {"limit": 100_000}, "limit"),
        ("aggregate", {"figures": [{"figure": "sum", "column": "item"}]}, "figures.0.column"),
        ("aggregate", {"figures": [{"figure": "sum"}]}, "figures.0"),
        ("aggregate", {"figures": []}, "figures"),
    ],
)
def test_a_question_that_cannot_be_answered_is_refused_by_its_place(
    tool: str, arguments: dict[str, Any], place: str, member: MakeMember, sales: Dataset
) -> None:
    with pytest.raises(InvalidInput) as caught:
        use(f"dataset:{tool}", member(), {"dataset": str(sales.pk), **arguments})
    assert [issue.path for issue in caught.value.issues] == [place]


def test_an_answer_holds_no_more_than_a_model_can_read(member: MakeMember, made: Callable[..., Dataset]) -> None:
    wide = made("Letters", text=["x" * 5_000] * 150)
    answer = use("dataset:rows", member(), {"dataset": str(wide.pk), "limit": 150})
    assert answer.data["is_cut"]
    assert 0 < len(answer.data["rows"]) < 150
    assert len(answer.data["rows"][0][0]) == 2_001


def test_a_dataset_of_another_tenant_is_not_found_by_a_tool(member: MakeMember, globex: Tenant, sales: Dataset) -> None:
    with tenant_context(globex):
        other = member("owner", tenant=globex)
        for tool in ("describe", "rows"):
            with pytest.raises(NotFound):
                use(f"dataset:{tool}", other, {"dataset": str(sales.pk)})


# Workflows


def test_a_workflow_is_started_and_answers_with_what_it_gave(
    member: MakeMember,
    workflow: Callable[..., Workflow],
    worked: Callable[[], None],
) -> None:
    user = member()
    workflow(
        {"a": {"kind": "transform", "set": {"twice": "${inputs.number}"}}},
        name="double",
        inputs={"number": {"type": "integer", "description": "To be doubled."}},
        outputs={"twice": "${steps.a.twice}"},
    )
    tool = tools.tool_get(Caller(user), user, "workflow:double")
    assert tool is not None
    assert not tool.is_read
    assert tool.parameters["required"] == ["number"]
    with pytest.raises(InvalidInput):
        use("workflow:double", user, {"number": "many"})
    assert not WorkflowRun.objects.exists()
    answer = use("workflow:double", user, {"number": 4}, **working(worked))
    assert answer.data["status"] == "succeeded"
    assert answer.data["outputs"] == {"twice": 4}
    again = use("workflow_run:get", user, {"run": answer.data["run"]})
    assert again.data == answer.data


def test_a_workflow_that_is_paused_is_no_tool(member: MakeMember, workflow: Callable[..., Workflow]) -> None:
    user = member()
    made = workflow({"a": {"kind": "transform", "set": {"x": 1}}}, name="resting")
    assert "workflow:resting" in keys(user)
    made.is_paused = True
    made.save(update_fields=["is_paused"])
    assert "workflow:resting" not in keys(user)
    assert tools.tool_get(Caller(user), user, "workflow:resting") is None


def test_a_tool_that_is_not_there_is_none(member: MakeMember) -> None:
    user = member()
    for key in ("workflow:none", "agent:none", "nothing:none", "nothing"):
        assert tools.tool_get(Caller(user), user, key) is None
