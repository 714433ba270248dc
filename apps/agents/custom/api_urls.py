"""Agents that are made here, among the names of the API."""

from django.urls import path

from apps.agents.custom import api

urlpatterns = [
    path("custom-agents", api.Customs.as_view(), name="customs"),
    path("custom-agents/<str:custom>", api.CustomOne.as_view(), name="custom"),
    path("custom-agents/<str:custom>/versions", api.CustomVersions.as_view(), name="custom-versions"),
    path("custom-agents/<str:custom>/draft", api.CustomDraft.as_view(), name="custom-draft"),
    path("custom-agents/<str:custom>/publish", api.CustomPublish.as_view(), name="custom-publish"),
    path("custom-agents/<str:custom>/rollback", api.CustomRollback.as_view(), name="custom-rollback"),
    path("custom-agents/<str:custom>/try", api.CustomTry.as_view(), name="custom-try"),
]
