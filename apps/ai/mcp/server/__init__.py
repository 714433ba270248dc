"""The MCP server of a tenant, over the Streamable HTTP transport: its agents, data and workflows as tools.

Two generations of the protocol are spoken. From 2026-07-28 on each request stands for itself; before, a client shakes
hands first and names its session. Neither keeps anything here: a session is a signed name, so that any process answers
any request.
"""
