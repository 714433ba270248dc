from django.urls import path

from apps.workflows.editing import beginning, finishing, texts, views

urlpatterns = [
    path("workflows/new/", beginning.WorkflowBegin.as_view(), name="new"),
    path("workflows/<slug:name>/edit/", views.EditWorkflow.as_view(), name="edit"),
    path("workflows/edits/<uuid:id>/", views.EditPage.as_view(), name="edit-new"),
    path("workflows/edits/<uuid:id>/steps/", views.StepAdd.as_view(), name="step-add"),
    path("workflows/edits/<uuid:id>/steps/<str:step>/", views.StepChange.as_view(), name="step-change"),
    path("workflows/edits/<uuid:id>/steps/<str:step>/act/", views.StepAct.as_view(), name="step-act"),
    path("workflows/edits/<uuid:id>/whole/<str:part>/", views.WholeChange.as_view(), name="whole-change"),
    path("workflows/edits/<uuid:id>/triggers/", views.TriggersChange.as_view(), name="edit-triggers"),
    path("workflows/edits/<uuid:id>/history/", finishing.EditHistory.as_view(), name="edit-history"),
    path("workflows/edits/<uuid:id>/save/", finishing.EditSave.as_view(), name="edit-save"),
    path("workflows/edits/<uuid:id>/publish/", finishing.EditPublish.as_view(), name="edit-publish"),
    path("workflows/edits/<uuid:id>/discard/", finishing.EditDiscard.as_view(), name="edit-discard"),
    path("workflows/edits/<uuid:id>/rebase/", finishing.EditRebase.as_view(), name="edit-rebase"),
    path("workflows/edits/<uuid:id>/yaml/", texts.EditText.as_view(), name="edit-text"),
    path("workflows/edits/<uuid:id>/workflow.yaml", texts.EditExport.as_view(), name="edit-export"),
]
