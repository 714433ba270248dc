from django.urls import include, path

from apps.accounts import api, policy_api

app_name = "accounts_api"
urlpatterns = [
    path("", include("apps.accounts.sso.api_urls")),
    path("sign-in-policy", policy_api.SignInPolicyView.as_view(), name="sign-in-policy"),
    path("service-accounts", api.ServiceAccounts.as_view(), name="service-accounts"),
    path("service-accounts/<uuid:account>", api.ServiceAccountOne.as_view(), name="service-account"),
]
