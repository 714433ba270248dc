"""Console pages: a file for each part."""

from django.urls import include, path

app_name = "ai"
urlpatterns = [
    path("trained-models/", include("apps.ai.training.urls")),
    path("model-calls/", include("apps.ai.traces.urls")),
]
