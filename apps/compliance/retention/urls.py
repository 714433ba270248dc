"""Pages of retention."""

from django.urls import path, re_path

from apps.compliance.retention import pages

urlpatterns = [
    path("", pages.RetentionPage.as_view(), name="retention"),
    re_path(r"^records\.(?P<form>csv|json)$", pages.RetentionRecords.as_view(), name="retention-records"),
    path("<str:retained>/", pages.RetentionKind.as_view(), name="retention-kind"),
]
