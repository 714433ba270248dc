from apps.common.permissions import permission

MEMBERS_VIEW = permission("members.view", "See the members", "administrator", "auditor")
MEMBERS_MANAGE = permission(
    "members.manage", "Invite members, change their role, deactivate them", "administrator", members_only=True
)
IDENTITY_MANAGE = permission(
    "identity.manage",
    "Say how members sign in, and who else may come in",
    "administrator",
    people_only=True,
)
OPERATORS_ADMIT = permission("operators.admit", "Let an operator of the installation in for a while", people_only=True)
SSO_MANAGE = permission("sso.manage", "Connect identity providers, and say what their groups lead to", people_only=True)
