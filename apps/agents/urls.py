from django.urls import path, re_path

from apps.agents import configuration_page, views

app_name = "agents"
urlpatterns = [
    path("agents/", views.AgentList.as_view(), name="agents"),
    path("agents/<str:key>/", views.AgentPage.as_view(), name="agent"),
    path("agents/<str:key>/settings/", configuration_page.AgentConfigurationPage.as_view(), name="configuration"),
    path(
        "agents/<str:key>/settings/<int:version>/restore/",
        configuration_page.AgentConfigurationRestore.as_view(),
        name="configuration-restore",
    ),
    path("runs/", views.RunList.as_view(), name="runs"),
    path("runs/snapshot/", views.RunListSnapshot.as_view(), name="runs-snapshot"),
    path("runs/export.csv", views.RunListExport.as_view(), name="runs-export"),
    path("runs/R-<int:number>/", views.RunPage.as_view(), name="run"),
    path("runs/R-<int:number>/snapshot/", views.RunSnapshot.as_view(), name="run-snapshot"),
    path("runs/R-<int:number>/cancel/", views.RunCancel.as_view(), name="run-cancel"),
    path("runs/R-<int:number>/again/", views.RunAgain.as_view(), name="run-again"),
    path("runs/R-<int:number>/requeue/", views.RunRequeue.as_view(), name="run-requeue"),
    re_path(r"^runs/R-(?P<number>\d+)/result\.(?P<form>csv|xlsx)$", views.RunDownload.as_view(), name="run-download"),
]
