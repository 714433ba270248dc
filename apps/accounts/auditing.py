"""What of members, service accounts and their ways in is recorded."""

from apps.accounts.sso import auditing as _sso  # noqa: F401  # its kinds are declared with these
from apps.audit.kinds import entry_kind, subject_kind

subject_kind("accounts.user", "Member")

MEMBER_INVITED = entry_kind(
    "accounts.member_invited",
    "Member invited",
    "invited {subject} with the role {after[role]}",
    category="access",
    personal=["subject", "email"],
)
INVITED_AGAIN = entry_kind(
    "accounts.invited_again",
    "Invitation sent again",
    "sent {subject} another invitation",
    category="access",
    personal=["subject"],
)
MEMBER_ADDED = entry_kind(
    "accounts.member_added",
    "Member added",
    "added {subject} with the role {after[role]}",
    category="access",
    personal=["subject", "email"],
)
ROLE_SET = entry_kind(
    "accounts.role_set",
    "Role changed",
    "gave {subject} the role {after[role]} in place of {before[role]}",
    category="access",
    personal=["subject"],
)
MEMBER_DEACTIVATED = entry_kind(
    "accounts.member_deactivated",
    "Member deactivated",
    "deactivated {subject}, who is signed out everywhere",
    category="access",
    personal=["subject"],
)
MEMBER_REACTIVATED = entry_kind(
    "accounts.member_reactivated",
    "Member reactivated",
    "let {subject} in again with the role {role}",
    category="access",
    personal=["subject"],
)
SERVICE_MADE = entry_kind(
    "accounts.service_account_made",
    "Service account made",
    "made the service account {subject} with the role {after[role]}",
    category="access",
)
SERVICE_CHANGED = entry_kind(
    "accounts.service_account_changed",
    "Service account changed",
    "changed the service account {subject}",
    category="access",
)

SIGNED_IN = entry_kind("accounts.signed_in", "Signed in", "signed in with {by}", category="access")
SIGNED_OUT = entry_kind("accounts.signed_out", "Signed out", "signed out", category="access")
SIGN_IN_FAILED = entry_kind(
    "accounts.sign_in_failed",
    "Sign-in failed",
    "failed to sign in as {subject}: {why}, try {tries} for this account from there within an hour",
    category="access",
    personal=["subject"],
)
RESET_ASKED = entry_kind(
    "accounts.password_reset_asked",
    "Link for a new password asked for",
    "had a link for a new password mailed to {subject}",
    category="access",
    personal=["subject"],
)
PASSWORD_CHANGED = entry_kind(
    "accounts.password_changed", "Password changed", "changed their own password", category="access"
)
PASSWORD_RESET = entry_kind(
    "accounts.password_reset", "Password reset", "chose a new password by a mailed link", category="access"
)
EMAIL_ADDED = entry_kind(
    "accounts.email_added",
    "Address added",
    "wants to change their address to {after[email]}, which is not proved yet",
    category="access",
    personal=["email"],
)
EMAIL_REMOVED = entry_kind(
    "accounts.email_removed",
    "Address removed",
    "removed their address {before[email]}",
    category="access",
    personal=["email"],
)
EMAIL_CHANGED = entry_kind(
    "accounts.email_changed",
    "Address changed",
    "changed their address from {before[email]} to {after[email]}",
    category="access",
    personal=["email"],
)

FACTOR_ADDED = entry_kind(
    "accounts.factor_added",
    "Second factor set up",
    "set up {factor} for {subject}",
    category="access",
    personal=["subject"],
)
FACTOR_REMOVED = entry_kind(
    "accounts.factor_removed",
    "Second factor removed",
    "removed {factor} of {subject}",
    category="access",
    personal=["subject"],
)
SESSIONS_ENDED = entry_kind(
    "accounts.sessions_ended",
    "Sessions ended",
    "ended {sessions} of {subject}",
    category="access",
    personal=["subject"],
)
POLICY_SET = entry_kind(
    "accounts.policy_set", "Sign-in policy changed", "changed how members sign in", category="access"
)

subject_kind("accounts.scimtoken", "Provisioning token")
subject_kind("accounts.directorygroup", "Group of the directory")

MANAGEMENT_SET = entry_kind(
    "accounts.management_set",
    "Management of a member changed",
    "changed whether the directory manages {subject}",
    category="access",
    personal=["subject"],
)
PROVISIONED = entry_kind(
    "accounts.provisioned",
    "Member provisioned",
    "sent {subject}, who is a member with the role {after[role]}",
    category="access",
    personal=["subject", "email", "name", "external_id"],
)
PROVISIONED_AGAIN = entry_kind(
    "accounts.provisioned_again",
    "Provisioned member changed",
    "sent other particulars of {subject}",
    category="access",
    personal=["subject", "email", "name", "external_id"],
)
DEPROVISIONED = entry_kind(
    "accounts.deprovisioned",
    "Member removed by the directory",
    "removed {subject}, who stays in the records and may not come in",
    category="access",
    personal=["subject"],
)
GROUP_SENT = entry_kind(
    "accounts.directory_group_sent", "Group sent", "sent the group {subject} with {members} members", category="access"
)
GROUP_CHANGED = entry_kind(
    "accounts.directory_group_changed",
    "Group changed",
    "changed the group {subject}: {added} members more, {removed} fewer",
    category="access",
)
GROUP_REMOVED = entry_kind(
    "accounts.directory_group_removed", "Group removed", "removed the group {subject}", category="access"
)
GROUP_MAPPED = entry_kind(
    "accounts.directory_group_mapped",
    "Role of a group changed",
    "had the group {subject} give another role to its members",
    category="access",
)
SCIM_TOKEN_MADE = entry_kind(
    "accounts.scim_token_made", "Provisioning token made", "made the provisioning token {subject}", category="access"
)
SCIM_TOKEN_ROTATED = entry_kind(
    "accounts.scim_token_rotated",
    "Provisioning token rotated",
    "had another take over from the provisioning token {subject}",
    category="access",
)
SCIM_TOKEN_REVOKED = entry_kind(
    "accounts.scim_token_revoked",
    "Provisioning token revoked",
    "revoked the provisioning token {subject}",
    category="access",
)

subject_kind("accounts.operatorgrant", "Operator access")

ACCESS_ASKED = entry_kind(
    "accounts.access_asked",
    "Operator access asked for",
    "asked to be let in as {after[role]} for {after[hours]} hours",
    category="platform",
    personal=["reason"],
)
ACCESS_GRANTED = entry_kind(
    "accounts.access_granted",
    "Operator access granted",
    "let in an operator as {after[role]} until {after[ends_at]}",
    category="platform",
    personal=["reason"],
)
ACCESS_DECLINED = entry_kind(
    "accounts.access_declined", "Operator access declined", "declined to let an operator in", category="platform"
)
ACCESS_ENTERED = entry_kind(
    "accounts.access_entered", "Operator entered", "entered by a grant of an owner", category="platform"
)
ACCESS_LEFT = entry_kind("accounts.access_left", "Operator left", "is out again", category="platform")
ACCESS_REVOKED = entry_kind(
    "accounts.access_revoked", "Operator access revoked", "ended the access of an operator", category="platform"
)
