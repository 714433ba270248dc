"""What may come of asking a connected server, besides an answer."""

from __future__ import annotations

from apps.common.errors import Conflict, Problem


class McpServerFailed(Problem):
    code, status, title = "mcp_server_failed", 502, "The MCP server did not answer as it should"
    cause = "The server could not be reached, refused the credentials, took too long, or said what is not of MCP."
    effect = "What was asked of it was not answered; nothing here was changed."
    remedy = "Test the server's connection, and mend its address or its credentials if they are wrong."


class McpToolChanged(Conflict):
    code, status, title = "mcp_tool_changed", 409, "The tool is not the one that was allowed"
    cause = "The MCP server describes this tool otherwise than when an administrator allowed it, or has it no more."
    effect = "It was not used."
    remedy = "Have an administrator look at what the server says of it now, and allow it again."
