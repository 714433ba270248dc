"""Prompts, among the names of the API."""

from django.urls import path

from apps.ai.prompts import api

urlpatterns = [
    path("prompts", api.PromptList.as_view(), name="prompts"),
    path("prompts/<str:prompt>", api.PromptOne.as_view(), name="prompt"),
    path("prompts/<str:prompt>/versions", api.PromptVersions.as_view(), name="prompt-versions"),
    path("prompts/<str:prompt>/draft", api.PromptDraft.as_view(), name="prompt-draft"),
    path("prompts/<str:prompt>/publish", api.PromptPublish.as_view(), name="prompt-publish"),
    path("prompts/<str:prompt>/restore", api.PromptRestore.as_view(), name="prompt-restore"),
]
