"""Below ``prompts/``."""

from django.urls import path

from apps.ai.prompts import pages, trial_pages

urlpatterns = [
    path("", pages.PromptList.as_view(), name="prompts"),
    path("<str:prompt>/", pages.PromptPage.as_view(), name="prompt"),
    path("<str:prompt>/discard/", pages.PromptDiscard.as_view(), name="prompt-discard"),
    path("<str:prompt>/restore/", pages.PromptRestore.as_view(), name="prompt-restore"),
    path("<str:prompt>/compare/", pages.PromptCompare.as_view(), name="prompt-compare"),
    path("<str:prompt>/trials/", trial_pages.TrialList.as_view(), name="trials"),
    path("<str:prompt>/cases/", trial_pages.CaseKeep.as_view(), name="case-keep"),
    path("<str:prompt>/cases/<uuid:case>/delete/", trial_pages.CaseDelete.as_view(), name="case-delete"),
    path("<str:prompt>/trials/<uuid:trial>/", trial_pages.TrialPage.as_view(), name="trial"),
    path("<str:prompt>/trials/<uuid:trial>/snapshot/", trial_pages.TrialSnapshot.as_view(), name="trial-snapshot"),
    path("<str:prompt>/trials/<uuid:trial>/stop/", trial_pages.TrialStop.as_view(), name="trial-stop"),
    path("<str:prompt>/trials/<uuid:trial>/mark/", trial_pages.TrialMark.as_view(), name="trial-mark"),
]
