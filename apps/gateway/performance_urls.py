from django.urls import path

from apps.gateway import performance_page

app_name = "performance"
urlpatterns = [
    path("", performance_page.Page.as_view(), name="page"),
    path("figures/", performance_page.Live.as_view(), name="figures"),
]
