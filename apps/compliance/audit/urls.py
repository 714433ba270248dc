"""Below ``audit/``."""

from django.urls import path

from apps.compliance.audit import pages

urlpatterns = [
    path("", pages.AuditPage.as_view(), name="audit"),
    path("<uuid:entry>/", pages.AuditEntryPage.as_view(), name="audit-entry"),
]
