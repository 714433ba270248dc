"""Pages of requests about people's data, and of holds."""

from django.urls import path, re_path

from apps.compliance.requests import hold_pages, pages

urlpatterns = [
    path("", pages.PrivacyPage.as_view(), name="privacy"),
    path("new/", pages.RequestNew.as_view(), name="privacy-new"),
    path("requests/<uuid:id>/", pages.RequestPage.as_view(), name="privacy-request"),
    path("requests/<uuid:id>/confirm/", pages.RequestConfirm.as_view(), name="privacy-confirm"),
    path("requests/<uuid:id>/cancel/", pages.RequestCancel.as_view(), name="privacy-cancel"),
    path("requests/<uuid:id>/file.zip", pages.RequestFile.as_view(), name="privacy-file"),
    re_path(
        r"^requests/(?P<id>[0-9a-f-]{36})/record\.(?P<form>csv|json)$",
        pages.RequestRecord.as_view(),
        name="privacy-record",
    ),
    path("holds/new/", hold_pages.HoldNew.as_view(), name="hold-new"),
    path("holds/<uuid:id>/", hold_pages.HoldPage.as_view(), name="hold"),
]
