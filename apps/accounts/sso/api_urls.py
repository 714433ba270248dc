from django.urls import path

from apps.accounts.sso import api

urlpatterns = [
    path("sso/connections", api.SsoConnections.as_view(), name="sso-connections"),
    path("sso/connections/<uuid:connection>", api.SsoConnectionOne.as_view(), name="sso-connection"),
    path("sso/connections/<uuid:connection>/test", api.SsoConnectionTest.as_view(), name="sso-connection-test"),
    path("sso/connections/<uuid:connection>/domains", api.SsoDomains.as_view(), name="sso-domains"),
    path("sso/connections/<uuid:connection>/domains/<uuid:domain>", api.SsoDomainOne.as_view(), name="sso-domain"),
    path(
        "sso/connections/<uuid:connection>/domains/<uuid:domain>/verify",
        api.SsoDomainVerify.as_view(),
        name="sso-domain-verify",
    ),
    path("sso/policy", api.SsoPolicyView.as_view(), name="sso-policy"),
]
