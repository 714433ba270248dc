"""Changes of the API that break clients are found: against the last release, and each kind of change by itself."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openapi_schema_validator import OAS31Validator

from apps.common.errors import catalogue
from apps.gateway.openapi import document
from scripts.compatibility import breaks
from scripts.reference import RELEASED

Document = dict[str, Any]
Change = Callable[[Document], Any]

BASE: Document = {
    "components": {
        "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}, "session": {"type": "apiKey", "name": "sid"}},
        "schemas": {
            "Order": {
                "type": "object",
                "properties": {
                    "amount": {"type": "integer", "minimum": 1, "maximum": 10, "default": 1},
                    "kind": {"type": "string", "enum": ["retail", "trade"]},
                    "note": {"anyOf": [{"type": "string", "maxLength": 40}, {"type": "null"}]},
                    "parts": {"type": "array", "items": {"$ref": "#/components/schemas/Order"}},
                },
                "required": ["kind"],
            },
            "Receipt": {
                "type": "object",
                "properties": {
                    "id": {"type": "string", "format": "uuid"},
                    "state": {"type": "string", "enum": ["open", "done"]},
                    "total": {"type": "number", "minimum": 0},
                    "above": {"anyOf": [{"$ref": "#/components/schemas/Receipt"}, {"type": "null"}]},
                },
                "required": ["id", "state"],
            },
        },
    },
    "paths": {
        "/orders": {
            "post": {
                "operationId": "order_make",
                "security": [{"key": ["orders.make"]}, {"session": ["orders.make"]}],
                "parameters": [
                    {"in": "query", "name": "dry", "schema": {"type": "boolean"}},
                    {"in": "header", "name": "Idempotency-Key", "schema": {"type": "string"}},
                ],
                "requestBody": {
                    "content": {
                        "application/json": {"schema": {"$ref": "#/components/schemas/Order"}},
                        "text/csv": {"schema": {"type": "string"}},
                    }
                },
                "responses": {
                    "201": {
                        "headers": {"Location": {"required": True, "schema": {"type": "string"}}},
                        "content": {
                            "application/json": {"schema": {"$ref": "#/components/schemas/Receipt"}},
                            "text/csv": {"schema": {"type": "string"}},
                        },
                    },
                    "404": {"description": "nothing"},
                },
            },
        },
        "/state": {"get": {"operationId": "state_get", "security": [{}], "responses": {"200": {}}}},
    },
}


def make(d: Document) -> Any:
    return d["paths"]["/orders"]["post"]


def order(d: Document) -> Any:
    return d["components"]["schemas"]["Order"]


def taken(d: Document) -> Any:
    return order(d)["properties"]


def given_(d: Document) -> Any:
    return d["components"]["schemas"]["Receipt"]["properties"]


def receipt(d: Document) -> Any:
    return d["components"]["schemas"]["Receipt"]


NEW_QUERY = {"in": "query", "name": "shop", "schema": {"type": "string"}}
BODY, ANSWER = "POST /orders: body", "POST /orders: answer 201"

# What is changed, how, and what is said of it; then what is said of the way back, where nothing is nothing.
CHANGES: list[tuple[str, Change, str, str]] = [
    ("a path goes", lambda d: d["paths"].pop("/state"), "/state: the path is gone", ""),
    ("a method goes", lambda d: d["paths"]["/state"].pop("get"), "GET /state: the operation is gone", ""),
    (
        "a name changes",
        lambda d: make(d).update(operationId="order_create"),
        "POST /orders: `operationId` was order_make and is order_create",
        "POST /orders: `operationId` was order_create and is order_make",
    ),
    (
        "a credential goes",
        lambda d: make(d)["security"].pop(0),
        "POST /orders: `key` (orders.make) can no longer call it",
        "",
    ),
    (
        "a further permission is needed",
        lambda d: make(d)["security"][0]["key"].append("orders.see"),
        "POST /orders: `key` (orders.make) can no longer call it",
        "",
    ),
    (
        "what was open is closed",
        lambda d: d["paths"]["/state"]["get"].update(security=[{"key": []}]),
        "GET /state: nobody in particular can no longer call it",
        "",
    ),
    (
        "a credential is sent in another way",
        lambda d: d["components"]["securitySchemes"]["session"].update(name="__Host-sid"),
        "the credential `session` is gone, or is sent in another way",
        "the credential `session` is gone, or is sent in another way",
    ),
    ("a parameter goes", lambda d: make(d)["parameters"].pop(0), "POST /orders: query parameter `dry` is gone", ""),
    (
        "a parameter must be given",
        lambda d: make(d)["parameters"][1].update(required=True),
        "POST /orders: header parameter `idempotency-key` must be given now",
        "",
    ),
    (
        "a new parameter must be given",
        lambda d: make(d)["parameters"].append(NEW_QUERY | {"required": True}),
        "POST /orders: query parameter `shop` is new, and must be given",
        "POST /orders: query parameter `shop` is gone",
    ),
    (
        "a new parameter may be given",
        lambda d: make(d)["parameters"].append(NEW_QUERY),
        "",
        "POST /orders: query parameter `shop` is gone",
    ),
    (
        "a parameter becomes of another kind",
        lambda d: make(d)["parameters"][0]["schema"].update(type="integer"),
        "POST /orders: query parameter `dry`: boolean is no longer taken",
        "POST /orders: query parameter `dry`: integer is no longer taken",
    ),
    (
        "a list is written in another way",
        lambda d: make(d)["parameters"][0].update(explode=False),
        "POST /orders: query parameter `dry` is written in another way: `explode`",
        "POST /orders: query parameter `dry` is written in another way: `explode`",
    ),
    (
        "a body must be sent",
        lambda d: make(d)["requestBody"].update(required=True),
        "POST /orders: a body must be sent now",
        "",
    ),
    (
        "a kind of body goes",
        lambda d: make(d)["requestBody"]["content"].pop("text/csv"),
        "POST /orders: a body of text/csv is no longer taken",
        "",
    ),
    ("a body's field goes", lambda d: taken(d).pop("note"), f"{BODY}.note is gone", ""),
    (
        "a body's field must be given",
        lambda d: order(d)["required"].append("note"),
        f"{BODY}.note must be given now",
        "",
    ),
    (
        "a new field of a body must be given",
        lambda d: (taken(d).update(shop={"type": "string"}), order(d)["required"].append("shop")),
        f"{BODY}.shop must be given now",
        f"{BODY}.shop is gone",
    ),
    ("a new field of a body may be given", lambda d: taken(d).update(shop={}), "", f"{BODY}.shop is gone"),
    (
        "a limit of a body falls",
        lambda d: taken(d)["amount"].update(maximum=9),
        f"{BODY}.amount: `maximum` is narrower",
        "",
    ),
    (
        "a limit of a body rises",
        lambda d: taken(d)["amount"].update(minimum=2),
        f"{BODY}.amount: `minimum` is narrower",
        "",
    ),
    (
        "a limit of a body comes",
        lambda d: taken(d)["kind"].update(maxLength=5),
        f"{BODY}.kind: `maxLength` is narrower",
        "",
    ),
    (
        "a limit in an alternative falls",
        lambda d: taken(d)["note"]["anyOf"][0].update(maxLength=4),
        f"{BODY}.note: `maxLength`",
        "",
    ),
    (
        "a form is asked of a body",
        lambda d: taken(d)["kind"].update(pattern="^r"),
        f"{BODY}.kind: `pattern` is narrower",
        "",
    ),
    (
        "a value of a body goes",
        lambda d: taken(d)["kind"]["enum"].pop(),
        f"{BODY}.kind: 'trade' can no longer be sent",
        "",
    ),
    ("null is no longer taken", lambda d: taken(d)["note"]["anyOf"].pop(), f"{BODY}.note: null is no longer taken", ""),
    (
        "a body's number becomes whole",
        lambda d: taken(d).update(amount={**taken(d)["amount"], "type": "number"}),
        "",
        f"{BODY}.amount: number is no longer taken",
    ),
    (
        "a default changes",
        lambda d: taken(d)["amount"].update(default=2),
        f"{BODY}.amount: the default was 1 and is 2",
        f"{BODY}.amount: the default was 2 and is 1",
    ),
    (
        "a body's other fields are refused",
        lambda d: order(d).update(additionalProperties=False),
        f"{BODY}: other properties are no longer taken",
        "",
    ),
    (
        "a body's other fields get a form",
        lambda d: order(d).update(additionalProperties={"type": "string"}),
        f"{BODY}: other properties must have a form now",
        "",
    ),
    ("items of a body get a limit", lambda d: taken(d)["parts"].update(maxItems=3), f"{BODY}.parts: `maxItems`", ""),
    (
        "an answer goes",
        lambda d: make(d)["responses"].update({"202": make(d)["responses"].pop("201")}),
        "the answer 201 is gone",
        "the answer 202 is gone",
    ),
    (
        "another answer may come",
        lambda d: make(d)["responses"].update({"202": {}}),
        "POST /orders: it may answer 202 now",
        "POST /orders: the answer 202 is gone",
    ),
    ("an error comes", lambda d: make(d)["responses"].update({"409": {}}), "", ""),
    (
        "a kind of answer goes",
        lambda d: make(d)["responses"]["201"]["content"].pop("text/csv"),
        f"{ANSWER} is no longer given as text/csv",
        "",
    ),
    ("an answer's field goes", lambda d: given_(d).pop("total"), f"{ANSWER}.total is gone", ""),
    (
        "an answer's field may be missing",
        lambda d: receipt(d)["required"].pop(),
        f"{ANSWER}.state may be missing now",
        "",
    ),
    (
        "a new value may come",
        lambda d: given_(d)["state"]["enum"].append("lost"),
        f"{ANSWER}.state: 'lost' may come now",
        "",
    ),
    ("any value may come", lambda d: given_(d)["state"].pop("enum"), f"{ANSWER}.state: other values may come now", ""),
    (
        "an answer's field may be null",
        lambda d: given_(d)["total"].update(type=["number", "null"]),
        f"{ANSWER}.total: it may be null now",
        "",
    ),
    (
        "an answer's limit goes",
        lambda d: given_(d)["total"].pop("minimum"),
        f"{ANSWER}.total: `minimum` is wider now",
        "",
    ),
    ("an answer's format goes", lambda d: given_(d)["id"].pop("format"), f"{ANSWER}.id: `format` is wider now", ""),
    (
        "an answer's number becomes any",
        lambda d: given_(d)["total"].pop("type"),
        f"{ANSWER}.total: it may be anything now",
        "",
    ),
    (
        "a header goes",
        lambda d: make(d)["responses"]["201"]["headers"].pop("Location"),
        f"{ANSWER}, header `Location` is gone",
        "",
    ),
    (
        "a header may be missing",
        lambda d: make(d)["responses"]["201"]["headers"]["Location"].pop("required"),
        f"{ANSWER}, header `Location` may be missing now",
        "",
    ),
    ("words change", lambda d: make(d).update(summary="Order things", tags=["shop"]), "", ""),
]


def changed(change: Change) -> Document:
    document = copy.deepcopy(BASE)
    change(document)
    return document


@pytest.mark.parametrize(("change", "told"), [pytest.param(each[1], each[2], id=each[0]) for each in CHANGES])
def test_a_change_is_told_when_it_breaks_clients(change: Change, told: str) -> None:
    found = breaks(BASE, changed(change))
    assert found == [] if not told else any(told in each for each in found)


@pytest.mark.parametrize(("change", "told"), [pytest.param(each[1], each[3], id=each[0]) for each in CHANGES])
def test_the_way_back_is_told_only_when_it_breaks_clients(change: Change, told: str) -> None:
    found = breaks(changed(change), BASE)
    assert found == [] if not told else any(told in each for each in found)


def test_what_breaks_is_told_once_with_its_place() -> None:
    assert breaks(BASE, changed(lambda d: taken(d)["kind"]["enum"].pop())) == [
        f"{BODY}.kind: 'trade' can no longer be sent"
    ]


SIMPLE = st.one_of(
    st.fixed_dictionaries(
        {"type": st.just("integer")}, optional={"minimum": st.integers(-3, 3), "maximum": st.integers(-3, 3)}
    ),
    st.fixed_dictionaries({"type": st.just("string")}, optional={"maxLength": st.integers(0, 3)}),
    st.fixed_dictionaries({"enum": st.lists(st.sampled_from(["a", "b", 1, None]), min_size=1, unique=True)}),
    st.just({"type": "null"}),
)
SCHEMAS = st.recursive(
    SIMPLE,
    lambda inner: st.one_of(
        st.fixed_dictionaries({"anyOf": st.lists(inner, min_size=1, max_size=2)}),
        st.fixed_dictionaries({"type": st.just("array"), "items": inner}),
        st.fixed_dictionaries(
            {"type": st.just("object"), "properties": st.dictionaries(st.sampled_from("xy"), inner)},
            optional={"required": st.lists(st.sampled_from("xy"), unique=True)},
        ),
    ),
    max_leaves=4,
)
SCALARS = st.one_of(st.none(), st.integers(-4, 4), st.sampled_from(["", "a", "b", "abcd"]))
VALUES = st.recursive(
    SCALARS, lambda inner: st.one_of(st.lists(inner, max_size=2), st.dictionaries(st.sampled_from("xyz"), inner))
)


def closed(schema: Any) -> Any:
    """The schema with objects as bodies have them: without properties that it does not name."""
    if isinstance(schema, list):
        return [closed(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    parts = {name: closed(each) for name, each in schema.items()}
    return parts | ({"additionalProperties": False} if schema.get("type") == "object" else {})


def with_schema(schema: Any, *, taken: bool) -> Document:
    content = {"content": {"application/json": {"schema": schema}}}
    operation = {"requestBody": content, "responses": {}} if taken else {"responses": {"200": content}}
    return {"paths": {"/thing": {"post": operation}}}


@settings(deadline=None, max_examples=500, derandomize=True)
@given(old=SCHEMAS.map(closed), new=SCHEMAS.map(closed), value=VALUES)
def test_where_nothing_is_told_all_that_was_taken_is_taken(old: Any, new: Any, value: Any) -> None:
    if not breaks(with_schema(old, taken=True), with_schema(new, taken=True)):
        assert OAS31Validator(new).is_valid(value) >= OAS31Validator(old).is_valid(value)


@settings(deadline=None, max_examples=500, derandomize=True)
@given(old=SCHEMAS, new=SCHEMAS, value=VALUES)
def test_where_nothing_is_told_all_that_is_given_was_given(old: Any, new: Any, value: Any) -> None:
    if not breaks(with_schema(old, taken=False), with_schema(new, taken=False)):
        assert OAS31Validator(old).is_valid(value) >= OAS31Validator(new).is_valid(value)


@settings(deadline=None, max_examples=300, derandomize=True)
@given(schema=SCHEMAS, taken=st.booleans())
def test_a_document_is_compatible_with_itself(schema: Any, taken: bool) -> None:
    assert breaks(with_schema(schema, taken=taken), with_schema(schema, taken=taken)) == []


def test_clients_of_the_last_release_are_served_by_this_one() -> None:
    found = breaks(json.loads(RELEASED.read_text()), document())
    assert not found, "these changes break clients (docs/guides/contributors.md says what then):\n" + "\n".join(found)


def test_codes_of_problems_that_the_last_release_told_mean_the_same_still() -> None:
    told = {
        code: example["value"]["status"]
        for answer in json.loads(RELEASED.read_text())["components"]["responses"].values()
        for code, example in answer["content"]["application/problem+json"]["examples"].items()
    }
    assert told
    assert {code: catalogue()[code].status if code in catalogue() else None for code in told} == told
