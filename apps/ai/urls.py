"""Console pages: a file for each part."""

from django.urls import include, path

from apps.ai.mcp.server.pages import ConnectPage

app_name = "ai"
urlpatterns = [
    path("models/", include("apps.ai.setup.urls")),
    path("prompts/", include("apps.ai.prompts.urls")),
    path("usage/", include("apps.ai.usage.urls")),
    path("mcp-servers/", include("apps.ai.mcp.client.urls")),
    path("connect/", ConnectPage.as_view(), name="connect"),
    path("trained-models/", include("apps.ai.training.urls")),
    path("model-calls/", include("apps.ai.traces.urls")),
]
