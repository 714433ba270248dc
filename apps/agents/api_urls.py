from django.urls import include, path

from apps.agents import api, call_api, configuration_api, decision_api
from apps.agents.batches import api as batches
from apps.agents.drift import api as drift
from apps.agents.evaluations import api as evaluations
from apps.agents.talk import api as talk

app_name = "agents_api"
urlpatterns = [
    path("", include("apps.agents.custom.api_urls")),
    path("agents", api.Agents.as_view(), name="agents"),
    path("agents/<str:key>", api.AgentOne.as_view(), name="agent"),
    path("agents/<str:key>/configuration", configuration_api.AgentConfigurationOne.as_view(), name="configuration"),
    path(
        "agents/<str:key>/configuration/versions",
        configuration_api.AgentConfigurationVersions.as_view(),
        name="configurations",
    ),
    path(
        "agents/<str:key>/configuration/versions/<int:version>",
        configuration_api.AgentConfigurationVersion.as_view(),
        name="configuration-version",
    ),
    path(
        "agents/<str:key>/configuration/versions/<int:version>/difference",
        configuration_api.AgentConfigurationDifference.as_view(),
        name="configuration-difference",
    ),
    path(
        "agents/<str:key>/configuration/restore",
        configuration_api.AgentConfigurationRestore.as_view(),
        name="configuration-restore",
    ),
    path("agents/<str:key>/evaluations", evaluations.Evaluations.as_view(), name="evaluations"),
    path("agents/<str:key>/evaluations/<uuid:evaluation>", evaluations.EvaluationOne.as_view(), name="evaluation"),
    path(
        "agents/<str:key>/evaluations/<uuid:evaluation>/stop",
        evaluations.EvaluationStop.as_view(),
        name="evaluation-stop",
    ),
    path("agents/<str:key>/watch", drift.DriftWatch.as_view(), name="watch"),
    path("agents/<str:key>/runs", api.AgentRuns.as_view(), name="run-start"),
    path("agents/<str:key>/runs/bulk", api.AgentRunsBulk.as_view(), name="runs-start"),
    path("agents/<str:key>/batches", batches.AgentBatches.as_view(), name="batch-start"),
    path("batches", batches.Batches.as_view(), name="batches"),
    path("batches/<uuid:id>", batches.BatchOne.as_view(), name="batch"),
    path("batches/<uuid:id>/runs", batches.BatchRuns.as_view(), name="batch-runs"),
    path("batches/<uuid:id>/rows.csv", batches.BatchRowsCsv.as_view(), name="batch-rows-csv"),
    path("batches/<uuid:id>/cancel", batches.BatchCancel.as_view(), name="batch-cancel"),
    path("batches/<uuid:id>/retry", batches.BatchRetry.as_view(), name="batch-retry"),
    path("runs", api.Runs.as_view(), name="runs"),
    path("runs/cancel", api.RunsCancellation.as_view(), name="runs-cancel"),
    path("runs/<uuid:id>", api.RunOne.as_view(), name="run"),
    path("runs/<uuid:id>/events", api.RunEvents.as_view(), name="run-events"),
    path("runs/<uuid:id>/cancel", api.RunCancel.as_view(), name="run-cancel"),
    path("agents/<str:key>/fill", talk.AgentFill.as_view(), name="fill"),
    path("runs/<uuid:id>/messages", talk.RunMessages.as_view(), name="messages"),
    path("runs/<uuid:id>/messages/<int:message>", talk.RunMessageOne.as_view(), name="message"),
    path("runs/<uuid:id>/messages/<int:message>/cancel", talk.RunMessageCancel.as_view(), name="message-cancel"),
    path("runs/<uuid:id>/calls", call_api.RunCalls.as_view(), name="run-calls"),
    path("runs/<uuid:id>/decisions", decision_api.DecisionsOfRun.as_view(), name="run-decisions"),
    path(
        "runs/<uuid:id>/decisions/<int:position>/review", decision_api.DecisionReview.as_view(), name="decision-review"
    ),
    path(
        "runs/<uuid:id>/decisions/<int:position>/actions/<int:action>",
        decision_api.DecisionAction.as_view(),
        name="decision-action",
    ),
    path(
        "runs/<uuid:id>/decisions/<int:position>/record.html",
        decision_api.DecisionHtml.as_view(),
        name="decision-html",
    ),
    path("runs/<uuid:id>/decisions/<int:position>/record.pdf", decision_api.DecisionPdf.as_view(), name="decision-pdf"),
    path("runs/<uuid:id>/feedback", decision_api.RunFeedback.as_view(), name="run-feedback"),
    path("decisions", decision_api.Decisions.as_view(), name="decisions"),
    path("runs/<uuid:id>/result.csv", api.RunResultCsv.as_view(), name="result-csv"),
    path("runs/<uuid:id>/result.xlsx", api.RunResultXlsx.as_view(), name="result-xlsx"),
]
