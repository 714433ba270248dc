"""What may be wrong with a sign-in by a provider. The person is told whose configuration it is, and never a token."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from apps.common.errors import Problem


@dataclass(frozen=True)
class Reason:
    """Why a sign-in was refused."""

    key: str
    """As the audit log has it."""
    said: str
    remedy: str


_AGAIN: Final = "Start again from the sign-in page."
_PROVIDER: Final = (
    "Ask whoever looks after the identity provider to compare its settings with those shown in Single sign-on."
)
_OWNER: Final = "Ask an owner of your organisation to look at Single sign-on, with the correlation id below."

REASONS: Final = {
    reason.key: reason
    for reason in (
        Reason("off", "This way of signing in is turned off, or is not this organisation's.", _AGAIN),
        Reason("state", "This answer belongs to no sign-in that was begun in this browser within ten minutes.", _AGAIN),
        Reason("declined", "The identity provider did not sign you in.", "Try again, or ask whoever looks after it."),
        Reason(
            "unreachable",
            "The identity provider does not answer as it should.",
            "Try again in a minute; then: " + _OWNER,
        ),
        Reason("discovery", "What the identity provider publishes about itself cannot be used.", _OWNER),
        Reason("exchange", "The identity provider did not accept the code that it had given out.", _OWNER),
        Reason("token", "The identity provider's token cannot be read.", _PROVIDER),
        Reason(
            "algorithm",
            "The token is signed in a way that is not accepted: a public-key signature is needed.",
            _PROVIDER,
        ),
        Reason("signature", "The signature is not one of the identity provider's keys.", _PROVIDER),
        Reason("unsigned", "A signature is missing where one is needed.", _PROVIDER),
        Reason("structure", "The answer is not built as SAML builds it: nothing in it can be trusted.", _PROVIDER),
        Reason("issuer", "The answer comes from another issuer than the one that is configured here.", _OWNER),
        Reason("audience", "The answer is meant for another program than this one.", _PROVIDER),
        Reason("recipient", "The answer was sent to another address than the one it is meant for.", _PROVIDER),
        Reason("nonce", "The token answers another sign-in than this one.", _AGAIN),
        Reason(
            "request",
            "The answer names no request of this sign-in.",
            _AGAIN + " Sign-in begins here, not at the provider.",
        ),
        Reason(
            "expired",
            "The answer has expired, or is not valid yet.",
            "Try again; if it stays, a clock is wrong, here or there.",
        ),
        Reason("replayed", "This answer was used already.", _AGAIN),
        Reason("subject", "The identity provider does not say who you are.", _PROVIDER),
        Reason("stale", "The identity provider did not ask you to prove again who you are.", _PROVIDER),
        Reason("other-person", "You proved to be somebody else than who is signed in here.", "Sign out first."),
        Reason(
            "unverified", "The identity provider has not verified your e-mail address, or does not say so.", _PROVIDER
        ),
        Reason("domain", "Your address is in no domain that this organisation has shown to be its own.", _OWNER),
        Reason(
            "unknown",
            "You are not a member here, and this connection makes nobody one.",
            "Ask an administrator to invite you.",
        ),
        Reason(
            "group",
            "None of your groups has a role here.",
            "Ask whoever looks after the identity provider for a group.",
        ),
        Reason("inactive", "Your membership was deactivated.", "Ask an administrator of your organisation."),
        Reason(
            "full",
            "Your organisation has as many members as its plan allows.",
            "Ask an administrator of your organisation.",
        ),
    )
}


class SsoRefused(Problem):
    code, status, title = "sso_refused", 403, "You were not signed in"
    cause = "The identity provider's answer was not what it has to be, or leads to no membership here."
    effect = "Nobody was signed in, and no member was made or changed."
    remedy = "Start again from the sign-in page; if it stays, tell an owner the correlation id."

    def __init__(self, reason: str, more: str = "") -> None:
        known = REASONS[reason]
        super().__init__(f"{known.said} {more}".strip(), remedy=known.remedy)
        self.reason = reason
