"""Pages and API of connected MCP servers, and the page on which a person learns how to connect a program."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from apps.accounts.models import User
from apps.ai.mcp.client import selectors
from apps.ai.models import McpServer
from tests.ai.mcp.peers import official, served
from tests.aiserver import loopback_allowed
from tests.conftest import MakeMember

ACCESS: dict[str, Any] = {"url": "https://one.example", "bearer": None, "headers": []}


@pytest.fixture(autouse=True)
def _loopback() -> Iterator[None]:
    with loopback_allowed():
        yield


@pytest.fixture
def admin(member: MakeMember) -> User:
    return member("administrator")


def text(answer: Any) -> str:
    return " ".join(answer.content.decode().split())


def test_a_person_is_shown_the_address_the_configuration_and_their_own_tools(
    member: MakeMember, client_for: Callable[..., Any]
) -> None:
    page = text(client_for(member("analyst")).get("/connect/"))
    assert "http://acme.localhost/mcp" in page
    assert "&quot;type&quot;: &quot;http&quot;" in page
    assert "agent_dummy_counter" in page
    assert "Ask an owner or administrator for a key" in page
    auditor = text(client_for(member("auditor")).get("/connect/"))
    assert "dataset_rows" in auditor
    assert "agent_dummy_counter" not in auditor
    assert client_for(member("viewer")).get("/connect/").status_code == 403


def test_a_server_is_connected_by_form_and_its_tools_allowed_by_ticks(admin: User, client_for: Any) -> None:
    browser = client_for(admin)
    assert "No server is connected" in text(browser.get("/mcp-servers/"))
    with served(official()) as url:
        answer = browser.post("/mcp-servers/new/", {"name": "stock", "access.url": url, "access.bearer": "a-secret"})
        server = McpServer.objects.get()
        assert answer["Location"] == f"/mcp-servers/{server.pk}/"
        page = text(browser.get(answer["Location"]))
        assert "How much of an item is in store." in page
        assert "a-secret" not in page
        held = selectors.tools_of(server)
        ticks = [f"{offer.print} {offer.name}" for offer in held.offered if offer.name in {"stock", "order"}]
        browser.post(f"/mcp-servers/{server.pk}/tools/", {"tool": ticks})
        server.refresh_from_db()
        assert selectors.tools_of(server).usable == []  # nobody answers for `order`
        browser.post(f"/mcp-servers/{server.pk}/tools/", {"tool": ticks, "as_read": ["order"]})
        server.refresh_from_db()
        assert [offer.name for offer in selectors.tools_of(server).usable] == ["order", "stock"]
        assert "2 of 3" in text(browser.get("/mcp-servers/"))
    browser.post(f"/mcp-servers/{server.pk}/turn/", {"on": "0"})
    server.refresh_from_db()
    assert not server.is_enabled
    browser.post(f"/mcp-servers/{server.pk}/delete/")
    assert not McpServer.objects.exists()


def test_what_cannot_be_stored_is_told_beside_its_field(admin: User, client_for: Any) -> None:
    answer = client_for(admin).post("/mcp-servers/new/", {"name": "No Name", "access.url": "ftp://x"})
    assert answer.status_code == 422
    assert "Write 1 to 30 small letters" in text(answer)
    assert not McpServer.objects.exists()


def test_a_builder_sees_the_servers_and_changes_none(admin: User, member: MakeMember, client_for: Any) -> None:
    server = McpServer.objects.create(name="stock", access=ACCESS)
    browser = client_for(member("builder"))
    assert "Your role may look at it" in text(browser.get(f"/mcp-servers/{server.pk}/"))
    assert browser.post(f"/mcp-servers/{server.pk}/", {"name": "other"}).status_code == 403


@pytest.mark.parametrize("servers", [1, 5])
def test_the_list_of_servers_takes_as_many_statements_for_one_as_for_many(
    servers: int, admin: User, client_for: Any, django_assert_max_num_queries: Any
) -> None:
    for number in range(servers):
        McpServer.objects.create(name=f"s{number}", access=ACCESS)
    browser = client_for(admin)
    browser.get("/mcp-servers/")
    with django_assert_max_num_queries(8):
        browser.get("/mcp-servers/")


def test_servers_over_the_api(admin: User, api_for: Any) -> None:
    api = api_for(admin)
    with served(official()) as url:
        made = api.post("/api/v1/mcp-servers", {"name": "stock", "access": {"url": url, "bearer": "a-secret"}})
        assert made.status_code == 201
        address = made["Location"]
        assert made.json()["access"]["bearer"] == "**********"
        tested = api.post(f"{address}/test").json()
        tools = {tool["name"]: tool for tool in tested["tools"]}
        assert {name: tool["state"] for name, tool in tools.items()} == dict.fromkeys(tools, "not allowed")
        body = {"tools": [{"name": "stock", "print": tools["stock"]["print"]}]}
        allowed = api.post(f"{address}/tools", body).json()
        assert {tool["name"]: tool["state"] for tool in allowed["tools"]}["stock"] == "allowed"
        stale = api.post(f"{address}/tools", {"tools": [{"name": "stock", "print": "old"}]})
        assert stale.json()["issues"][0]["path"] == "tools.stock"
    failed = api.post(f"{address}/test").json()
    assert failed["problem"]["code"] == "mcp_server_failed"
    assert api.get("/api/v1/mcp-servers").json()["items"][0]["name"] == "stock"
    changed = api.patch(address, {"name": "store"}, headers={"If-Match": api.get(address)["ETag"]})
    assert changed.json()["name"] == "store"
    assert api.delete(address, headers={"If-Match": '"x"'}).status_code in {400, 412}
    assert api.delete(address).status_code == 204
