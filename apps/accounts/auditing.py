"""What of members, service accounts and their ways in is recorded."""

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

SIGNED_IN = entry_kind("accounts.signed_in", "Signed in", "signed in by {by}", category="access")
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
