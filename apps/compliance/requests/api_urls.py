"""The API of requests about people's data, and of holds."""

from django.urls import path

from apps.compliance.requests import api

urlpatterns = [
    path("privacy-requests", api.PrivacyRequests.as_view(), name="privacy-requests"),
    path("privacy-requests/<uuid:id>", api.PrivacyRequestOne.as_view(), name="privacy-request"),
    path("privacy-requests/<uuid:id>/confirm", api.PrivacyRequestConfirm.as_view(), name="privacy-confirm"),
    path("privacy-requests/<uuid:id>/cancel", api.PrivacyRequestCancel.as_view(), name="privacy-cancel"),
    path("privacy-requests/<uuid:id>/finds", api.PrivacyFinds.as_view(), name="privacy-finds"),
    path("privacy-requests/<uuid:id>/file", api.PrivacyFile.as_view(), name="privacy-file"),
    path("legal-holds", api.LegalHolds.as_view(), name="legal-holds"),
    path("legal-holds/<uuid:id>", api.LegalHoldOne.as_view(), name="legal-hold"),
    path("legal-holds/<uuid:id>/release", api.LegalHoldRelease.as_view(), name="legal-hold-release"),
]
