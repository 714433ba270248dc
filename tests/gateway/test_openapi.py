"""The OpenAPI document: valid, complete, and true to the views."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.management import call_command
from drf_spectacular.renderers import OpenApiYamlRenderer
from openapi_schema_validator import OAS31Validator
from openapi_spec_validator import OpenAPIV31SpecValidator
from rest_framework.renderers import JSONRenderer

from apps.common.errors import catalogue
from apps.common.permissions import PERMISSIONS
from apps.gateway.checks import METHODS, routes
from apps.gateway.openapi import document
from apps.gateway.permissions import OPEN
from apps.tenants.models import Tenant
from tests.gateway.conftest import Program

# Pages about the API: they are not part of what they describe.
ABOUT = {"/api/schema/", "/api/docs/"}


def operations() -> Iterator[Any]:
    for address, methods in document()["paths"].items():
        for method, operation in methods.items():
            yield pytest.param(operation, id=f"{method.upper()} {address}")


every_operation = pytest.mark.parametrize("operation", list(operations()))


def resolved(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema itself, with the components that it refers to beside it."""
    if set(schema) == {"$ref"}:
        schema = document()["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return {**schema, "components": document()["components"]}


def examples_of(content: dict[str, Any]) -> list[Any]:
    """What the document shows of a body: its own examples, or those of its schema."""
    named = [each["value"] for each in content.get("examples", {}).values()]
    schema = resolved(content["schema"])
    return named or ([content["example"]] if "example" in content else schema.get("examples", []))


def test_the_document_is_valid_openapi_3_1() -> None:
    assert document()["openapi"].startswith("3.1")
    assert [error.message for error in OpenAPIV31SpecValidator(document()).iter_errors()] == []


def test_nothing_in_it_was_guessed() -> None:
    call_command("spectacular", fail_on_warn=True, stdout=io.StringIO())  # raises when the generator had to guess


def test_every_view_of_the_api_is_in_it() -> None:
    wanted = {
        (re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", address), method)
        for address, view in routes()
        for method in METHODS
        if address.startswith("/api/") and address not in ABOUT and hasattr(view, method)
    }
    there = {(address, method) for address, methods in document()["paths"].items() for method in methods}
    assert there == wanted


def test_operations_have_names_of_their_own() -> None:
    names = [param.values[0]["operationId"] for param in operations()]
    assert len(names) == len(set(names))
    assert [name for name in names if not re.fullmatch(r"[a-z]+(_[a-z]+)+", name)] == []


@every_operation
def test_an_operation_says_what_it_does_and_what_it_needs(operation: dict[str, Any]) -> None:
    code = operation["x-permission"]
    assert operation["summary"]
    assert operation["tags"]
    if code == OPEN:
        assert operation["security"] == [{}]
        return
    assert code in PERMISSIONS
    assert f"Needs `{code}`" in operation["description"]
    credentials = [next(iter(each)) for each in operation["security"]]
    assert [each for each in credentials if each != "ticket"] == ["token", "apiKey", "session"]
    assert ("ticket" in credentials) == operation["operationId"].endswith("run_events")


def problems_of(operation: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The answers of an operation that tell problems, by status."""
    there = document()["components"]["responses"]
    return {
        status: there[answer["$ref"].rpartition("/")[2]]
        for status, answer in operation["responses"].items()
        if not status.startswith(("2", "3"))
    }


@every_operation
def test_an_operation_says_how_it_may_fail(operation: dict[str, Any]) -> None:
    wanted = {"400", "406", "429", "503", "default"}
    if operation["x-permission"] != OPEN:
        wanted |= {"401", "403"}
    if "requestBody" in operation:
        wanted |= {"411", "413", "415", "422"}
    assert wanted <= set(problems_of(operation))
    for status, problem in problems_of(operation).items():
        content = problem["content"]["application/problem+json"]
        for code, example in content["examples"].items():
            OAS31Validator(resolved(content["schema"])).validate(example["value"])
            assert code == example["value"]["code"]
            assert status in {"default", str(example["value"]["status"])}
            assert catalogue()[code].status == example["value"]["status"]


def test_what_has_a_name_in_its_address_may_find_nothing_there_and_a_list_finds_something() -> None:
    for path, operations in document()["paths"].items():
        for operation in operations.values():
            assert ("404" in operation["responses"]) >= ("{" in path)
    assert "404" not in document()["paths"]["/api/v1/runs"]["get"]["responses"]


@every_operation
def test_an_answer_names_its_request_and_the_limits(operation: dict[str, Any]) -> None:
    for status, answer in (operation["responses"] | problems_of(operation)).items():
        assert {"X-Request-ID", "RateLimit", "RateLimit-Policy"} <= set(answer["headers"])
        assert ("Retry-After" in answer["headers"]) >= (status in {"429", "503"})
        assert ("WWW-Authenticate" in answer["headers"]) == (status == "401")


WAITS_OUTSIDE = {"agent_fill"}
"""What waits for another service and changes nothing here: it is done as often as it is sent."""


def test_the_header_that_names_a_repeat_is_taken_where_something_is_made_for_a_caller() -> None:
    taken = [
        operation["operationId"]
        for operations in document()["paths"].values()
        for operation in operations.values()
        if any(each["name"] == "Idempotency-Key" for each in operation.get("parameters", []))
    ]
    assert taken == [
        operation["operationId"]
        for operations in document()["paths"].values()
        for method, operation in operations.items()
        if method == "post" and operation["x-permission"] != OPEN and operation["operationId"] not in WAITS_OUTSIDE
    ]
    assert "run_start" in taken


def test_what_is_made_leads_to_what_can_be_done_with_it() -> None:
    made = document()["paths"]["/api/v1/datasets"]["post"]["responses"]["201"]
    assert set(made["links"]) >= {"dataset_get", "dataset_delete", "dataset_rows"}
    assert made["headers"]["Location"]["required"]
    run = document()["paths"]["/api/v1/agents/{key}/runs"]["post"]["responses"]["202"]
    assert set(run["links"]) >= {"run_get", "run_cancel", "run_result_csv"}
    assert run["links"]["run_get"]["parameters"] == {"id": "$response.body#/id"}


def test_a_permission_stands_with_each_credential() -> None:
    assert document()["paths"]["/api/v1/datasets"]["post"]["security"] == [
        {"token": ["datasets.upload"]},
        {"apiKey": ["datasets.upload"]},
        {"session": ["datasets.upload"]},
    ]


@every_operation
def test_an_operation_shows_examples_that_are_valid(operation: dict[str, Any]) -> None:
    """Of each JSON body that it takes or gives: in `extend_schema(examples=...)`, or in the model's
    `json_schema_extra={"examples": [...]}`."""
    bodies = dict(operation.get("requestBody", {}).get("content", {}))
    shown = {"the body": bodies["application/json"]} if "application/json" in bodies else {}
    for status, answer in operation["responses"].items():
        if status.startswith("2") and "application/json" in answer.get("content", {}):
            shown[f"the answer {status}"] = answer["content"]["application/json"]
    for what, content in shown.items():
        found = examples_of(content)
        assert found, f"{operation['operationId']}: {what} has no example"
        for example in found:
            OAS31Validator(resolved(content["schema"])).validate(example)


def values_of(parameter: dict[str, Any]) -> list[Any]:
    """What the document shows of a parameter: an example, or values that its schema names."""
    schema = parameter["schema"]
    if "example" in parameter:
        return [parameter["example"]]
    choices = [[each] for each in schema.get("items", {}).get("enum", [])]
    return (
        choices
        or schema.get("examples")
        or schema.get("enum")
        or [schema[key] for key in ("default",) if key in schema]
    )


@every_operation
def test_an_operation_describes_its_answers_and_parameters(operation: dict[str, Any]) -> None:
    assert all(answer.get("description") for answer in operation["responses"].values() if "$ref" not in answer)
    for parameter in operation.get("parameters", []):
        assert parameter.get("description"), parameter["name"]
        assert values_of(parameter), f"{parameter['name']} shows no value"
        for value in values_of(parameter):
            OAS31Validator(parameter["schema"], format_checker=OAS31Validator.FORMAT_CHECKER).validate(value)


def test_the_headers_of_answers_show_values_that_are_valid() -> None:
    for name, header in document()["components"]["headers"].items():
        assert header["description"], name
        OAS31Validator(header["schema"]).validate(header["example"])


def test_each_subject_is_described_and_has_operations() -> None:
    described = [tag["name"] for tag in document()["tags"]]
    assert all(tag["description"] for tag in document()["tags"])
    assert set(described) == {tag for param in operations() for tag in param.values[0]["tags"]}


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("", "application/json"),
        ("application/json", "application/json"),
        ("application/yaml", "application/yaml"),
        ("application/vnd.oai.openapi", "application/vnd.oai.openapi"),
    ],
)
def test_the_document_is_served_as_json_and_as_yaml(acme: Tenant, program: Program, accept: str, kind: str) -> None:
    answer = program().get("/api/schema/", headers={"accept": accept} if accept else {})
    assert answer.status_code == 200
    assert answer["Content-Type"].partition(";")[0] == kind
    assert b"3.1.0" in answer.content


def test_the_document_is_the_same_for_every_tenant_and_made_once(
    acme: Tenant, globex: Tenant, program: Program
) -> None:
    made = document.cache_info().misses
    ours, theirs = (program(tenant=each).get("/api/schema/").content for each in (acme, globex))
    assert ours == theirs
    assert document.cache_info().misses <= max(made, 1)


@pytest.mark.parametrize("accept", ["application/json", "application/yaml"])
def test_the_document_is_encoded_once(
    acme: Tenant, program: Program, monkeypatch: pytest.MonkeyPatch, accept: str
) -> None:
    first = program().get("/api/schema/", headers={"accept": accept}).content
    for form in (JSONRenderer, OpenApiYamlRenderer):
        monkeypatch.setattr(form, "render", None)  # whoever encoded it again would fail here
    assert program().get("/api/schema/", headers={"accept": accept}).content == first


def test_the_page_loads_local_files_only_and_carries_nothing_inline(acme: Tenant, program: Program) -> None:
    answer = program().get("/api/docs/")
    page = answer.content.decode()
    assert answer.status_code == 200
    assert "unsafe-inline" not in answer["Content-Security-Policy"]
    addresses = re.findall(r'(?:src|href|data-document)="([^"]+)"', page)
    assert addresses
    assert [each for each in addresses if not re.match(r"/(static/|api/|$)", each)] == []
    assert "<style" not in page
    assert not re.search(r"<script(?![^>]*\bsrc=)", page)
