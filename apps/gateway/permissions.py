"""The gateway's permission codes, and the rule that a view answers nobody whom it did not declare."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from rest_framework.exceptions import MethodNotAllowed
from rest_framework.permissions import BasePermission

from apps.common.permissions import demand, permission
from apps.gateway.principals import Caller, caller_of

if TYPE_CHECKING:
    from rest_framework.request import Request
    from rest_framework.views import APIView

API_USE = permission(
    "api.use",
    "Call the API with a token or a key",
    "administrator",
    "builder",
    "analyst",
    "approver",
    "auditor",
    members_only=True,
)
KEYS_VIEW = permission("keys.view", "See the API keys", "administrator", "auditor")
KEYS_MANAGE = permission("keys.manage", "Make and revoke API keys", "administrator", members_only=True)
PERFORMANCE_VIEW = permission(
    "performance.view", "See limits, requests and how long they take", "administrator", "builder", "auditor"
)
ORIGINS_MANAGE = permission(
    "origins.manage", "Say which web pages may call the API", "administrator", members_only=True
)

# Declared by a view's method that anybody may call: it must show nothing of the tenant.
OPEN: Final = "open"


def declared(view: Any, method: str) -> str | None:
    """The code that `view` declares for a method; HEAD is a GET. None when it declares none, which refuses."""
    codes: dict[str, str] = getattr(view, "permission", {})
    return codes.get("GET" if method == "HEAD" else method)


class Declared(BasePermission):
    """Allow a request when its view declares a code for the method and the caller holds it. Deny by default.

    Who comes with a token or a key needs `API_USE` besides; a key's scopes need not name it.
    """

    def has_permission(self, request: Request, view: APIView) -> bool:
        code = declared(view, str(request.method))
        if code is None:
            raise MethodNotAllowed(str(request.method))
        if code == OPEN:
            return True
        if not request.user.is_authenticated:
            return False
        if request.auth is not None:
            demand(Caller(request.user), API_USE)
        # What needs nothing but the API's use is within every key's scopes.
        demand(Caller(request.user) if code == API_USE else caller_of(request.user, request.auth), code)
        return True
