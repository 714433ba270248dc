"""What of members and service accounts is recorded."""

from apps.audit.kinds import entry_kind, subject_kind

subject_kind("accounts.user", "Member")

ROLE_SET = entry_kind(
    "accounts.role_set",
    "Role changed",
    "gave {subject} the role {after[role]} in place of {before[role]}",
    category="access",
    personal=["subject"],
)
