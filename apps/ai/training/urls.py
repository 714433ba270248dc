"""Below ``trained-models/``."""

from django.urls import path

from apps.ai.training import pages

urlpatterns = [
    path("", pages.TrainableList.as_view(), name="trainables"),
    path("<str:key>/", pages.TrainablePage.as_view(), name="trainable"),
    path("<str:key>/retire/", pages.TrainedRetire.as_view(), name="trained-retire"),
    path("<str:key>/versions/<uuid:trained>/", pages.TrainedPage.as_view(), name="trained"),
    path("<str:key>/versions/<uuid:trained>/snapshot/", pages.TrainedSnapshot.as_view(), name="trained-snapshot"),
    path("<str:key>/versions/<uuid:trained>/stop/", pages.TrainingStop.as_view(), name="training-stop"),
    path("<str:key>/versions/<uuid:trained>/promote/", pages.TrainedPromote.as_view(), name="trained-promote"),
    path("<str:key>/versions/<uuid:trained>/delete/", pages.TrainedDelete.as_view(), name="trained-delete"),
]
