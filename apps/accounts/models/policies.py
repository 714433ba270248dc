"""How a tenant's members prove who they are: one row per tenant, changed by its administrators."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import models
from django.db.models.functions import JSONObject
from django.utils import timezone


@dataclass(frozen=True)
class Demand:
    """What a role asks of its members at the door."""

    key: str
    title: str
    summary: str


# From the weakest to the strongest; each is met by what comes after it.
DEMANDS: Final = {
    demand.key: demand
    for demand in (
        Demand("password", "A password", "A second factor is offered, and asked for where somebody has set one up."),
        Demand("second_factor", "A second factor", "A passkey, or a password and a code of an authenticator app."),
        Demand("passkey", "A passkey", "A password alone or with a code lets nobody in who has no passkey."),
        Demand("passkey_only", "A passkey and no password", "Passwords are refused once somebody has a passkey."),
    )
}
_MEETING: Final = {
    "second_factor": frozenset({"totp", "webauthn", "recovery_codes", "sso"}),
    "passkey": frozenset({"webauthn", "sso"}),
    "passkey_only": frozenset({"webauthn", "sso"}),
}
DEFAULT_HOURS: Final = 12
"""Hours that a session lasts where nobody has said otherwise."""


class SignInPolicy(models.Model):
    """The rules of the door. A tenant without the row has the defaults."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    demands: models.JSONField[dict[str, str], dict[str, str]] = models.JSONField(
        default=dict, help_text="The key of a demand for each role; a role that is not named has a password."
    )
    demanded_at = models.DateTimeField(default=timezone.now, help_text="Since when the demands are as they are.")
    grace_days = models.PositiveSmallIntegerField(
        default=0, help_text="Days from then, or from a member's invitation, in which they may go without."
    )
    session_hours = models.PositiveSmallIntegerField(default=DEFAULT_HOURS)
    idle_minutes = models.PositiveSmallIntegerField(default=0, help_text="0: sessions do not end by themselves.")
    version = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="accounts_one_sign_in_policy")]

    def __str__(self) -> str:
        return "Sign-in policy"

    def demand_of(self, role: str) -> str:
        """The key of what a role asks of its members."""
        return self.demands.get(role, "password")

    def is_met_by(self, role: str, kinds: Collection[str]) -> bool:
        """Whether what was shown besides a password is what the role asks for: kinds of factors, or `sso`."""
        demanded = self.demand_of(role)
        return demanded == "password" or not _MEETING[demanded].isdisjoint(kinds)

    def due_at(self, since: datetime) -> datetime:
        """Until when somebody may go without who is a member since then."""
        return max(self.demanded_at, since) + timedelta(days=self.grace_days)

    @classmethod
    def of(cls, facts: dict[str, Any] | None) -> SignInPolicy:
        """The policy from a member's statement (see `as_json`); the defaults for None."""
        if facts is None:
            return cls()
        return cls(**{**facts, "demanded_at": datetime.fromisoformat(facts["demanded_at"])})

    @classmethod
    def as_json(cls) -> models.Subquery:
        """The tenant's policy, as a column of another statement."""
        names = [field.name for field in cls._meta.concrete_fields]
        return models.Subquery(cls.objects.values(json=JSONObject(**{name: name for name in names}))[:1])

    def content(self) -> dict[str, Any]:
        """What is recorded of it before and after a change."""
        settings = {name: getattr(self, name) for name in ("grace_days", "session_hours", "idle_minutes")}
        return {**settings, "demands": dict(self.demands)}
