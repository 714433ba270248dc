from django.urls import path

from apps.workflows.views import approvals, calls, editing, letters, run_lists, runs, starts, triggers, workflows

app_name = "workflows"
urlpatterns = [
    path("workflows/", workflows.WorkflowList.as_view(), name="workflows"),
    path("workflows/new/", editing.WorkflowNew.as_view(), name="new"),
    path("workflows/<slug:name>/", workflows.WorkflowPage.as_view(), name="workflow"),
    path("workflows/<slug:name>/edit/", editing.WorkflowEdit.as_view(), name="edit"),
    path("workflows/<slug:name>/workflow.yaml", editing.WorkflowExport.as_view(), name="export"),
    path("workflows/<slug:name>/start/", starts.WorkflowStart.as_view(), name="start"),
    path("workflows/<slug:name>/publish/", workflows.WorkflowPublish.as_view(), name="publish"),
    path("workflows/<slug:name>/rollback/", workflows.WorkflowRollback.as_view(), name="rollback"),
    path("workflows/<slug:name>/pause/", workflows.WorkflowPause.as_view(), name="pause"),
    path("workflows/<slug:name>/resume/", workflows.WorkflowResume.as_view(), name="resume"),
    path("workflows/<slug:name>/archive/", workflows.WorkflowArchive.as_view(), name="archive"),
    path("workflows/<slug:name>/versions/<int:version>/", workflows.WorkflowVersionPage.as_view(), name="version"),
    path("workflows/<slug:name>/triggers/new/", triggers.TriggerNew.as_view(), name="trigger-new"),
    path("workflows/<slug:name>/triggers/<uuid:id>/", triggers.TriggerPage.as_view(), name="trigger"),
    path("workflows/<slug:name>/triggers/<uuid:id>/turn/", triggers.TriggerTurn.as_view(), name="trigger-turn"),
    path("workflows/<slug:name>/triggers/<uuid:id>/delete/", triggers.TriggerDelete.as_view(), name="trigger-delete"),
    path(
        "workflows/<slug:name>/triggers/<uuid:webhook>/rotate/", triggers.TriggerRotate.as_view(), name="trigger-rotate"
    ),
    path("approvals/", approvals.ApprovalList.as_view(), name="approvals"),
    path("approvals/<uuid:id>/", approvals.ApprovalPage.as_view(), name="approval"),
    path("calls/", calls.CallList.as_view(), name="calls"),
    path("calls/<uuid:id>/", calls.CallPage.as_view(), name="call"),
    path("given-up/", letters.LetterList.as_view(), name="letters"),
    path("workflow-runs/", run_lists.WorkflowRunList.as_view(), name="runs"),
    path("workflow-runs/snapshot/", run_lists.WorkflowRunListSnapshot.as_view(), name="runs-snapshot"),
    path("workflow-runs/export.csv", run_lists.WorkflowRunListExport.as_view(), name="runs-export"),
    path("workflow-runs/bulk/", run_lists.WorkflowRunBulk.as_view(), name="runs-bulk"),
    path("workflow-runs/W-<int:number>/", runs.WorkflowRunPage.as_view(), name="run"),
    path("workflow-runs/W-<int:number>/snapshot/", runs.WorkflowRunSnapshot.as_view(), name="run-snapshot"),
    path("workflow-runs/W-<int:number>/payload.json", runs.WorkflowRunPayload.as_view(), name="run-payload"),
    path("workflow-runs/W-<int:number>/run.json", runs.WorkflowRunBundle.as_view(), name="run-bundle"),
    path("workflow-runs/W-<int:number>/compare/", runs.WorkflowRunCompare.as_view(), name="run-compare"),
    path("workflow-runs/W-<int:number>/retry/", runs.WorkflowRunRetry.as_view(), name="run-retry"),
    path("workflow-runs/W-<int:number>/again/", runs.WorkflowRunAgain.as_view(), name="run-again"),
    path("workflow-runs/W-<int:number>/cancel/", runs.WorkflowRunAct.as_view(action="cancel"), name="run-cancel"),
    path("workflow-runs/W-<int:number>/pause/", runs.WorkflowRunAct.as_view(action="pause"), name="run-pause"),
    path("workflow-runs/W-<int:number>/resume/", runs.WorkflowRunAct.as_view(action="resume"), name="run-resume"),
    path("workflow-runs/W-<int:number>/requeue/", runs.WorkflowRunAct.as_view(action="requeue"), name="run-requeue"),
]
