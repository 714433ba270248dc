from apps.common.permissions import permission

AUDIT_VIEW = permission("audit.view", "See who did what, and check the audit log", "administrator", "auditor")
AUDIT_EXPORT = permission("audit.export", "Export the audit log", "administrator", "auditor")

PRIVACY_VIEW = permission("privacy.view", "See requests about people's data, and holds", "administrator", "auditor")
PRIVACY_MANAGE = permission(
    "privacy.manage", "Export and erase people's data, and hold it back", "administrator", people_only=True
)
RETENTION_VIEW = permission(
    "retention.view", "See how long data is kept, and what was removed", "administrator", "auditor"
)
RETENTION_MANAGE = permission("retention.manage", "Set how long data is kept", "administrator", people_only=True)
