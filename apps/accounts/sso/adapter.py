"""How allauth's social accounts behave here: its apps are the tenant's connections, made for the moment, never rows."""

from __future__ import annotations

from typing import Any

import requests
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialApp, SocialLogin
from django.http import HttpRequest

from apps.accounts.models import SsoConnection
from apps.accounts.sso import fetching

_PROVIDERS = {"oidc": "openid_connect", "saml": "saml"}


def app_of(connection: SsoConnection) -> SocialApp:
    """A connection as the library wants one. It is never saved: the secret is sealed in the connection."""
    return SocialApp(
        provider=_PROVIDERS[connection.kind],
        provider_id=str(connection.pk),
        name=connection.name,
        client_id=connection.access.get("client_id", "") if connection.kind == "oidc" else str(connection.pk),
        secret=connection.access.get("client_secret") or "",
        settings={"server_url": connection.access["issuer"]} if connection.kind == "oidc" else {},
    )


class SocialAdapter(DefaultSocialAccountAdapter):
    def list_apps(
        self, request: HttpRequest | None, provider: str | None = None, client_id: str | None = None
    ) -> list[SocialApp]:
        """Those of the current tenant that are turned on."""
        apps = [app_of(each) for each in SsoConnection.objects.filter(is_enabled=True)]
        return [
            app
            for app in apps
            if provider in (None, app.provider, app.provider_id) and client_id in (None, app.client_id)
        ]

    def get_provider(self, request: HttpRequest | None, provider: str, client_id: str | None = None) -> Any:
        from apps.accounts.sso.oidc import Oidc
        from apps.accounts.sso.saml import Saml

        app = self.get_app(request, provider=provider, client_id=client_id)
        return {"openid_connect": Oidc, "saml": Saml}[app.provider](request, app=app)

    def is_open_for_signup(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:
        """Who comes in was admitted before the library hears of it: it makes nobody a member."""
        return False

    def can_authenticate_by_email(self, login: SocialLogin, email: str) -> bool:
        return False

    def get_requests_session(self) -> requests.Session:
        return fetching.session()
