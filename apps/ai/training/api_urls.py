"""Models that are trained here, among the names of the API."""

from django.urls import path

from apps.ai.training import api

urlpatterns = [
    path("trained-models", api.TrainableList.as_view(), name="trainables"),
    path("trained-models/<str:kind>/versions", api.TrainedList.as_view(), name="trained-list"),
    path("trained-models/<str:kind>/versions/<uuid:trained>", api.TrainedOne.as_view(), name="trained"),
    path("trained-models/<str:kind>/versions/<uuid:trained>/stop", api.TrainingStop.as_view(), name="training-stop"),
    path(
        "trained-models/<str:kind>/versions/<uuid:trained>/promote",
        api.TrainedPromote.as_view(),
        name="trained-promote",
    ),
    path("trained-models/<str:kind>/retire", api.TrainedRetire.as_view(), name="trained-retire"),
]
