from django.urls import path

from apps.console import views

app_name = "console"
urlpatterns = [
    path("", views.Home.as_view(), name="home"),
    path("attention/", views.Attention.as_view(), name="attention"),
    path("first-steps/", views.FirstSteps.as_view(), name="first-steps"),
    path("help/", views.Help.as_view(), name="help"),
    path("release/", views.Release.as_view(), name="release"),
    path("palette.json", views.Palette.as_view(), name="palette"),
]
