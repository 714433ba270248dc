"""Below ``agents/<key>/``, among the names of agents."""

from django.urls import path

from apps.agents.drift import pages

urlpatterns = [
    path("drift/", pages.DriftPage.as_view(), name="drift"),
    path("drift/end/", pages.DriftEnd.as_view(), name="drift-end"),
]
