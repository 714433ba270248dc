"""Workflows, their drafts and versions over the API."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from apps.accounts.models import User
from apps.tenants.context import tenant_context
from apps.tenants.models import Tenant
from apps.workflows import defining
from apps.workflows.models import Workflow, WorkflowRun, WorkflowVersion
from apps.workflows.schemas.workflows import VersionDetail, WorkflowDetail
from tests.workflows.conftest import MakeWorkflow, Work
from tests.workflows.test_engine import give
from tests.workflows.test_pump import AMOUNT, Start, after

Make = Callable[..., User]
Api = Callable[..., APIClient]
WORKFLOWS = "/api/v1/workflows"
ONE = f"{WORKFLOWS}/test"


def definition(**more: Any) -> dict[str, Any]:
    return {"name": "test", "title": "Test", "steps": {"a": give(1)}, **more}


@pytest.fixture
def api(api_for: Api, builder: User) -> APIClient:
    return api_for(builder)


def put(api: APIClient, sent: Any, name: str = "test", **headers: str) -> Any:
    return api.put(f"{WORKFLOWS}/{name}", {"definition": sent}, format="json", headers=headers)


def post(api: APIClient, address: str, sent: Any = None, **headers: str) -> Any:
    return api.post(address, sent, format="json", headers=headers)


def places(answer: Any) -> list[str]:
    assert answer.status_code == 422, answer.content
    return [issue["path"] for issue in answer.json()["issues"]]


# -------------------------------------------------------------------------------------------------------------- drafts


def test_a_workflow_is_made_published_and_read_as_it_was_sent(api: APIClient, acme: Tenant) -> None:
    sent = definition(tags=["stock"], owner="ops@acme.example", steps={"z": give(1), "a": give("${steps.z.x}")})
    made = post(api, WORKFLOWS, {"definition": sent})
    assert (made.status_code, made["Location"]) == (201, ONE)
    assert (made.json()["published"], made.json()["has_draft"]) == (None, True)
    answer = post(api, f"{ONE}/publish", {"note": "The first"})
    told = WorkflowDetail.model_validate(answer.json())
    assert (told.published, told.has_draft, told.versions, told.tags) == (1, False, 1, ["stock"])
    assert told.definition is not None
    assert list(told.definition["steps"]) == ["z", "a"]
    assert told.definition["steps"] == sent["steps"]
    assert api.get(ONE).json() == answer.json()


def test_a_name_is_given_once(api: APIClient, workflow: MakeWorkflow) -> None:
    workflow({"a": give(1)})
    before = api.get(ONE).json()
    assert post(api, WORKFLOWS, {"definition": definition(title="Mine")}).status_code == 409
    assert api.get(ONE).json() == before


def test_a_draft_says_what_publishing_it_would_change(api: APIClient, workflow: MakeWorkflow) -> None:
    workflow({"a": give(1)})
    answer = put(api, definition(steps={"a": give(1), "b": give(2)}))
    assert answer.status_code == 200
    assert answer.json()["changes"] == ["Step `b` was added (transform)."]
    assert answer.json()["published"] == 1
    assert answer.json()["draft"]["steps"]["b"] == give(2)


def test_a_draft_is_stored_over_the_state_that_was_read_and_no_other(api: APIClient, workflow: MakeWorkflow) -> None:
    workflow({"a": give(1)})
    tag = api.get(ONE)["ETag"]
    assert put(api, definition(title="First"), if_match=tag).status_code == 200
    late = put(api, definition(title="Second"), if_match=tag)
    assert (late.status_code, late.json()["code"]) == (412, "precondition_failed")
    assert api.get(ONE).json()["draft"]["title"] == "First"
    assert api.get(ONE, headers={"if-none-match": api.get(ONE)["ETag"]}).status_code == 304


@pytest.mark.parametrize(
    ("sent", "place"),
    [
        (definition(steps={"a": give("${steps.nobody.x}")}), "steps.a.set.x"),
        (definition(steps={"a": {"kind": "agent", "agent": "dummy.nobody"}}), "steps.a.agent"),
        (definition(steps={"a": {**give(1), "after": ["b"]}}), "steps.a.after.0"),
        (definition(name="other"), "name"),
        (definition(colour="red"), "colour"),
        ("text", "definition"),
    ],
)
def test_what_is_wrong_with_a_definition_is_told_with_its_place_and_nothing_is_stored(
    sent: Any, place: str, api: APIClient, workflow: MakeWorkflow
) -> None:
    workflow({"a": give(1)})
    before = list(WorkflowVersion.objects.values())
    assert place in places(put(api, sent))
    assert place in places(post(api, f"{ONE}/check", {"definition": sent}))
    assert list(WorkflowVersion.objects.values()) == before


def test_a_definition_that_is_too_large_is_refused(api: APIClient, workflow: MakeWorkflow) -> None:
    workflow({"a": give(1)})
    answer = put(api, definition(steps={"a": give("x" * 300_000)}))
    assert answer.status_code == 422
    assert "256 KiB" in answer.json()["detail"]


@pytest.mark.parametrize("depth", [50, 150, 250, 400, 900])
def test_values_that_lie_deep_in_each_other_break_nothing(depth: int, api: APIClient, workflow: MakeWorkflow) -> None:
    workflow({"a": give(1)})
    deep: Any = 1
    for _ in range(depth):
        deep = [deep]
    assert put(api, definition(steps={"a": give(deep)})).status_code in {200, 400, 422}
    assert api.get(ONE).status_code == 200


def test_a_check_tells_what_would_change_and_stores_nothing(api: APIClient, workflow: MakeWorkflow) -> None:
    workflow({"a": give(1)})
    before = api.get(ONE).json()
    answer = post(api, f"{ONE}/check", {"definition": definition(steps={"a": give(1), "b": give(2)})})
    assert answer.json() == {"issues": [], "changes": ["Step `b` was added (transform)."]}
    assert api.get(ONE).json() == before


# ------------------------------------------------------------------------------------------------------------ versions


def test_versions_are_listed_read_compared_and_gone_back_to(api: APIClient, workflow: MakeWorkflow) -> None:
    workflow({"a": give(1)})
    put(api, definition(title="Better"))
    post(api, f"{ONE}/publish", {"note": "A better title"})
    items = api.get(f"{ONE}/versions").json()["items"]
    assert [(each["number"], each["note"], each["is_published"]) for each in items] == [
        (2, "A better title", True),
        (1, "", False),
    ]
    first = VersionDetail.model_validate(api.get(f"{ONE}/versions/1").json())
    assert first.definition["title"] == "Test"
    told = api.get(f"{ONE}/versions/2/difference").json()
    assert told == {"former": 1, "number": 2, "changes": ["The workflow: title was Test, and is Better."]}
    assert api.get(f"{ONE}/versions/1/difference?from=2").json()["changes"] == [
        "The workflow: title was Better, and is Test."
    ]
    assert post(api, f"{ONE}/rollback", {"number": 1}).json()["published"] == 3
    assert api.get(f"{ONE}/versions/3").json()["note"] == "Back to version 1"


@pytest.mark.parametrize("number", ["3", "0", "99999999999999999999"])
def test_a_version_that_is_not_there_is_not_found(number: str, api: APIClient, workflow: MakeWorkflow) -> None:
    workflow({"a": give(1)})
    assert api.get(f"{ONE}/versions/{number}").status_code == 404
    assert api.get(f"{ONE}/versions/1/difference?from=7").status_code == 404
    assert api.get(f"{ONE}/versions/1/difference").status_code == 404  # there is none before the first


def test_nothing_is_published_without_a_draft_or_gone_back_to_without_a_change(
    api: APIClient, workflow: MakeWorkflow
) -> None:
    workflow({"a": give(1)})
    assert post(api, f"{ONE}/publish", {}).status_code == 409
    assert post(api, f"{ONE}/rollback", {"number": 1}).status_code == 409
    assert places(post(api, f"{ONE}/rollback", {})) == ["number"]


def test_a_draft_is_dropped_and_what_is_published_stays(api: APIClient, workflow: MakeWorkflow) -> None:
    workflow({"a": give(1)})
    put(api, definition(title="Better"))
    draft = api.get(f"{ONE}/draft")
    assert draft.json()["definition"]["title"] == "Better"
    assert api.delete(f"{ONE}/draft", headers={"if-match": '"another"'}).status_code == 412
    assert api.delete(f"{ONE}/draft", headers={"if-match": draft["ETag"]}).status_code == 204
    told = api.get(ONE).json()
    assert (told["title"], told["has_draft"], told["published"]) == ("Test", False, 1)
    assert api.delete(f"{ONE}/draft").status_code == api.get(f"{ONE}/draft").status_code == 404


def test_a_workflow_that_is_nothing_but_a_draft_keeps_it(api: APIClient) -> None:
    post(api, "/api/v1/workflows", {"definition": definition()})
    refused = api.delete(f"{ONE}/draft")
    assert (refused.status_code, refused.json()["code"]) == (409, "conflict")
    assert api.get(ONE).json()["has_draft"]


# ------------------------------------------------------------------------------------------------- paused and archived


def test_a_workflow_is_paused_and_resumed(api: APIClient, workflow: MakeWorkflow) -> None:
    workflow({"a": give(1)})
    paused = post(api, f"{ONE}/pause")
    assert (paused.status_code, paused.json()["is_paused"]) == (200, True)
    assert post(api, f"{ONE}/pause").json()["seq"] == paused.json()["seq"]
    assert post(api, f"{ONE}/resume").json()["is_paused"] is False


def test_an_archived_workflow_starts_no_more_and_its_open_runs_go_on(
    api: APIClient, workflow: MakeWorkflow, start: Start, worked: Work
) -> None:
    run = start(workflow({"a": give("${inputs.amount}")}, inputs=AMOUNT, outputs={"x": "${steps.a.x}"}), amount=1)
    assert api.delete(ONE).status_code == 204
    assert api.delete(ONE).status_code == 204
    assert api.get(WORKFLOWS).json()["items"] == []
    assert api.get(ONE).json()["archived_at"] is not None
    assert post(api, f"{ONE}/runs", {"inputs": {"amount": 2}}).status_code == 409
    worked("flow")
    assert after(run).outputs == {"x": 1}
    assert WorkflowRun.objects.count() == 1
    assert put(api, definition()).json()["archived_at"] is None


def test_a_workflow_that_others_start_is_not_archived(api: APIClient, workflow: MakeWorkflow) -> None:
    workflow({"a": give(1)})
    workflow({"call": {"kind": "workflow", "workflow": "test"}}, name="caller")
    workflow({"a": give(1)}, name="failing", on_failure="test")
    refused = api.delete(ONE)
    assert refused.status_code == 409
    assert "caller, failing" in refused.json()["detail"]
    assert api.delete(f"{WORKFLOWS}/caller").status_code == 204
    assert api.delete(f"{WORKFLOWS}/failing").status_code == 204
    assert api.delete(ONE, headers={"if-match": '"00000000000000000000000000000000"'}).status_code == 412
    assert api.delete(ONE).status_code == 204


# --------------------------------------------------------------------------------------------------------------- lists


def test_the_list_is_narrowed_by_words_and_tags_and_put_in_order(api: APIClient, workflow: MakeWorkflow) -> None:
    workflow({"a": give(1)}, name="buy", tags=["stock"])
    workflow({"a": give(1)}, name="sell", tags=["stock", "shop"])
    post(api, WORKFLOWS, {"definition": definition(name="draft", tags=["shop"])})

    def names(query: str) -> list[str]:
        return [item["name"] for item in api.get(f"{WORKFLOWS}{query}").json()["items"]]

    assert names("") == ["draft", "sell", "buy"]
    assert names("?order=name") == ["buy", "draft", "sell"]
    assert names("?tag=stock&order=name") == ["buy", "sell"]
    assert names("?tag=shop&order=name") == ["draft", "sell"]
    assert names("?q=BUY") == ["buy"]
    first = api.get(f"{WORKFLOWS}?order=name&limit=2&fields=name").json()
    assert first["items"] == [{"name": "buy"}, {"name": "draft"}]
    assert [item["name"] for item in api.get(first["next"]).json()["items"]] == ["sell"]


def test_a_page_costs_the_same_whatever_is_on_it(api: APIClient, workflow: MakeWorkflow) -> None:
    for name, statements in ((WORKFLOWS, 1), (ONE, 2), (f"{ONE}/versions", 2), (f"{ONE}/versions/1", 2)):
        counts = []
        for n in range(2):
            for each in ("test", f"more{n}"):
                workflow({"a": give(n)}, name=each)
            api.get(name)
            with CaptureQueriesContext(connection) as found:
                assert api.get(name).status_code == 200
            counts.append(len([each for each in found if "workflows_" in each["sql"]]))
        assert counts == [statements] * 2, name


# -------------------------------------------------------------------------------------------------------------- rights


@pytest.mark.parametrize("role", ["analyst", "approver", "auditor", "viewer"])
def test_who_may_not_edit_reads_and_changes_nothing(
    role: str, api_for: Api, member: Make, workflow: MakeWorkflow
) -> None:
    workflow({"a": give(1)})
    api = api_for(member(role))
    before = list(Workflow.objects.values())
    for answer in (
        put(api, definition(title="Mine")),
        api.delete(ONE),
        post(api, WORKFLOWS, {"definition": definition(name="mine")}),
        *(post(api, f"{ONE}/{verb}", {}) for verb in ("publish", "pause", "resume")),
        post(api, f"{ONE}/rollback", {"number": 1}),
    ):
        assert answer.status_code == 403, answer.content
    assert list(Workflow.objects.values()) == before
    assert api.get(ONE).status_code == 200


def test_a_workflow_of_another_tenant_is_not_found(
    api: APIClient, workflow: MakeWorkflow, globex: Tenant, member: Make
) -> None:
    theirs = member("builder", tenant=globex)
    with tenant_context(globex):
        from apps.workflows.definition import definition_parse

        made = definition_parse(definition(name="theirs"))
        defining.workflow_publish(
            who=theirs,
            user=theirs,
            workflow=defining.workflow_save(who=theirs, user=theirs, definition=made),
        )
    address = f"{WORKFLOWS}/theirs"
    answers = [api.get(address), put(api, definition(name="theirs"), "theirs"), api.delete(address)]
    answers += [post(api, f"{address}/{verb}", {}) for verb in ("publish", "pause", "resume")]
    answers += [post(api, f"{address}/rollback", {"number": 1}), api.get(f"{address}/versions/1")]
    answers += [post(api, f"{address}/check", {"definition": definition(name="theirs")})]
    assert {answer.status_code for answer in answers} == {404}
    assert api.get(WORKFLOWS).json()["items"] == []
