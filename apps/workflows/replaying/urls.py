from django.urls import path

from apps.workflows.replaying import pages

urlpatterns = [
    path("workflows/<slug:name>/replay/", pages.ReplayNew.as_view(), name="replay-new"),
    path("workflows/replays/<uuid:id>/", pages.ReplayPage.as_view(), name="replay"),
    path("workflows/replays/<uuid:id>/snapshot/", pages.ReplaySnapshot.as_view(), name="replay-snapshot"),
    path("workflows/replays/<uuid:id>/cancel/", pages.ReplayCancel.as_view(), name="replay-cancel"),
    path("workflows/replays/<uuid:id>/runs.csv", pages.ReplayExport.as_view(), name="replay-export"),
]
