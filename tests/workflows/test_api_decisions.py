"""What runs ask of people, over the API: approvals, and calls whose outcome is not known."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from rest_framework.test import APIClient

from apps.accounts.models import User
from apps.accounts.services import service_account_create
from apps.common.errors import InvalidInput
from apps.gateway.principals import Caller
from apps.gateway.services import key_create
from apps.gateway.tokens import token_issue
from apps.tenants.context import tenant_context
from apps.tenants.models import Tenant
from apps.workflows.models import Approval, HttpCall, WorkflowRun
from apps.workflows.permissions import APPROVALS_DECIDE, WORKFLOWS_RUN
from apps.workflows.schemas.calls import CallOut
from apps.workflows.schemas.decisions import ApprovalOut
from tests.workflows.conftest import MakeWorkflow, Work
from tests.workflows.test_api import post
from tests.workflows.test_pump import AMOUNT, Start, after

Make = Callable[..., User]
Api = Callable[..., APIClient]
APPROVALS, CALLS = "/api/v1/approvals", "/api/v1/workflow-calls"


def asking(*roles: str) -> dict[str, Any]:
    return {"ask": {"kind": "approval", "question": "Ship ${inputs.amount}?", "roles": list(roles)}}


@pytest.fixture
def approver(member: Make, builder: User) -> User:
    return member("approver")


@pytest.fixture
def api(api_for: Api, approver: User) -> APIClient:
    return api_for(approver)


@pytest.fixture
def asked(workflow: MakeWorkflow, start: Start, worked: Work) -> Callable[..., Approval]:
    """`asked("approver", name="test")`: a question to these roles."""

    def ask(*roles: str, name: str = "test") -> Approval:
        made = workflow(asking(*roles), name=name, inputs=AMOUNT, outputs={"yes": "${steps.ask.approved}"})
        run = start(made, amount=7)
        worked("flow")
        return Approval.objects.get(run=run)

    return ask


@pytest.fixture
def unknown(workflow: MakeWorkflow, start: Start, worked: Work) -> HttpCall:
    """A call that may have been carried out."""
    steps = {"order": {"kind": "http", "url": "https://shop.example/orders", "headers": {"X-Key": "hidden"}, "body": 1}}
    start(workflow(steps, outputs={"got": "${steps.order.body}"}))
    worked("flow")
    HttpCall.objects.update(status="unknown")
    return HttpCall.objects.get()


# ----------------------------------------------------------------------------------------------------------- approvals


def test_a_question_is_read_and_answered_and_its_run_goes_on(
    api: APIClient, approver: User, asked: Callable[..., Approval], worked: Work
) -> None:
    question = asked("approver")
    (told,) = api.get(APPROVALS).json()["items"]
    read = ApprovalOut.model_validate(told)
    assert (read.question, read.status, read.workflow, read.run_ref) == (
        "Ship 7.0?",
        "open",
        "test",
        question.run.ref,
    )
    answer = post(api, f"{APPROVALS}/{question.pk}/decision", {"approved": True, "comment": "Fine"})
    assert answer.status_code == 200
    decided = answer.json()
    assert (decided["status"], decided["approved"], decided["comment"]) == ("decided", True, "Fine")
    assert decided["decided_by"] == approver.email
    worked("flow")
    assert WorkflowRun.objects.get().outputs == {"yes": True}
    assert api.get(APPROVALS).json()["items"] == []
    again = post(api, f"{APPROVALS}/{question.pk}/decision", {"approved": False, "comment": "No"})
    assert again.status_code == 409
    assert api.get(f"{APPROVALS}/{question.pk}").json() == decided


@pytest.mark.parametrize("sent", [{}, {"approved": "perhaps"}, {"approved": None}, {"approved": True, "why": "x"}])
def test_an_answer_is_yes_or_no(sent: Any, api: APIClient, asked: Callable[..., Approval]) -> None:
    question = asked("approver")
    assert post(api, f"{APPROVALS}/{question.pk}/decision", sent).status_code == 422
    assert Approval.objects.get().is_open


def test_only_who_is_asked_answers_and_an_owner_always_may(
    api: APIClient, api_for: Api, member: Make, asked: Callable[..., Approval]
) -> None:
    question = asked("administrator")
    address = f"{APPROVALS}/{question.pk}/decision"
    assert post(api, address, {"approved": True}).status_code == 403
    assert post(api_for(member("builder")), address, {"approved": True}).status_code == 403
    assert Approval.objects.get().is_open
    assert post(api_for(member("owner")), address, {"approved": True}).status_code == 200


def test_a_no_says_why(api: APIClient, asked: Callable[..., Approval]) -> None:
    address = f"{APPROVALS}/{asked('approver').pk}/decision"
    for comment in ({}, {"comment": ""}, {"comment": " \n "}):
        refused = post(api, address, {"approved": False, **comment})
        assert refused.status_code == 422
        assert [issue["path"] for issue in refused.json()["issues"]] == ["comment"]
    assert Approval.objects.get().is_open
    assert post(api, address, {"approved": False, "comment": " Too dear "}).json()["comment"] == "Too dear"


def test_who_comes_too_late_is_told_who_answered_what(api: APIClient, asked: Callable[..., Approval]) -> None:
    address = f"{APPROVALS}/{asked('approver').pk}/decision"
    post(api, address, {"approved": False, "comment": "Too dear"})
    late = post(api, address, {"approved": True})
    assert late.status_code == 409
    decided = Approval.objects.get()
    assert late.json()["detail"].startswith(f"{decided.decided_by} answered no at ")
    assert "“Too dear”. Your answer was not recorded." in late.json()["detail"]
    assert decided.approved is False


def test_an_approver_answers_with_a_token(acme: Tenant, approver: User, asked: Callable[..., Approval]) -> None:
    api = APIClient(HTTP_HOST="acme.localhost")
    api.credentials(HTTP_AUTHORIZATION=f"Bearer {token_issue(user=approver)}")
    address = f"{APPROVALS}/{asked('approver').pk}/decision"
    assert post(api, address, {"approved": True}).status_code == 200
    assert Approval.objects.get().decided_by == approver


def test_a_program_answers_no_question_whatever_its_role(
    api_for: Api, member: Make, asked: Callable[..., Approval]
) -> None:
    question = asked("approver", "administrator")
    program = service_account_create(actor=member("owner"), name="A program", role="administrator")
    assert program.can(WORKFLOWS_RUN)
    assert not program.can(APPROVALS_DECIDE)
    assert post(api_for(program), f"{APPROVALS}/{question.pk}/decision", {"approved": True}).status_code == 403
    assert api_for(program).get(f"{APPROVALS}?mine=true").json()["items"] == []
    with pytest.raises(InvalidInput, match="not made"):
        key_create(who=Caller(member("owner")), name="Answers", scopes=[APPROVALS_DECIDE], days=1, account=program)
    assert Approval.objects.get().is_open


def test_my_questions_are_those_that_i_may_answer(
    api: APIClient, api_for: Api, member: Make, asked: Callable[..., Approval]
) -> None:
    mine, others = asked("approver", "builder", name="mine"), asked("administrator", name="others")

    def ids(client: APIClient, query: str) -> set[str]:
        return {item["id"] for item in client.get(f"{APPROVALS}{query}").json()["items"]}

    assert ids(api, "?mine=true") == {str(mine.pk)}
    assert ids(api, "") == {str(mine.pk), str(others.pk)}
    assert ids(api, f"?run={others.run_id}") == {str(others.pk)}
    assert ids(api_for(member("owner")), "?mine=true") == {str(mine.pk), str(others.pk)}
    assert ids(api_for(member("builder")), "?mine=true") == set()  # is named, and may decide nothing


def test_questions_are_told_apart_by_their_state(
    api: APIClient, api_for: Api, builder: User, asked: Callable[..., Approval], worked: Work
) -> None:
    decided, withdrawn, still = (asked("approver", name=name) for name in ("one", "two", "three"))
    post(api, f"{APPROVALS}/{decided.pk}/decision", {"approved": False, "comment": "Too dear"})
    post(api_for(builder), f"/api/v1/workflow-runs/{withdrawn.run_id}/cancel")
    worked("flow")

    def told(status: str) -> dict[str, str]:
        items = api.get(f"{APPROVALS}?status={status}").json()["items"]
        return {item["id"]: item["status"] for item in items}

    assert told("open") == {str(still.pk): "open"}
    assert told("decided") == {str(decided.pk): "decided"}
    assert told("withdrawn") == {str(withdrawn.pk): "withdrawn"}
    assert len(told("all")) == 3
    assert api.get(f"{APPROVALS}?status=lost").status_code == 422
    assert post(api, f"{APPROVALS}/{withdrawn.pk}/decision", {"approved": True}).status_code == 409


@pytest.fixture
def several(workflow: MakeWorkflow, start: Start, worked: Work) -> Callable[..., Approval]:
    """`several(quorum=2, ...)`: an open question of a step like this."""

    def ask(*, name: str = "test", **step: Any) -> Approval:
        run = start(workflow({"ask": {**asking("approver")["ask"], **step}}, name=name, inputs=AMOUNT), amount=7)
        worked("flow")
        return Approval.objects.get(run=run)

    return ask


def test_a_question_tells_what_to_fill_in_who_has_answered_and_whether_one_may(
    api: APIClient, api_for: Api, member: Make, approver: User, several: Callable[..., Approval]
) -> None:
    form, second = {"price": {"type": "number", "maximum": 500}}, member("approver")
    address = f"{APPROVALS}/{several(quorum=2, form=form, risk='low').pk}"
    told = api.get(address).json()
    assert (told["form"]["required"], told["quorum"], told["yes"], told["item"]) == (["price"], 2, 0, None)
    assert told["you"] == {"may_decide": True, "own": True, "on_behalf_of": [], "why_not": ""}
    refused = post(api, f"{address}/decision", {"approved": True, "answers": {"price": 501}})
    assert refused.status_code == 422
    assert [issue["path"] for issue in refused.json()["issues"]] == ["answers.price"]
    answered = post(api, f"{address}/decision", {"approved": True, "answers": {"price": 240}}).json()
    assert (answered["status"], answered["yes"], answered["you"]["may_decide"]) == ("open", 1, False)
    assert answered["you"]["why_not"].startswith("You answered already")
    (decision,) = answered["decisions"]
    assert (decision["by"], decision["answers"], decision["via"]) == (approver.email, {"price": 240.0}, "api")
    other = api_for(second)
    assert post(other, f"{address}/decision", {"approved": True, "answers": {"price": 9}}).json()["status"] == "decided"


def test_one_answers_for_a_member_who_lets_one_and_for_nobody_else(
    api: APIClient, api_for: Api, member: Make, approver: User, several: Callable[..., Approval]
) -> None:
    ana = member("administrator", email="ana@acme.example")
    until = (timezone.now() + timedelta(days=1)).isoformat()
    lent = post(api_for(ana), "/api/v1/delegations", {"taker": approver.email.upper(), "ends_at": until})
    assert (lent.status_code, lent.json()["giver"], lent.json()["taker"]) == (201, ana.email, approver.email)
    address = f"{APPROVALS}/{several(roles=[], people=[ana.email]).pk}"
    assert api.get(address).json()["you"] == {
        "may_decide": True,
        "own": False,
        "on_behalf_of": [ana.email],
        "why_not": "",
    }
    for wrong in ("nobody@acme.example", approver.email):
        answer = post(api, f"{address}/decision", {"approved": True, "on_behalf_of": wrong})
        assert (answer.status_code, answer.json()["code"]) == (403, "permission_denied")
    decided = post(api, f"{address}/decision", {"approved": True, "on_behalf_of": ana.email}).json()
    assert (decided["status"], decided["decisions"][0]["on_behalf_of"]) == ("decided", ana.email)


def test_delegations_are_made_listed_and_taken_back_by_the_two_they_are_of(
    api: APIClient, api_for: Api, member: Make, approver: User
) -> None:
    ben, stranger = member("approver"), api_for(member("owner"))
    until = (timezone.now() + timedelta(days=1)).isoformat()
    made = post(api, "/api/v1/delegations", {"taker": ben.email, "ends_at": until, "reason": "Holidays"})
    address = made["Location"]
    assert api.get(address).json() == made.json()
    for client in (api, api_for(ben)):
        assert [each["id"] for each in client.get("/api/v1/delegations").json()["items"]] == [made.json()["id"]]
    assert stranger.get("/api/v1/delegations").json()["items"] == []
    assert stranger.get(address).status_code == 404
    assert post(stranger, f"{address}/revoke").status_code == 404
    again = post(api, "/api/v1/delegations", {"taker": ben.email, "ends_at": until})
    assert again.status_code == 409
    assert post(api_for(ben), f"{address}/revoke").json()["revoked_at"] is not None
    assert post(api, f"{address}/revoke").status_code == 409
    for wrong in ("nobody@acme.example", approver.email, member("viewer").email):
        refused = post(api, "/api/v1/delegations", {"taker": wrong, "ends_at": until})
        assert (refused.status_code, refused.json()["issues"][0]["path"]) == (422, "taker")


def test_many_questions_of_low_risk_are_answered_at_once_and_each_tells_what_became_of_it(
    api: APIClient, several: Callable[..., Approval]
) -> None:
    low, more = several(name="low", risk="low"), several(name="more", risk="low", quorum=2)
    normal, missing = several(name="normal"), UUID(int=7)
    ids = [str(each) for each in (normal.pk, low.pk, missing, more.pk, low.pk)]
    answer = post(api, f"{APPROVALS}/decisions", {"ids": ids, "approved": True})
    assert answer.status_code == 200
    items = answer.json()["items"]
    assert [(each["id"], each["outcome"]) for each in items] == [
        (ids[0], "refused"),
        (ids[1], "decided"),
        (ids[2], "not_found"),
        (ids[3], "recorded"),
    ]
    assert "normal risk" in items[0]["problem"]["detail"]
    assert post(api, f"{APPROVALS}/decisions", {"ids": ids, "approved": False}).status_code == 422
    assert post(api, f"{APPROVALS}/decisions", {"ids": [], "approved": True}).status_code == 422


# --------------------------------------------------------------------------------------------------------------- calls


def test_a_call_that_is_not_known_is_listed_and_settled_and_its_run_goes_on(
    api_for: Api, builder: User, unknown: HttpCall, worked: Work
) -> None:
    api = api_for(builder)
    assert api.get(f"{CALLS}?status=confirmed").json()["items"] == []
    (told,) = api.get(f"{CALLS}?status=unknown").json()["items"]
    read = CallOut.model_validate(told)
    assert (read.status, read.method, read.url, read.body) == ("unknown", "POST", "https://shop.example/orders", 1)
    assert "hidden" not in str(told)
    answer = post(api, f"{CALLS}/{unknown.pk}/settle", {"happened": True, "note": "Looked", "body": {"number": 7}})
    assert (answer.status_code, answer.json()["status"]) == (200, "confirmed")
    assert answer.json()["settled_by"] == builder.email
    assert api.get(f"{CALLS}/{unknown.pk}").json() == answer.json()
    worked("flow")
    assert after(unknown.run).outputs == {"got": {"number": 7}}
    assert post(api, f"{CALLS}/{unknown.pk}/settle", {"happened": False, "note": "Looked"}).status_code == 409


def test_a_call_that_did_not_happen_is_made_ready_again(api_for: Api, builder: User, unknown: HttpCall) -> None:
    answer = post(api_for(builder), f"{CALLS}/{unknown.pk}/settle", {"happened": False, "note": "Looked"})
    assert answer.json()["status"] == "ready"


def test_calls_are_narrowed_and_many_are_settled_at_once(api_for: Api, builder: User, unknown: HttpCall) -> None:
    api = api_for(builder)
    run, other = str(unknown.run_id), str(uuid4())
    for query, found in ((f"run={run}", 1), (f"run={other}", 0), ("workflow=nothing", 0)):
        assert len(api.get(f"{CALLS}?{query}").json()["items"]) == found
    assert api.get(f"{CALLS}?run={run}").json()["items"][0]["is_undo"] is False
    ids = [str(unknown.pk), other]
    for outcome in ("settled", "known"):
        answer = post(api, f"{CALLS}/settle", {"ids": ids, "happened": False, "note": "No such order"})
        assert [each["outcome"] for each in answer.json()["items"]] == [outcome, "not_found"]
    read = api.get(f"{CALLS}/{unknown.pk}").json()
    assert (read["status"], read["note"]) == ("failed", "No such order")


def test_who_may_start_nothing_settles_nothing(api: APIClient, unknown: HttpCall) -> None:
    assert post(api, f"{CALLS}/{unknown.pk}/settle", {"happened": True, "note": "Looked"}).status_code == 403
    assert HttpCall.objects.get().status == "unknown"


# ---------------------------------------------------------------------------------------------------------------- both


def test_a_page_costs_the_same_whatever_is_on_it(
    api: APIClient, asked: Callable[..., Approval], unknown: HttpCall
) -> None:
    counts = []
    for n in range(3):
        asked("approver", name=f"more{n}")
        for address in (APPROVALS, CALLS):
            with CaptureQueriesContext(connection) as found:
                assert api.get(address).status_code == 200
            counts.append(len([each for each in found if "workflows_" in each["sql"]]))
    assert counts == [3, 1] * 3  # of questions: they, who is asked by name, and what was answered


def test_what_another_tenant_is_asked_is_not_found(
    api_for: Api, member: Make, acme: Tenant, globex: Tenant, asked: Callable[..., Approval], unknown: HttpCall
) -> None:
    question = asked("approver", name="ours")
    api = api_for(member("owner", tenant=globex), tenant=globex)
    answers = [api.get(f"{APPROVALS}/{question.pk}"), api.get(f"{CALLS}/{unknown.pk}")]
    answers.append(post(api, f"{APPROVALS}/{question.pk}/decision", {"approved": True}))
    answers.append(post(api, f"{CALLS}/{unknown.pk}/settle", {"happened": True, "note": "Looked"}))
    assert {answer.status_code for answer in answers} == {404}
    assert api.get(f"{APPROVALS}?status=all").json()["items"] == api.get(CALLS).json()["items"] == []
    with tenant_context(acme):
        assert Approval.objects.get(pk=question.pk).is_open
        assert HttpCall.objects.get().status == "unknown"
