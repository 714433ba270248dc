"""The API keeps its document's word: the short form of `run.py drill fuzz`, in this process."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from threading import Thread
from typing import Any

import pytest
from django.core.handlers.wsgi import WSGIHandler
from django.core.servers.basehttp import WSGIRequestHandler, WSGIServer
from django.db import connections

from apps.accounts.models import User
from apps.gateway.openapi import document
from apps.gateway.tokens import token_issue
from apps.tenants.models import Tenant
from apps.tenants.services import RATES, tenant_change
from apps.workflows import defining
from apps.workflows.definition import definition_parse
from apps.workflows.schemas.workflows import DEFINITION
from tests.fuzzing import Outcome, about, fuzz, strict


class Quiet(WSGIRequestHandler):
    def log_message(self, *args: Any) -> None:
        """Requests have a log of their own."""


@pytest.fixture
def address(committed_db: str) -> Iterator[str]:
    """Where the product answers over HTTP, one request after another, from a thread with a connection of its own."""
    server = WSGIServer(("127.0.0.1", 0), Quiet)
    server.set_app(WSGIHandler())

    def serve() -> None:
        server.serve_forever(poll_interval=0.05)
        connections.close_all()

    thread = Thread(target=serve)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def fuzzed(address: str, acme: Tenant) -> Callable[..., Outcome]:
    """`fuzzed(token="", **settings)`: what comes of asking the API as a caller."""
    # Limits have tests of their own; here they would answer in place of what is asked.
    tenant_change(tenant=acme, plan="enterprise", **dict.fromkeys(RATES, 1_000_000))

    def ask(token: str = "", **options: Any) -> Outcome:
        credential = {"auth": {"openapi": {"token": {"bearer": token}}}} if token else {}
        told = about(document(), "dummy.counter", {"steps": 3})
        given = {"document": told, "host": "acme.localhost", "base_url": address, "examples": 2}
        return fuzz(**{**given, **credential, **options})

    return ask


def test_the_api_is_as_the_document_says(fuzzed: Callable[..., Outcome], member: Callable[..., User]) -> None:
    """By the document's examples, and two requests that are made up for each operation."""
    phases = {"coverage": {"enabled": False}, "stateful": {"enabled": False}}
    owner = member("owner")
    example = defining.workflow_save(who=owner, user=owner, definition=definition_parse(DEFINITION))
    defining.workflow_publish(who=owner, user=owner, workflow=example)
    found = fuzzed(token_issue(user=owner), phases=phases)
    assert found.failures == {}
    assert found.broken == 0
    assert len(found.answered) == sum(len(operations) for operations in document()["paths"].values())
    assert {"200", "201", "202", "204", "404", "422"} <= set(found.statuses)


@pytest.mark.slow
@pytest.mark.parametrize("role", ["owner", "analyst", ""])
def test_at_every_limit_and_in_chains_it_is(
    fuzzed: Callable[..., Outcome], member: Callable[..., User], role: str
) -> None:
    found = fuzzed(token_issue(user=member(role)) if role else "")
    assert found.failures == {}
    assert found.broken == 0


def test_a_document_that_lies_is_found_out(fuzzed: Callable[..., Outcome], member: Callable[..., User]) -> None:
    """What a check finds fails: a status, a field and a limit that the document has wrong."""
    lies = copy.deepcopy(document())
    lies["paths"] = {path: lies["paths"][path] for path in ("/api/v1/agents", "/api/v1/runs", "/api/v1/usage")}
    del lies["paths"]["/api/v1/agents"]["get"]["responses"]["401"]
    lies["components"]["schemas"]["RunOutPage"]["required"].append("total")
    [limit] = [each for each in lies["paths"]["/api/v1/runs"]["get"]["parameters"] if each["name"] == "limit"]
    limit["schema"]["maximum"] = 100_000
    found = fuzzed(token_issue(user=member("owner")), document=lies)
    assert {what.partition(": ")[2] for what in found.failures} >= {
        "Undocumented status code",
        "Response violates schema",
        "Schema-valid request rejected",
    }


def test_a_status_that_stands_for_all_does_not_excuse_one() -> None:
    assert any("default" in each["responses"] for each in document()["paths"]["/api/v1/runs"].values())
    assert not any("default" in each["responses"] for each in strict(document())["paths"]["/api/v1/runs"].values())
