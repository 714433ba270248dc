from django.urls import path

from apps.gateway import origins, views

app_name = "gateway"
urlpatterns = [
    path("", views.KeyList.as_view(), name="keys"),
    path("new/", views.KeyCreate.as_view(), name="key-new"),
    path("<uuid:id>/rotate/", views.KeyRotate.as_view(), name="key-rotate"),
    path("origins/", origins.Origins.as_view(), name="origins"),
    path("<uuid:id>/revoke/", views.KeyRevoke.as_view(), name="key-revoke"),
]
