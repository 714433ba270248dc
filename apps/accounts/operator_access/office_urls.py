"""Below /admin/ of the operators' host, and of no other."""

from django.urls import path

from apps.accounts.operator_access import office

app_name = "office"
urlpatterns = [
    path("", office.Organisations.as_view(), name="organisations"),
    path("<slug:slug>/", office.Organisation.as_view(), name="organisation"),
    path("<slug:slug>/<uuid:grant>/", office.Entering.as_view(), name="enter"),
]
