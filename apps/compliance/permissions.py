from apps.common.permissions import permission

AUDIT_VIEW = permission("audit.view", "See who did what, and check the audit log", "administrator", "auditor")
AUDIT_EXPORT = permission("audit.export", "Export the audit log", "administrator", "auditor")
