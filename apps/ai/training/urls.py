"""Below ``trained-models/``."""

from django.urls import path

from apps.ai.training import pages

urlpatterns = [
    path("", pages.TrainableList.as_view(), name="trainables"),
    path("<str:kind>/", pages.TrainablePage.as_view(), name="trainable"),
    path("<str:kind>/retire/", pages.TrainedRetire.as_view(), name="trained-retire"),
    path("<str:kind>/versions/<uuid:trained>/", pages.TrainedPage.as_view(), name="trained"),
    path("<str:kind>/versions/<uuid:trained>/snapshot/", pages.TrainedSnapshot.as_view(), name="trained-snapshot"),
    path("<str:kind>/versions/<uuid:trained>/stop/", pages.TrainingStop.as_view(), name="training-stop"),
    path("<str:kind>/versions/<uuid:trained>/promote/", pages.TrainedPromote.as_view(), name="trained-promote"),
    path("<str:kind>/versions/<uuid:trained>/delete/", pages.TrainedDelete.as_view(), name="trained-delete"),
]
