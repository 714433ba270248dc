"""The API of retention."""

from django.urls import path

from apps.compliance.retention import api

urlpatterns = [
    path("retention", api.RetentionList.as_view(), name="retention"),
    path("retention-records", api.RetentionRecords.as_view(), name="retention-records"),
    path("retention/<str:retained>", api.RetentionOne.as_view(), name="retention-kind"),
]
