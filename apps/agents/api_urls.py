from django.urls import path

from apps.agents import api, configuration_api

app_name = "agents_api"
urlpatterns = [
    path("agents", api.Agents.as_view(), name="agents"),
    path("agents/<str:key>", api.AgentOne.as_view(), name="agent"),
    path("agents/<str:key>/configuration", configuration_api.AgentConfigurationOne.as_view(), name="configuration"),
    path(
        "agents/<str:key>/configuration/versions",
        configuration_api.AgentConfigurationVersions.as_view(),
        name="configurations",
    ),
    path(
        "agents/<str:key>/configuration/restore",
        configuration_api.AgentConfigurationRestore.as_view(),
        name="configuration-restore",
    ),
    path("agents/<str:key>/runs", api.AgentRuns.as_view(), name="run-start"),
    path("agents/<str:key>/runs/bulk", api.AgentRunsBulk.as_view(), name="runs-start"),
    path("runs", api.Runs.as_view(), name="runs"),
    path("runs/cancel", api.RunsCancellation.as_view(), name="runs-cancel"),
    path("runs/<uuid:id>", api.RunOne.as_view(), name="run"),
    path("runs/<uuid:id>/events", api.RunEvents.as_view(), name="run-events"),
    path("runs/<uuid:id>/cancel", api.RunCancel.as_view(), name="run-cancel"),
    path("runs/<uuid:id>/result.csv", api.RunResultCsv.as_view(), name="result-csv"),
    path("runs/<uuid:id>/result.xlsx", api.RunResultXlsx.as_view(), name="result-xlsx"),
]
