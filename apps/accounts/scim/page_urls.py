from django.urls import path

from apps.accounts.scim import pages

urlpatterns = [
    path("", pages.ProvisioningPage.as_view(), name="provisioning"),
    path("tokens/<uuid:token>/rotate/", pages.TokenRotate.as_view(), name="token-rotate"),
    path("tokens/<uuid:token>/revoke/", pages.TokenRevoke.as_view(), name="token-revoke"),
    path("groups/<uuid:group>/role/", pages.GroupRole.as_view(), name="group-role"),
]
