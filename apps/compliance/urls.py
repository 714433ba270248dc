"""Console pages: a file for each part."""

from django.urls import include, path

app_name = "compliance"
urlpatterns = [
    path("audit/", include("apps.compliance.audit.urls")),
    path("privacy/", include("apps.compliance.requests.urls")),
    path("retention/", include("apps.compliance.retention.urls")),
]
