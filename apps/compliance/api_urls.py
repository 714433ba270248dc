"""The API: a file for each part."""

from django.urls import include, path

app_name = "compliance_api"
urlpatterns = [
    path("", include("apps.compliance.audit.api_urls")),
    path("", include("apps.compliance.requests.api_urls")),
    path("", include("apps.compliance.retention.api_urls")),
]
