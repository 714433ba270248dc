"""The OpenAPI document: valid, complete, and true to the views."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.management import call_command
from openapi_schema_validator import OAS31Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

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
    assert [next(iter(each)) for each in operation["security"]] == ["token", "apiKey", "session"]


@every_operation
def test_an_operation_says_how_it_may_fail(operation: dict[str, Any]) -> None:
    answers = operation["responses"]
    wanted = {"400", "404", "405", "406", "503", "default"}
    if operation["x-permission"] != OPEN:
        wanted |= {"401", "403"}
    if "requestBody" in operation:
        wanted |= {"413", "415", "422"}
    assert wanted <= set(answers)
    for status in wanted:
        problem = document()["components"]["responses"][answers[status]["$ref"].rpartition("/")[2]]
        content = problem["content"]["application/problem+json"]
        OAS31Validator(resolved(content["schema"])).validate(content["example"])
        assert status in {"default", str(content["example"]["status"])}


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


@every_operation
def test_an_operation_describes_its_answers_and_parameters(operation: dict[str, Any]) -> None:
    assert all(answer.get("description") for answer in operation["responses"].values() if "$ref" not in answer)
    queries = [each for each in operation.get("parameters", []) if each["in"] == "query"]
    assert [each["name"] for each in queries if not each.get("description")] == []


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
