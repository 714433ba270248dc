"""The audit log among the names of the API."""

from django.urls import path

from apps.compliance.audit import api

urlpatterns = [
    path("audit/entries", api.AuditEntries.as_view(), name="audit-entries"),
    path("audit/entries/<uuid:entry>", api.AuditEntryOne.as_view(), name="audit-entry"),
    path("audit/entries/<uuid:entry>/proof", api.AuditEntryProof.as_view(), name="audit-entry-proof"),
    path("audit/consistency", api.AuditConsistency.as_view(), name="audit-consistency"),
    path("audit/checkpoints", api.AuditCheckpoints.as_view(), name="audit-checkpoints"),
    path("audit/integrity", api.AuditIntegrityNow.as_view(), name="audit-integrity"),
    path("audit/public-key", api.AuditPublicKey.as_view(), name="audit-public-key"),
    path("audit/export", api.AuditExport.as_view(), name="audit-export"),
]
