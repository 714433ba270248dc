"""Below ``audit/``."""

from django.urls import path

from apps.compliance.audit import pages

urlpatterns = [
    path("", pages.AuditPage.as_view(), name="audit"),
    path("export/", pages.AuditExport.as_view(), name="audit-export"),
    path("verify/", pages.AuditVerify.as_view(), name="audit-verify"),
    path("verify/verify_audit.py", pages.AuditVerifier.as_view(), name="audit-verifier"),
    path("check/", pages.AuditCheck.as_view(), name="audit-check"),
    path("<uuid:entry>/proof.json", pages.AuditEntryProof.as_view(), name="audit-proof"),
    path("<uuid:entry>/", pages.AuditEntryPage.as_view(), name="audit-entry"),
]
