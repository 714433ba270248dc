"""The pages about who may come in and how: each tab of "Sign-in & identity"."""

from django.urls import include, path

from apps.accounts import policy_views

app_name = "identity"
urlpatterns = [
    path("", policy_views.PolicyPage.as_view(), name="policy"),
    path("operators/", include("apps.accounts.operator_access.page_urls")),
    path("provisioning/", include("apps.accounts.scim.page_urls")),
    path("sso/", include("apps.accounts.sso.page_urls")),
]
