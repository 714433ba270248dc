"""Below ``mcp-servers/``."""

from django.urls import path

from apps.ai.mcp.client import pages

urlpatterns = [
    path("", pages.ServersPage.as_view(), name="mcp-servers"),
    path("new/", pages.ServerNew.as_view(), name="mcp-server-new"),
    path("<uuid:server>/", pages.ServerPage.as_view(), name="mcp-server"),
    path("<uuid:server>/test/", pages.ServerTest.as_view(), name="mcp-server-test"),
    path("<uuid:server>/turn/", pages.ServerTurn.as_view(), name="mcp-server-turn"),
    path("<uuid:server>/tools/", pages.ServerTools.as_view(), name="mcp-server-tools"),
    path("<uuid:server>/delete/", pages.ServerDelete.as_view(), name="mcp-server-delete"),
]
