"""What an attacker tries of any product on the web: encodings, methods, places elsewhere, fields nobody asked for."""

from __future__ import annotations

import json
from collections.abc import Callable
from email.message import Message
from typing import Any

import polars
import pytest
from django.test import Client

from apps.accounts import services
from apps.accounts.models import User
from apps.common.errors import InvalidInput
from apps.datasets.models import Dataset
from apps.datasets.services import dataset_from_frame
from apps.gateway.principals import Caller
from apps.gateway.services import key_create
from tests.factories import PASSWORD
from tests.gateway.test_headers import ROUTES, filled
from tests.running import ROOT

Make = Callable[..., User]
Browse = Callable[..., Client]
LOGIN = "/accounts/login/"


@pytest.fixture
def stored(member: Make) -> Dataset:
    """A dataset whose name is markup, an entity and a link, as somebody may have entered it."""
    name = "<img src=x onerror=alert(1)> &amp; javascript:alert(1)"
    return dataset_from_frame(
        frame=polars.DataFrame({"a": ["</script><b>"]}), name=name, filename="a.parquet", user=None
    )


def test_what_is_encoded_twice_is_decoded_once(member: Make, client_for: Browse) -> None:
    page = client_for(member("owner")).get("/data/?q=%253Cb%253E%2526").content.decode()
    assert 'value="%3Cb%3E%26"' in page


def test_what_was_entered_is_stored_as_it_is_and_encoded_where_it_is_shown(
    member: Make, client_for: Browse, stored: Dataset
) -> None:
    browser = client_for(member("owner"))
    assert Dataset.objects.get().name == stored.name
    answer = browser.get(f"/api/v1/datasets/{stored.pk}")
    assert answer["Content-Type"].startswith("application/json")
    assert answer.json()["name"] == stored.name
    for address in ("/data/", f"/data/{stored.pk}/"):
        page = browser.get(address).content.decode()
        assert "&lt;img src=x onerror=alert(1)&gt; &amp;amp; javascript:alert(1)" in page
        assert "<img src=x" not in page
        assert "</script><b>" not in page


def test_every_answer_with_a_text_names_its_kind_and_its_encoding(member: Make, client_for: Browse) -> None:
    browser = client_for(member("owner"), raise_request_exception=False)
    lacking = {}
    for route in ROUTES:
        answer = browser.get(filled(route))
        kind = answer.headers.get("Content-Type", "")
        is_text = kind.startswith("text/") or kind.partition(";")[0].endswith(("/xml", "+xml"))
        body = b"" if answer.streaming else answer.content
        if (body and not kind) or (is_text and "charset=utf-8" not in kind.lower()):
            lacking[route] = kind
        if kind.partition(";")[0].endswith("json") and body:
            json.loads(body)
        assert b"<html" not in body or kind.startswith("text/html"), route
    assert lacking == {}


@pytest.mark.parametrize(
    "address", ["/", "/data/", "/api/v1/runs", "/healthz", LOGIN, "/mcp", "/scim/v2/Users", "/static/console/live.js"]
)
def test_no_request_is_sent_back_to_who_sent_it(member: Make, client_for: Browse, address: str) -> None:
    browser = client_for(member("owner"), raise_request_exception=False)
    answer = browser.generic("TRACE", address, headers={"x-mine": "sent-by-me"})
    assert answer.status_code != 200 or address == "/healthz"  # which says the same to every method
    assert b"sent-by-me" not in answer.content
    assert "message/http" not in answer.headers.get("Content-Type", "")


ELSEWHERE = [
    "https://evil.example/",
    "//evil.example/",
    "///evil.example/",
    "/\\evil.example/",
    "\\\\evil.example/",
    "https:evil.example",
    "javascript:alert(1)",
    "data:text/html,x",
    "http://acme.localhost.evil.example/",
    "http://acme.localhost@evil.example/",
    "\thttps://evil.example/",
]


