from django.urls import path

from apps.workflows.api import decisions, runs, triggers, workflows

app_name = "workflows_api"
urlpatterns = [
    path("workflows", workflows.Workflows.as_view(), name="workflows"),
    path("workflows/<slug:name>", workflows.WorkflowOne.as_view(), name="workflow"),
    path("workflows/<slug:name>/check", workflows.WorkflowCheck.as_view(), name="check"),
    path("workflows/<slug:name>/versions", workflows.WorkflowVersions.as_view(), name="versions"),
    path("workflows/<slug:name>/versions/<int:version>", workflows.WorkflowVersionOne.as_view(), name="version"),
    path(
        "workflows/<slug:name>/versions/<int:version>/difference",
        workflows.WorkflowVersionDifference.as_view(),
        name="difference",
    ),
    path("workflows/<slug:name>/publish", workflows.WorkflowPublish.as_view(), name="publish"),
    path("workflows/<slug:name>/rollback", workflows.WorkflowRollback.as_view(), name="rollback"),
    path("workflows/<slug:name>/pause", workflows.WorkflowPause.as_view(), name="pause"),
    path("workflows/<slug:name>/resume", workflows.WorkflowResume.as_view(), name="resume"),
    path("workflows/<slug:name>/runs", runs.WorkflowStarts.as_view(), name="run-start"),
    path("workflows/<slug:name>/runs/bulk", runs.WorkflowStartsBulk.as_view(), name="runs-start"),
    path("workflow-runs", runs.WorkflowRuns.as_view(), name="runs"),
    path("workflow-runs/cancel", runs.WorkflowRunsCancellation.as_view(), name="runs-cancel"),
    path("workflow-runs/requeue", runs.WorkflowRunsRequeueing.as_view(), name="runs-requeue"),
    path("workflow-runs/retry", runs.WorkflowRunsRetrying.as_view(), name="runs-retry"),
    path("workflow-runs/<uuid:id>", runs.WorkflowRunOne.as_view(), name="run"),
    path("workflow-runs/<uuid:id>/steps", runs.WorkflowRunSteps.as_view(), name="run-steps"),
    path("workflow-runs/<uuid:id>/events", runs.WorkflowRunEvents.as_view(), name="run-events"),
    path("workflow-runs/<uuid:id>/cancel", runs.WorkflowRunCancel.as_view(), name="run-cancel"),
    path("workflow-runs/<uuid:id>/pause", runs.WorkflowRunPause.as_view(), name="run-pause"),
    path("workflow-runs/<uuid:id>/resume", runs.WorkflowRunResume.as_view(), name="run-resume"),
    path("workflow-runs/<uuid:id>/retry", runs.WorkflowRunRetry.as_view(), name="run-retry"),
    path("approvals", decisions.Approvals.as_view(), name="approvals"),
    path("approvals/<uuid:id>", decisions.ApprovalOne.as_view(), name="approval"),
    path("approvals/<uuid:id>/decision", decisions.ApprovalDecision.as_view(), name="decision"),
    path("workflow-calls", decisions.Calls.as_view(), name="calls"),
    path("workflow-calls/<uuid:id>", decisions.CallOne.as_view(), name="call"),
    path("workflow-calls/<uuid:id>/settle", decisions.CallSettle.as_view(), name="settle"),
    path("workflows/<slug:name>/triggers", triggers.WorkflowTriggers.as_view(), name="triggers"),
    path("triggers/<uuid:id>", triggers.TriggerOne.as_view(), name="trigger"),
]
