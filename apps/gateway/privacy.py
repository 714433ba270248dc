"""What the gateway holds of people, and for how long: what they call the API with."""

from __future__ import annotations

from django.db.models import Q

from apps.common.privacy import exempt
from apps.gateway.models import ApiKey, IdempotentAnswer, RefreshToken
from apps.tenants.personal import PersonalRows, RetainedRows


class Keys(PersonalRows):
    key = "gateway.key"
    title = "API keys"
    what = "The names of keys, who made them, and when they were made and used."
    erasure = "The member's keys are deleted; a name of another one is cleaned."
    model = ApiKey
    member = ("user", "made_by")
    removes = ("user",)
    texts = ("name",)
    hidden = ("digest",)


class RefreshTokens(PersonalRows):
    key = "gateway.refresh_token"
    title = "Sign-ins of programs"
    what = "When a program signed in as a member."
    erasure = "They are deleted."
    model = RefreshToken
    member = removes = ("user",)
    hidden = ("digest", "password_mark")

    def title_of(self, row: RefreshToken) -> str:
        return "Sign-in of a program"


class Answers(PersonalRows):
    key = "gateway.answer"
    title = "Answers kept for repeated requests"
    what = "What the API answered, for a day."
    erasure = "The member's are deleted; others are cleaned."
    model = IdempotentAnswer
    member = removes = ("user",)
    texts = ("key", "headers")
    hidden = ("fingerprint",)
    when = ""


class AnswersKept(RetainedRows):
    key = "gateway.answer"
    title = "Answers kept for repeated requests"
    group = "People and programs"
    what = "They are deleted; a request that is repeated afterwards has its effect again."
    note = "They are good for 24 hours. The period begins then."
    default = 1
    most = 30
    model = IdempotentAnswer
    when = "expires_at"


class RefreshTokensKept(RetainedRows):
    key = "gateway.refresh_token"
    title = "Sign-ins of programs that have ended"
    group = "People and programs"
    what = "Their rows are deleted."
    note = "They are kept a while, so that a stolen token is noticed when it is used again."
    default = 7
    most = 365
    model = RefreshToken
    when = "family_expires_at"


class KeysKept(RetainedRows):
    key = "gateway.key"
    title = "API keys that have expired or were revoked"
    group = "People and programs"
    what = "Their rows are deleted; the audit log goes on naming them."
    note = "The period begins when they expire."
    default = 365
    model = ApiKey
    when = "expires_at"
    where = Q(replaced_by=None)


exempt("It is the platform's, and holds identifiers and no data.", "dispatch.WorkRow", "dispatch.DeadLetter")
