from apps.common.permissions import permission

MEMBERS_VIEW = permission("members.view", "See the members", "administrator", "auditor")
MEMBERS_MANAGE = permission("members.manage", "Invite members, change their role, deactivate them", "administrator")
IDENTITY_MANAGE = permission(
    "identity.manage",
    "Say how members sign in, and who else may come in",
    "administrator",
    people_only=True,
)
