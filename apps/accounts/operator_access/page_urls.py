from django.urls import path

from apps.accounts.operator_access import pages

urlpatterns = [
    path("", pages.OperatorsPage.as_view(), name="operators"),
    path("<uuid:grant>/approve/", pages.GrantApprove.as_view(), name="grant-approve"),
    path("<uuid:grant>/decline/", pages.GrantDecline.as_view(), name="grant-decline"),
    path("<uuid:grant>/revoke/", pages.GrantRevoke.as_view(), name="grant-revoke"),
]
