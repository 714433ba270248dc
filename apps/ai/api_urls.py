"""The API: a file for each part."""

from django.urls import include, path

app_name = "ai_api"
urlpatterns = [
    path("trained-models", include("apps.ai.training.api_urls")),
    path("model-calls/", include("apps.ai.traces.api_urls")),
]
