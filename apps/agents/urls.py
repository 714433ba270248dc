from django.urls import include, path, re_path

from apps.agents import catalogue_page, configuration_page, decision_views, suggestions, views
from apps.agents.batches import pages as batches
from apps.agents.drift.pages import DriftMailWish

app_name = "agents"
urlpatterns = [
    path("custom-agents/", include("apps.agents.custom.urls")),
    path("agents/", catalogue_page.AgentList.as_view(), name="agents"),
    path("agents/<str:key>/", views.AgentPage.as_view(), name="agent"),
    path("agents/<str:key>/suggest/", suggestions.AgentSuggest.as_view(), name="suggest"),
    path("agents/<str:key>/settings/", configuration_page.AgentConfigurationPage.as_view(), name="configuration"),
    path(
        "agents/<str:key>/settings/<int:version>/restore/",
        configuration_page.AgentConfigurationRestore.as_view(),
        name="configuration-restore",
    ),
    path("agents/<str:key>/", include("apps.agents.evaluations.urls")),
    path("agents/<str:key>/", include("apps.agents.drift.urls")),
    path("drift-mails/", DriftMailWish.as_view(), name="drift-mails"),
    path("", include("apps.agents.talk.urls")),
    path("agents/<str:key>/batch/", batches.BatchNew.as_view(), name="batch-new"),
    path("agents/<str:key>/batch/upload/", batches.BatchUpload.as_view(), name="batch-upload"),
    path("batches/", batches.BatchList.as_view(), name="batches"),
    path("batches/B-<int:number>/", batches.BatchPage.as_view(), name="batch"),
    path("batches/B-<int:number>/snapshot/", batches.BatchSnapshot.as_view(), name="batch-snapshot"),
    path("batches/B-<int:number>/cancel/", batches.BatchCancel.as_view(), name="batch-cancel"),
    path("batches/B-<int:number>/retry/", batches.BatchRetry.as_view(), name="batch-retry"),
    re_path(
        r"^batches/B-(?P<number>\d{1,18})/rows\.(?P<form>csv|xlsx)$",
        batches.BatchDownload.as_view(),
        name="batch-download",
    ),
    path("runs/", views.RunList.as_view(), name="runs"),
    path("runs/snapshot/", views.RunListSnapshot.as_view(), name="runs-snapshot"),
    path("runs/export.csv", views.RunListExport.as_view(), name="runs-export"),
    path("runs/R-<int:number>/", views.RunPage.as_view(), name="run"),
    path("runs/R-<int:number>/snapshot/", views.RunSnapshot.as_view(), name="run-snapshot"),
    path("runs/R-<int:number>/cancel/", views.RunCancel.as_view(), name="run-cancel"),
    path("runs/R-<int:number>/again/", views.RunAgain.as_view(), name="run-again"),
    path("runs/R-<int:number>/requeue/", views.RunRequeue.as_view(), name="run-requeue"),
    path("runs/R-<int:number>/feedback/", decision_views.RunFeedback.as_view(), name="run-feedback"),
    path(
        "runs/R-<int:number>/decisions/<int:position>/actions/<int:action>/",
        decision_views.RunAction.as_view(),
        name="run-action",
    ),
    re_path(
        r"^runs/R-(?P<number>\d{1,18})/decisions/(?P<position>\d{1,4})/record\.(?P<sort>html|pdf)$",
        decision_views.RunPaper.as_view(),
        name="run-paper",
    ),
    path("decisions/", decision_views.DecisionPage.as_view(), name="decisions"),
    path("decisions/export.csv", decision_views.DecisionExport.as_view(), name="decisions-export"),
    re_path(
        r"^runs/R-(?P<number>\d{1,18})/result\.(?P<form>csv|xlsx)$", views.RunDownload.as_view(), name="run-download"
    ),
]