@pytest.mark.parametrize("place", ELSEWHERE)
def test_nobody_is_led_to_another_site(member: Make, client_for: Browse, place: str) -> None:
    user = member("owner")
    signed_in = client_for().post(LOGIN, {"login": user.email, "password": PASSWORD, "next": place})
    signed_out = client_for(user).post("/accounts/logout/", {"next": place})
    again = client_for(user).post("/accounts/reauthenticate/", {"password": PASSWORD, "next": place})
    for answer in (signed_in, signed_out, again):
        assert answer.status_code == 302
        assert answer["Location"] in {"/", LOGIN}


def test_a_query_stands_in_for_no_field_of_a_form_or_a_body(member: Make, client_for: Browse, stored: Dataset) -> None:
    user = member("owner")
    signing_in = client_for().post(f"{LOGIN}?login={user.email}&password={PASSWORD}", {})
    assert signing_in.status_code == 200  # it asks for both
    renamed = client_for(user).patch(f"/api/v1/datasets/{stored.pk}?name=x", "{}", content_type="application/json")
    assert renamed.status_code >= 400
    assert Dataset.objects.get().name == stored.name


def test_a_body_takes_no_field_but_those_that_the_document_names() -> None:
    document = json.loads((ROOT / "docs" / "api" / "openapi.json").read_text())
    bodies = [
        (f"{method} {path}", content["schema"])
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
        if isinstance(operation, dict) and "requestBody" in operation
        for content in operation["requestBody"]["content"].values()
    ]
    assert len(bodies) > 50
    schemas = document["components"]["schemas"]
    models = [
        (name, schemas[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema) for name, schema in bodies
    ]
    assert [name for name, schema in models if schema.get("additionalProperties") is not False] == []


@pytest.mark.parametrize(
    "address",
    ["a@b.cc\r\nBcc: eve@evil.example", "a@b.cc\nSubject: x", "a@b.cc, eve@evil.example", "a@b.cc%0aBcc:e@e.ee"],
)
def test_an_address_adds_no_line_and_nobody_to_a_mail(member: Make, mailoutbox: list[Any], address: str) -> None:
    with pytest.raises(InvalidInput):
        services.member_invite(actor=member("owner"), email=address, name="", role="viewer")
    assert mailoutbox == []
    assert User.objects.count() == 1


@pytest.mark.parametrize("name", ["access_token", "token", "key", "api_key", "authorization", "ticket"])
def test_a_credential_in_an_address_opens_nothing_of_the_api(member: Make, client_for: Browse, name: str) -> None:
    _, key = key_create(who=Caller(member("owner")), name="Ours", scopes=["runs.view"], days=1)
    browser = client_for(raise_request_exception=False)
    assert browser.get("/api/v1/runs", headers={"authorization": f"Bearer {key}"}).status_code == 200
    assert browser.get("/api/v1/runs", {name: key}).status_code in {401, 422}


def test_folders_of_files_are_not_listed(client_for: Browse) -> None:
    for address in ("/static/", "/static/console/", "/static", "/media/", "/files/"):
        answer = client_for(raise_request_exception=False).get(address)
        assert answer.status_code == 404
        assert b"live.js" not in answer.content


def test_no_history_of_the_source_goes_into_the_image() -> None:
    told = (ROOT / ".dockerignore").read_text().splitlines()
    lines = [line for line in told if line and not line.startswith("#")]
    assert lines[0] == "*"
    assert not [line for line in lines if line.startswith("!") and (".git" in line or line in {"!.", "!*", "!./"})]
    copied = (ROOT / "deploy" / "docker" / "Dockerfile").read_text()
    assert "COPY . " not in copied
    assert "git clone" not in copied


def test_the_name_of_a_download_cannot_break_its_head(member: Make, client_for: Browse) -> None:
    frame = polars.DataFrame({"a": ["1"]})
    name = 'x"; filename=evil.exe; y=\\é"'
    made = dataset_from_frame(frame=frame, name=name, filename="a.parquet", user=None)
    head = client_for(member("owner")).get(f"/data/{made.pk}/rows.csv").headers["Content-Disposition"]
    message = Message()
    message["Content-Disposition"] = head
    assert message.get_content_disposition() == "attachment"
    assert not str(message.get_filename()).endswith(".exe")
    assert {key for key, _ in message.get_params(header="Content-Disposition") or []} <= {"attachment", "filename"}
