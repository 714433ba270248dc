"""Below ``identity/sso/``."""

from django.urls import path

from apps.accounts.sso import pages

urlpatterns = [
    path("", pages.SsoPage.as_view(), name="sso"),
    path("new/<str:kind>/", pages.SsoNew.as_view(), name="sso-new"),
    path("<uuid:connection>/", pages.SsoConnectionPage.as_view(), name="sso-connection"),
    path("<uuid:connection>/test/", pages.SsoTest.as_view(), name="sso-test"),
    path("<uuid:connection>/turn/", pages.SsoTurn.as_view(), name="sso-turn"),
    path("<uuid:connection>/delete/", pages.SsoDelete.as_view(), name="sso-delete"),
    path("<uuid:connection>/metadata.xml", pages.SsoMetadata.as_view(), name="sso-metadata"),
    path("<uuid:connection>/domains/", pages.SsoDomainAdd.as_view(), name="sso-domain-add"),
    path("<uuid:connection>/domains/<uuid:domain>/verify/", pages.SsoDomainVerify.as_view(), name="sso-domain-verify"),
    path("<uuid:connection>/domains/<uuid:domain>/remove/", pages.SsoDomainRemove.as_view(), name="sso-domain-remove"),
]
