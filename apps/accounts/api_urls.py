from django.urls import include, path

from apps.accounts import api

app_name = "accounts_api"
urlpatterns = [
    path("", include("apps.accounts.sso.api_urls")),
    path("service-accounts", api.ServiceAccounts.as_view(), name="service-accounts"),
    path("service-accounts/<uuid:account>", api.ServiceAccountOne.as_view(), name="service-account"),
]
