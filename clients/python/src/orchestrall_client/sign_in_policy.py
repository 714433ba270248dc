"""What an organisation's members sign in with, and how long their sessions last."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from orchestrall_client.connection import Call, Connection, get
from orchestrall_client.models import Model

PATH = "/api/v1/sign-in-policy"
Asked = Literal["password", "second_factor", "passkey", "passkey_only"]


class SignInPolicy(Model):
    """What each role signs in with (those not named: a password), and how many members have yet to set that up."""

    demands: dict[str, str]
    grace_days: int
    session_hours: int
    idle_minutes: int
    lacking: dict[str, int]


class SignInPolicies:
    """`client.sign_in_policy`. It needs a person's `identity.manage`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self) -> SignInPolicy:
        """The policy that holds now."""
        return self._connection.one(get(PATH), SignInPolicy)

    def set(
        self, demands: Mapping[str, Asked], *, grace_days: int, session_hours: int, idle_minutes: int
    ) -> SignInPolicy:
        """Say how members sign in, whole: roles that are not named sign in with a password, 0 minutes are no end.

        It holds for every request that comes after, those of open sessions too.
        """
        body = {
            "demands": dict(demands),
            "grace_days": grace_days,
            "session_hours": session_hours,
            "idle_minutes": idle_minutes,
        }
        return self._connection.one(Call("PUT", PATH, json=body), SignInPolicy)
