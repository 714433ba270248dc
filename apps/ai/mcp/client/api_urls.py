from django.urls import path

from apps.ai.mcp.client import api

urlpatterns = [
    path("mcp-servers", api.McpServers.as_view(), name="mcp-servers"),
    path("mcp-servers/<uuid:server>", api.McpServerOne.as_view(), name="mcp-server"),
    path("mcp-servers/<uuid:server>/test", api.McpServerTest.as_view(), name="mcp-server-test"),
    path("mcp-servers/<uuid:server>/tools", api.McpServerTools.as_view(), name="mcp-server-tools"),
]
