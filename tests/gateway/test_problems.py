"""Errors: whatever goes wrong below /api/ is a problem document that says what to do."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from apps.accounts.models import User
from apps.common.errors import Problem, ProblemDetails, TooLarge, catalogue
from apps.gateway import tokens
from apps.tenants import services as tenants
from apps.tenants.models import Tenant
from tests.gateway.conftest import Program

Make = Callable[..., User]

pytestmark = pytest.mark.urls("tests.gateway.urls")


@pytest.fixture
def caller(member: Make, program: Program) -> Client:
    return program(tokens.token_issue(user=member("owner")), raise_request_exception=False)


def problem(answer: Any, status: int, code: str) -> ProblemDetails:
    """The problem that an answer tells; fails when it is not one of this status and code."""
    assert answer.status_code == status
    assert answer["Content-Type"] == "application/problem+json"
    told = ProblemDetails.model_validate_json(answer.content)
    assert (told.status, told.code) == (status, code)
    assert told.type == f"/api/problems/{code}"
    assert told.title == catalogue()[code].title
    assert told.detail
    assert told.request_id == answer["X-Request-ID"]
    return told


@pytest.mark.parametrize(
    ("how", "status", "code"),
    [
        ("unforeseen", 500, "internal_error"),
        ("database", 503, "unavailable"),
        ("redis", 503, "unavailable"),
        ("unavailable", 503, "unavailable"),
        ("nothing", 404, "not_found"),
        ("forbidden", 403, "permission_denied"),
        ("suspicious", 400, "bad_request"),
        ("big", 413, "too_large"),
        ("hurried", 429, "too_many_requests"),
        ("fields", 422, "invalid_input"),
    ],
)
def test_what_a_view_raises_is_told_as_a_problem(caller: Client, how: str, status: int, code: str) -> None:
    problem(caller.get(f"/api/v1/failing/{how}"), status, code)


def test_an_unforeseen_error_tells_nothing_but_the_request(caller: Client, caplog: pytest.LogCaptureFixture) -> None:
    answer = caller.get("/api/v1/failing/unforeseen")
    told = problem(answer, 500, "internal_error")
    assert "hunter2" not in answer.content.decode()
    assert "ZeroDivisionError" not in answer.content.decode()
    assert any(
        "ZeroDivisionError" in repr(record.msg) + str(record.exc_info) for record in caplog.records
    )  # the log has it
    assert told.remedy


@pytest.mark.parametrize(("how", "seconds"), [("hurried", "7"), ("unavailable", "5"), ("database", "5")])
def test_what_may_be_tried_again_says_when(caller: Client, how: str, seconds: str) -> None:
    assert caller.get(f"/api/v1/failing/{how}")["Retry-After"] == seconds


def test_each_field_that_is_wrong_is_an_issue_with_its_path(caller: Client) -> None:
    told = problem(caller.get("/api/v1/failing/fields"), 422, "invalid_input")
    assert [(issue.path, issue.message) for issue in told.issues] == [("rows.0.quantity", "must be a number")]
    body = {"name": "far too long a name", "sizes": [1, "two"], "color": "red"}
    told = problem(caller.post("/api/v1/sample", body, content_type="application/json"), 422, "invalid_input")
    assert {issue.path for issue in told.issues} == {"name", "sizes.1", "color"}


def test_an_address_that_is_nothing_is_a_problem(caller: Client) -> None:
    problem(caller.get("/api/v1/nothing"), 404, "not_found")
    problem(caller.get("/api/"), 404, "not_found")


@pytest.mark.parametrize("host", ["nobody.localhost", "localhost", "evil.example", "a b"])
def test_a_host_that_is_nobodys_is_a_problem(acme: Tenant, host: str) -> None:
    problem(Client(headers={"host": host}).get("/api/v1/sample"), 404, "not_found")


def test_a_suspended_tenant_is_a_problem_that_may_end(caller: Client, acme: Tenant) -> None:
    tenants.tenant_suspend(tenant=acme)
    answer = caller.get("/api/v1/sample")
    problem(answer, 503, "unavailable")
    assert answer["Retry-After"] == "5"


@pytest.mark.parametrize("method", ["put", "patch", "delete", "options", "trace"])
def test_a_method_that_is_not_there_is_a_problem_that_names_those_that_are(caller: Client, method: str) -> None:
    answer = getattr(caller, method)("/api/v1/sample")
    problem(answer, 405, "method_not_allowed")
    assert {each.strip() for each in answer["Allow"].split(",")} == {"GET", "HEAD", "POST"}


def test_a_method_that_is_not_there_is_told_to_strangers_alike(acme: Tenant, program: Program) -> None:
    problem(program().delete("/api/v1/sample"), 405, "method_not_allowed")


def test_a_format_that_nobody_makes_is_a_problem(caller: Client) -> None:
    problem(caller.get("/api/v1/sample", headers={"accept": "image/png"}), 406, "not_acceptable")
    problem(caller.get("/api/docs/", headers={"accept": "image/png"}), 406, "not_acceptable")


def test_a_body_of_another_format_is_a_problem(caller: Client) -> None:
    problem(caller.post("/api/v1/sample", "<a/>", content_type="application/xml"), 415, "unsupported_format")


@pytest.mark.parametrize(
    "body",
    [
        "{",
        '{"name": NaN}',
        '{"name": "\\u0000"}',
        '{"name": "\\ud800"}',
        b"\xff\xfe",
        "[" * 100_000,
        '{"sizes": [' + "9" * 5000 + "]}",
        '{"sizes": [1e999]}',
        '{"sizes": ' + "[" * 300 + "]" * 300 + "}",
    ],
    ids=[
        "cut",
        "NaN",
        "NUL",
        "half a surrogate",
        "no UTF-8",
        "too deep",
        "too long a number",
        "too large a number",
        "deeper than can be written",
    ],
)
def test_a_body_that_is_no_json_is_a_problem(caller: Client, body: Any) -> None:
    problem(caller.post("/api/v1/sample", body, content_type="application/json"), 400, "bad_request")


def test_a_text_that_only_looks_like_an_escape_is_a_text(caller: Client) -> None:
    answer = caller.post("/api/v1/sample", json.dumps({"name": "\\u0000"}), content_type="application/json")
    assert answer.status_code == 201
    assert answer.json()["name"] == "\\u0000"


def test_a_body_that_is_too_large_is_a_problem(caller: Client, settings: Any) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
    body = json.dumps({"name": "x" * 1024 * 1024})
    told = problem(caller.post("/api/v1/sample", body, content_type="application/json"), 413, "too_large")
    assert "1 MB" in told.detail


def test_a_form_that_is_larger_than_the_quota_is_refused_unread(caller: Client, acme: Tenant) -> None:
    answer = caller.generic(
        "POST",
        "/api/v1/sample",
        b"--x--",
        content_type="multipart/form-data; boundary=x",
        CONTENT_LENGTH=str(300 * 1024 * 1024),
    )
    told = problem(answer, 413, "too_large")
    assert f"{acme.max_upload_mb} MB" in told.detail


def test_a_query_with_nul_is_a_problem(caller: Client) -> None:
    problem(caller.get("/api/v1/sample?q=%00"), 400, "bad_request")


def test_a_session_that_writes_without_its_csrf_token_is_refused(
    member: Make, client_for: Callable[..., Client]
) -> None:
    browser = client_for(member("owner"), enforce_csrf_checks=True)
    assert browser.get("/api/v1/sample").status_code == 200
    answer = browser.post("/api/v1/sample", {"name": "x"}, content_type="application/json")
    assert "CSRF" in problem(answer, 403, "permission_denied").detail


def test_an_error_is_json_even_of_a_view_that_makes_something_else(caller: Client) -> None:
    problem(caller.post("/api/schema/"), 405, "method_not_allowed")
    problem(caller.post("/api/docs/"), 405, "method_not_allowed")


def test_every_problem_has_a_code_of_its_own_an_explanation_and_a_place(acme: Tenant, program: Program) -> None:
    listed = program().get("/api/problems/").json()["items"]
    assert {each["code"] for each in listed} == set(catalogue())
    for each in listed:
        assert program().get(f"/api/problems/{each['code']}").json() == each
        assert each["status"] >= 400
        assert all(each[word] for word in ("title", "cause", "effect", "remedy"))
    problem(program().get("/api/problems/no_such"), 404, "not_found")


def test_a_browser_gets_the_catalogue_as_a_page(acme: Tenant, program: Program) -> None:
    browser, html = program(), {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
    every = browser.get("/api/problems/", headers=html)
    assert every["Content-Type"].startswith("text/html")
    assert [code for code in catalogue() if f'id="{code}"' not in every.content.decode()] == []
    one = browser.get("/api/problems/too_large", headers=html).content.decode()
    assert all(getattr(TooLarge, word) in one for word in ("title", "cause", "effect", "remedy"))
    problem(browser.get("/api/problems/no_such", headers=html), 404, "not_found")


def test_no_two_problems_that_mean_different_things_share_a_code() -> None:
    def every(kind: type[Problem]) -> list[type[Problem]]:
        return [kind, *(found for sub in kind.__subclasses__() for found in every(sub))]

    for kind in every(Problem):
        named = catalogue()[kind.code]
        assert issubclass(kind, named), f"{kind.__name__} uses the code of {named.__name__}"


def test_a_page_of_the_console_stays_a_page(caller: Client) -> None:
    assert caller.get("/nothing/")["Content-Type"].startswith("text/html")
