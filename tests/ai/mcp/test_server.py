"""The MCP server of a tenant: what it says to whom, and how it refuses. Over real HTTP: `test_clients`."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest

from apps.agents.models import AgentRun
from apps.ai.mcp.server import serving
from apps.gateway.principals import Caller
from apps.gateway.services import key_create
from apps.tenants.models import Tenant
from tests.ai.mcp.conftest import Ask
from tests.conftest import MakeMember

INITIALIZE = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}
MODERN = "2026-07-28"
META = {
    "io.modelcontextprotocol/protocolVersion": MODERN,
    "io.modelcontextprotocol/clientCapabilities": {},
}


def modern(method: str, params: dict[str, Any] | None = None) -> dict[str, Any]:
    """The keywords of a request of 2026-07-28."""
    name = {"Mcp_Name": params["name"]} if params and "name" in params else {}
    params = {**(params or {}), "_meta": META}
    return {"method": method, "params": params, "MCP_Protocol_Version": MODERN, "Mcp_Method": method, **name}


# The protocol


@pytest.mark.parametrize(
    ("asked", "answered"),
    [("2025-06-18", "2025-06-18"), ("2025-11-25", "2025-11-25"), ("2024-11-05", "2025-11-25"), ("1.0", "2025-11-25")],
)
def test_a_client_and_the_server_agree_on_a_version(asked: str, answered: str, member: MakeMember, ask: Ask) -> None:
    answer = ask(member(), "initialize", {**INITIALIZE, "protocolVersion": asked})
    result = answer.json()["result"]
    assert result["protocolVersion"] == answered
    assert result["serverInfo"]["title"] == "Orchestrall: Acme"
    assert result["capabilities"]["tools"] == {"listChanged": False}
    assert answer["Mcp-Session-Id"].isascii()


def test_a_client_of_the_newer_protocol_is_told_the_versions_without_a_handshake(member: MakeMember, ask: Ask) -> None:
    answer = ask(member(), **modern("server/discover"))
    result = answer.json()["result"]
    assert result["supportedVersions"] == ["2025-06-18", "2025-11-25", MODERN]
    assert result["_meta"]["io.modelcontextprotocol/serverInfo"]["name"] == "orchestrall"
    assert "Mcp-Session-Id" not in answer


def test_a_session_is_good_for_its_caller_alone_and_in_its_tenant_alone(
    member: MakeMember, globex: Tenant, ask: Ask
) -> None:
    mine, other = member(), member()
    theirs = member(tenant=globex)
    session = ask(mine, "initialize", INITIALIZE)["Mcp-Session-Id"]
    assert ask(mine, "ping", Mcp_Session_Id=session).json()["result"] == {}
    assert ask(other, "ping", Mcp_Session_Id=session).status_code == 404
    assert ask(theirs, "ping", tenant=globex, Mcp_Session_Id=session).status_code == 404
    assert ask(mine, "ping", Mcp_Session_Id=f"{session}x").status_code == 404


def test_notifications_are_taken_in_and_not_answered(member: MakeMember, ask: Ask) -> None:
    answer = ask(member(), "notifications/initialized", id=None)
    assert (answer.status_code, answer.content) == (202, b"")


@pytest.mark.parametrize(
    ("method", "params", "code"),
    [
        ("prompts/list", {}, -32601),
        ("nothing", None, -32601),
        ("tools/call", {}, -32602),
        ("tools/call", {"name": "no_such_tool"}, -32602),
        ("tools/list", {"cursor": "none of ours"}, -32602),
        ("server/discover", None, -32601),
    ],
)
def test_what_the_protocol_does_not_have_is_an_error_of_the_protocol(
    method: str, params: Any, code: int, member: MakeMember, ask: Ask
) -> None:
    answer = ask(member(), method, params, id="a")
    assert answer.status_code == 200
    assert answer.json()["error"]["code"] == code
    assert answer.json()["id"] == "a"


@pytest.mark.parametrize(
    "body", ["[]", "{}", '{"jsonrpc": "2.0", "id": null, "method": "ping"}', '{"id": 1, "result": {}}']
)
def test_what_is_no_single_request_is_refused(body: str, member: MakeMember, api_for: Any) -> None:
    answer = api_for(member()).generic("POST", "/mcp", body, content_type="application/json")
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == -32600


def test_what_is_no_json_is_refused_as_the_protocol_has_it(member: MakeMember, api_for: Any) -> None:
    answer = api_for(member()).generic("POST", "/mcp", '{"jsonrpc": ', content_type="application/json")
    assert answer.status_code == 400
    assert answer.json() == {"jsonrpc": "2.0", "id": None, "error": answer.json()["error"]}
    assert answer.json()["error"]["code"] == -32700


def test_a_version_that_is_not_spoken_here_is_refused_with_those_that_are(member: MakeMember, ask: Ask) -> None:
    answer = ask(member(), "ping", MCP_Protocol_Version="2031-01-01")
    assert answer.status_code == 400
    assert answer.json()["error"]["data"]["supported"][-1] == MODERN


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"Mcp_Method": "tools/list"}, -32020),
        ({"Mcp_Name": "dataset_rows"}, -32020),
        ({"params": {"name": "dataset_list"}}, -32602),
        (
            {"params": {"name": "dataset_list", "_meta": {**META, "io.modelcontextprotocol/protocolVersion": "x"}}},
            -32020,
        ),
    ],
)
def test_a_request_that_says_other_things_in_its_headers_is_refused(
    changes: dict[str, Any], code: int, member: MakeMember, ask: Ask
) -> None:
    answer = ask(member(), **{**modern("tools/call", {"name": "dataset_list"}), **changes})
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == code


def test_streams_of_the_server_and_ends_of_sessions_are_not_offered(member: MakeMember, api_for: Any) -> None:
    client = api_for(member())
    assert client.get("/mcp").status_code == 405
    assert client.delete("/mcp").status_code == 405


# Who may


def test_who_brings_no_credential_is_told_what_this_address_takes(ask: Ask, api_for: Any) -> None:
    answer = ask(None, "ping")
    assert answer.status_code == 401
    address = "http://acme.localhost/.well-known/oauth-protected-resource/mcp"
    assert answer["WWW-Authenticate"] == f'Bearer realm="mcp", resource_metadata="{address}"'
    told = api_for().get("/.well-known/oauth-protected-resource/mcp").json()
    assert told["resource"] == "http://acme.localhost/mcp"
    assert "mcp.use" in told["scopes_supported"]


def test_the_session_of_a_browser_is_no_credential_here(member: MakeMember, client_for: Any) -> None:
    answer = client_for(member("owner")).post("/mcp", {}, content_type="application/json")
    assert answer.status_code == 401


def test_a_role_without_the_permission_may_not_connect(member: MakeMember, ask: Ask) -> None:
    assert ask(member("viewer"), "tools/list").status_code == 403


def test_a_key_reaches_no_tool_beyond_its_scopes(member: MakeMember, api_for: Any, acme: Tenant) -> None:
    user = member("administrator")
    _, secret = key_create(who=Caller(user), name="narrow", scopes=["mcp.use", "datasets.view"], days=7)
    client = api_for()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")

    def call(method: str, **params: Any) -> Any:
        return client.post(
            "/mcp", {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}, format="json"
        ).json()

    names = [tool["name"] for tool in call("tools/list")["result"]["tools"]]
    assert names == ["dataset_aggregate", "dataset_describe", "dataset_list", "dataset_rows"]
    assert call("tools/call", name="agent_dummy_counter")["error"]["code"] == -32602


@pytest.mark.parametrize(("origin", "status"), [("https://evil.example", 403), ("http://acme.localhost", 200)])
def test_pages_of_other_origins_are_refused(origin: str, status: int, member: MakeMember, ask: Ask) -> None:
    assert ask(member(), "ping", Origin=origin).status_code == status


# Tools


def test_tools_are_listed_page_by_page_with_schemas_that_are_valid(
    member: MakeMember, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serving, "PAGE", 5)
    user, cursor = member(), None
    found: list[dict[str, Any]] = []
    while cursor is not None or not found:
        result = ask(user, "tools/list", {"cursor": cursor} if cursor else {}).json()["result"]
        assert len(result["tools"]) <= 5
        found += result["tools"]
        cursor = result.get("nextCursor")
    names = [tool["name"] for tool in found]
    assert names == sorted(set(names))
    assert {"agent_dummy_counter", "dataset_rows", "workflow_run_get"} <= set(names)
    for tool in found:
        for schema in (tool["inputSchema"], tool.get("outputSchema", {"type": "object"})):
            jsonschema.Draft202012Validator.check_schema(schema)
            assert schema["type"] == "object"


def test_a_tool_that_acts_is_not_called_a_read(member: MakeMember, ask: Ask, workflow: Any) -> None:
    workflow({"a": {"kind": "transform", "set": {"x": 1}}}, name="acting")
    tools = {tool["name"]: tool for tool in ask(member(), "tools/list").json()["result"]["tools"]}
    assert tools["workflow_acting"]["annotations"]["readOnlyHint"] is False
    assert tools["dataset_rows"]["annotations"]["readOnlyHint"] is True


def test_a_call_answers_with_data_text_and_a_link(member: MakeMember, ask: Ask, made: Any) -> None:
    dataset = made("Sales", item=["Tea"])
    arguments = {"dataset": str(dataset.pk)}
    for how in (
        {"method": "tools/call", "params": {"name": "dataset_rows", "arguments": arguments}},
        modern("tools/call", {"name": "dataset_rows", "arguments": arguments}),
    ):
        result = ask(member(), **how).json()["result"]
        assert result["structuredContent"]["rows"] == [["Tea"]]
        assert not result["isError"]
        text, link = result["content"]
        assert '"rows":[["Tea"]]' in text["text"]
        assert link["uri"].endswith(f"acme.localhost/data/{dataset.pk}/")


def test_what_a_tool_refuses_is_told_in_words_that_a_model_can_learn_from(
    member: MakeMember, ask: Ask, board: Any
) -> None:
    result = ask(member(), "tools/call", {"name": "agent_dummy_counter", "arguments": {"steps": 0}}).json()["result"]
    assert result["isError"]
    assert "steps: Input should be greater than or equal to 1" in result["content"][0]["text"]
    assert not AgentRun.objects.exists()


def test_a_dataset_of_another_tenant_is_not_found(member: MakeMember, globex: Tenant, ask: Ask, made: Any) -> None:
    dataset = made("Sales", item=["Secret"])
    params = {"name": "dataset_rows", "arguments": {"dataset": str(dataset.pk)}}
    other = member("owner", tenant=globex)
    result = ask(other, "tools/call", params, tenant=globex).json()["result"]
    assert result["isError"]
    assert "not_found" in result["content"][0]["text"]


def test_a_call_with_an_idempotency_key_starts_one_run_and_does_not_wait(
    member: MakeMember, ask: Ask, board: Any
) -> None:
    user, params = member(), {"name": "agent_dummy_counter", "arguments": {"steps": 2}}
    first = ask(user, "tools/call", params, Idempotency_Key="once")
    again = ask(user, "tools/call", params, Idempotency_Key="once")
    assert first.json()["result"]["structuredContent"]["status"] == "queued"
    assert again.content == first.content
    assert again["Idempotency-Replayed"] == "true"
    assert AgentRun.objects.count() == 1
