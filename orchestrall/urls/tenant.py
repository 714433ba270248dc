"""A tenant's host: the console at the root, the API under /api/."""

from django.urls import include, path

from apps.accounts.operator_access.pages import Enter, Leave
from apps.ai.mcp.server.endpoint import Endpoint, metadata
from apps.gateway.api.tokens import jwks
from apps.workflows.api.triggers import Hook

urlpatterns = [
    # First: of a request, each pattern before its own is tried.
    path("api/", include("apps.gateway.api_urls")),
    path("api/v1/", include("apps.workflows.api_urls")),
    path("api/v1/", include("apps.agents.api_urls")),
    path("api/v1/", include("apps.ai.api_urls")),
    path("api/v1/", include("apps.datasets.api_urls")),
    path("api/v1/", include("apps.accounts.api_urls")),
    path("api/v1/", include("apps.compliance.api_urls")),
    path("", include("apps.console.urls")),
    path("", include("apps.agents.urls")),
    path("", include("apps.workflows.urls")),
    path("", include("apps.ai.urls")),
    path("data/", include("apps.datasets.urls")),
    path("members/", include("apps.accounts.urls")),
    path("identity/", include("apps.accounts.identity_urls")),
    path("visit/", Enter.as_view(), name="visit"),
    path("visit/leave/", Leave.as_view(), name="visit-leave"),
    path("scim/v2/", include("apps.accounts.scim.urls")),
    path("keys/", include("apps.gateway.urls")),
    path("", include("apps.compliance.urls")),
    path("performance/", include("apps.gateway.performance_urls")),
    # Not all of allauth.urls: its pages of providers would let in whom apps.accounts.sso has not looked at.
    path("accounts/", include("allauth.account.urls")),
    path("accounts/2fa/", include("apps.accounts.factors.urls")),
    path("accounts/2fa/", include("allauth.mfa.urls")),
    path("accounts/sessions/", include("allauth.usersessions.urls")),
    path("sso/", include("apps.accounts.sso.urls")),
    path(".well-known/jwks.json", jwks),
    path(".well-known/oauth-protected-resource/mcp", metadata),
    path("mcp", Endpoint.as_view(), name="mcp"),
    path("hooks/<uuid:webhook>", Hook.as_view(), name="webhook"),
]

handler400 = "apps.console.errors.bad_request"
handler403 = "apps.console.errors.permission_denied"
handler404 = "apps.console.errors.not_found"
handler500 = "apps.console.errors.server_error"
