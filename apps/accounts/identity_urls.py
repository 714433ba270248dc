"""The pages about who may come in and how: each tab of "Sign-in & identity"."""

from django.urls import include, path

from apps.accounts import policy_views

app_name = "identity"
urlpatterns = [
    path("", policy_views.PolicyPage.as_view(), name="policy"),
    path("sso/", include("apps.accounts.sso.page_urls")),
]
