"""The API: a file for each part."""

from django.urls import include, path

app_name = "ai_api"
urlpatterns = [
    path("", include("apps.ai.setup.api_urls")),
    path("", include("apps.ai.prompts.api_urls")),
    path("", include("apps.ai.mcp.client.api_urls")),
    path("", include("apps.ai.usage.api_urls")),
    path("", include("apps.ai.training.api_urls")),
    path("model-calls/", include("apps.ai.traces.api_urls")),
]
