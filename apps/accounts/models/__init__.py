"""Who has a role in one tenant, how they come in, and what is asked of them at the door."""

from apps.accounts.models.grants import OperatorGrant, OperatorVisit
from apps.accounts.models.policies import SignInPolicy
from apps.accounts.models.scim import DirectoryGroup, DirectoryMembership, DirectoryUser, ScimToken
from apps.accounts.models.sso import SsoConnection, SsoDomain, SsoPolicy, SsoSeen, SsoSession
from apps.accounts.models.users import User, UserManager

__all__ = [
    "DirectoryGroup",
    "DirectoryMembership",
    "DirectoryUser",
    "OperatorGrant",
    "OperatorVisit",
    "ScimToken",
    "SignInPolicy",
    "SsoConnection",
    "SsoDomain",
    "SsoPolicy",
    "SsoSeen",
    "SsoSession",
    "User",
    "UserManager",
]
