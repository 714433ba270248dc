from django.urls import path

from apps.datasets import views

app_name = "datasets"
urlpatterns = [
    path("", views.DatasetList.as_view(), name="datasets"),
    path("upload/", views.DatasetUpload.as_view(), name="upload"),
    path("sample/", views.DatasetSample.as_view(), name="sample"),
    path("<uuid:id>/", views.DatasetPage.as_view(), name="dataset"),
    path("<uuid:id>/rows.csv", views.DatasetDownload.as_view(), name="download"),
    path("<uuid:id>/rename/", views.DatasetRename.as_view(), name="rename"),
    path("<uuid:id>/delete/", views.DatasetDelete.as_view(), name="delete"),
]
