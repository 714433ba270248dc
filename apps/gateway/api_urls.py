from django.urls import path

from apps.gateway import api

urlpatterns = [
    path("schema/", api.OpenApiDocument.as_view(), name="api-schema"),
    path("docs/", api.OpenApiPage.as_view(), name="api-docs"),
    path("problems/", api.Problems.as_view(), name="api-problems"),
    path("problems/<slug:code>", api.ProblemOne.as_view(), name="api-problem"),
    path("v1/tokens", api.Tokens.as_view(), name="api-tokens"),
]
