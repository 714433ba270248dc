"""What of keys, tokens and settings of the API is recorded."""

from apps.audit.kinds import entry_kind, subject_kind

subject_kind("gateway.apikey", "API key")

KEY_MADE = entry_kind(
    "gateway.key_made",
    "API key made",
    "made the key {subject} for {speaks_for}, good until {after[expires_at]}",
    category="access",
    personal=["speaks_for"],
)
KEY_ROTATED = entry_kind(
    "gateway.key_rotated",
    "API key rotated",
    "made the key {successor} to take over from {subject}, which ends at {after[expires_at]}",
    category="access",
)
KEY_REVOKED = entry_kind("gateway.key_revoked", "API key revoked", "revoked the key {subject}", category="access")
KEY_USED = entry_kind(
    "gateway.key_used",
    "API key used",
    "used the key {subject} from this network for the first time in the hour",
    category="access",
)
TOKEN_ISSUED = entry_kind(
    "gateway.token_issued",
    "Token issued",
    "got a token for the API with address and password",
    category="access",
)
TOKEN_REFRESHED = entry_kind(
    "gateway.token_refreshed",
    "Token refreshed",
    "got another token for the API with the one before it",
    category="access",
)
TOKEN_USED_TWICE = entry_kind(
    "gateway.token_used_twice",
    "Refresh token used twice",
    "sent a refresh token of {subject} that was used before: all that came of the same sign-in has ended",
    category="access",
    personal=["subject"],
)
TOKEN_REVOKED = entry_kind(
    "gateway.token_revoked",
    "Token revoked",
    "ended a refresh token and all that came of the same sign-in",
    category="access",
)
