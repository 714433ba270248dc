"""The Model Context Protocol (MCP), both ways: a tenant's tools for other programs, and tools of other servers.

`server` answers programs that connect to a tenant; `client` asks servers that the tenant's people have connected.
"""
