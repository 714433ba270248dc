from apps.common.permissions import permission

# For the owner alone: what was restored may do again what it did already since.
TENANT_RELEASE = permission("tenant.release", "Let the work of a restored organisation go on", people_only=True)
