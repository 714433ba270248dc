from django.urls import path

from apps.datasets import api

app_name = "datasets_api"
urlpatterns = [
    path("datasets", api.Datasets.as_view(), name="datasets"),
    path("datasets/delete", api.DatasetsDeletion.as_view(), name="delete"),
    path("datasets/<uuid:id>", api.DatasetOne.as_view(), name="dataset"),
    path("datasets/<uuid:id>/rows.csv", api.DatasetRows.as_view(), name="rows"),
]
