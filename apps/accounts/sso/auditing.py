"""What of single sign-on is recorded."""

from apps.audit.kinds import entry_kind, subject_kind

subject_kind("accounts.ssoconnection", "Identity provider", url="identity:sso-connection", argument="connection")
subject_kind("accounts.ssodomain", "Domain")
subject_kind("accounts.ssopolicy", "Single sign-on")

CONNECTION_MADE = entry_kind("accounts.sso_connected", "Identity provider connected", "connected {subject}")
CONNECTION_CHANGED = entry_kind("accounts.sso_changed", "Identity provider changed", "changed {subject}")
CONNECTION_DELETED = entry_kind("accounts.sso_deleted", "Identity provider deleted", "deleted {subject}")
CONNECTION_TESTED = entry_kind("accounts.sso_tested", "Identity provider tested", "tested {subject}: {found}")
DOMAIN_ADDED = entry_kind("accounts.sso_domain_added", "Domain added", "added the domain {subject} to {connection}")
DOMAIN_VERIFIED = entry_kind(
    "accounts.sso_domain_verified", "Domain verified", "verified the domain {subject} by {method}"
)
DOMAIN_REMOVED = entry_kind("accounts.sso_domain_removed", "Domain removed", "removed the domain {subject}")
ONLY_SET = entry_kind(
    "accounts.sso_only_set",
    "Single sign-on alone",
    "changed whether members sign in by single sign-on alone",
    category="access",
    personal=["break_glass"],
)
BREAK_GLASS_USED = entry_kind(
    "accounts.sso_break_glass_used",
    "Break-glass sign-in",
    "signed in with password and second factor, past single sign-on",
    category="access",
)
SSO_SIGNED_IN = entry_kind(
    "accounts.sso_signed_in", "Signed in by a provider", "signed in by {connection}", category="access"
)
SSO_PROVED = entry_kind(
    "accounts.sso_proved", "Proved anew by a provider", "proved again who they are, by {connection}", category="access"
)
SSO_REFUSED = entry_kind(
    "accounts.sso_refused",
    "Sign-in by a provider refused",
    "was not signed in by {subject}: {reason}",
    category="access",
    personal=["who"],
)
SSO_MEMBER_MADE = entry_kind(
    "accounts.sso_member_made",
    "Member made by a provider",
    "made {subject} a member with the role {after[role]}",
    category="access",
    personal=["subject", "email"],
)
SSO_LINKED = entry_kind(
    "accounts.sso_linked",
    "Member known to a provider",
    "took {subject}, a member already, for who {connection} says they are",
    category="access",
    personal=["subject"],
)
SSO_ENDED = entry_kind(
    "accounts.sso_ended",
    "Signed out by a provider",
    "signed {subject} out of {sessions} sessions",
    category="access",
    personal=["subject"],
)
