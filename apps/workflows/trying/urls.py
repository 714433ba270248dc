from django.urls import path

from apps.workflows.trying import pages

urlpatterns = [
    path("workflows/edits/<uuid:id>/try/", pages.TrialNew.as_view(), name="trial-new"),
    path("workflows/trials/<uuid:id>/", pages.TrialPage.as_view(), name="trial"),
    path("workflows/trials/<uuid:id>/snapshot/", pages.TrialSnapshot.as_view(), name="trial-snapshot"),
]
