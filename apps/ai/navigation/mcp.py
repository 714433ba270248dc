"""The entries of MCP: programs that connect here, and servers that are connected."""

from apps.ai.permissions import MCP_USE, MODELS_VIEW
from apps.console.navigation import NavItem, nav_item

nav_item(
    NavItem(
        key="ai.mcp_servers",
        title="MCP servers",
        url="ai:mcp-servers",
        icon="server-2",
        group="Build",
        summary="Servers whose tools agents may read with",
        permission=MODELS_VIEW,
        order=58,
    )
)
nav_item(
    NavItem(
        key="ai.connect",
        title="Connect a program",
        url="ai:connect",
        icon="plug-connected",
        group="Build",
        summary="Use agents, data and workflows from programs that speak MCP",
        permission=MCP_USE,
        order=59,
    )
)
