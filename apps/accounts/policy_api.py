"""The sign-in policy over the API."""

from __future__ import annotations

from typing import Literal, Self

from drf_spectacular.utils import extend_schema
from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts import policy_selectors
from apps.accounts.models import SignInPolicy
from apps.accounts.permissions import IDENTITY_MANAGE
from apps.accounts.policies import effect_of, policy_set
from apps.common.permissions import ROLES
from apps.common.schemas import StrictModel
from apps.gateway.api import ApiView

Asked = Literal["password", "second_factor", "passkey", "passkey_only"]
_EXAMPLE: JsonDict = {
    "demands": {"owner": "passkey", "administrator": "passkey", "builder": "second_factor"},
    "grace_days": 7,
    "session_hours": 12,
    "idle_minutes": 60,
}
_ROLES: JsonDict = {"propertyNames": {"enum": [*ROLES]}}


class SignInPolicyOut(BaseModel):
    model_config = ConfigDict(json_schema_extra={"examples": [{**_EXAMPLE, "lacking": {"builder": 2}}]})

    demands: dict[str, Asked] = Field(description="What each role signs in with; those not named: a password.")
    grace_days: int = Field(description="Days from a change, or from an invitation, in which a member may go without.")
    session_hours: int = Field(description="Hours that a session of the console lasts, however much it is used.")
    idle_minutes: int = Field(description="Minutes without use that end a session; 0 for none.")
    lacking: dict[str, int] = Field(description="Active members of each role that have not set up what it asks for.")

    @classmethod
    def of(cls, policy: SignInPolicy) -> Self:
        return cls(
            **policy.content(),
            lacking={role: number for role, number in effect_of(policy.demands).items() if number},
        )


class SignInPolicyRequest(StrictModel):
    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    demands: dict[str, Asked] = Field(max_length=len(ROLES), json_schema_extra=_ROLES)
    grace_days: int = Field(ge=0, le=90)
    session_hours: int = Field(ge=1, le=720)
    idle_minutes: int = Field(ge=0, le=1440, description="0 for none, else at least 5.")


class SignInPolicyView(ApiView):
    permission = {"GET": IDENTITY_MANAGE, "PUT": IDENTITY_MANAGE}
    step_up = {"PUT"}

    @extend_schema(operation_id="sign_in_policy_get", tags=["sign-in policy"], responses={200: SignInPolicyOut})
    def get(self, request: Request) -> Response:
        """How members sign in, and how many have not set up what their role asks for."""
        return self.answer(SignInPolicyOut.of(policy_selectors.policy_get(who=self.who)))

    @extend_schema(
        operation_id="sign_in_policy_set",
        tags=["sign-in policy"],
        request=SignInPolicyRequest,
        responses={200: SignInPolicyOut},
    )
    def put(self, request: Request) -> Response:
        """Say how members sign in. It holds for every request that comes after, those of open sessions too.

        Who owes a factor then is led to where it is set up, and nothing else opens to them; over the API they are told
        `factor_required`. Keys and service accounts are not asked.
        """
        wanted = self.body(SignInPolicyRequest)
        policy = policy_set(
            who=self.who,
            changes=wanted.model_dump(),
            check=lambda now: self.require_match(SignInPolicyOut.of(now)),
        )
        return self.answer(SignInPolicyOut.of(policy))
