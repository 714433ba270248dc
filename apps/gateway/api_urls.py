from django.urls import path

from apps.gateway.api import documents, keys, performance, problems, tickets, tokens

urlpatterns = [
    path("schema/", documents.OpenApiDocument.as_view(), name="api-schema"),
    path("docs/", documents.OpenApiPage.as_view(), name="api-docs"),
    path("problems/", problems.Problems.as_view(), name="api-problems"),
    path("problems/<slug:code>", problems.ProblemOne.as_view(), name="api-problem"),
    path("v1/tokens", tokens.Tokens.as_view(), name="api-tokens"),
    path("v1/tokens/refresh", tokens.TokenRefresh.as_view(), name="api-token-refresh"),
    path("v1/tokens/revoke", tokens.TokenRevoke.as_view(), name="api-token-revoke"),
    path("v1/tickets", tickets.Tickets.as_view(), name="api-tickets"),
    path("v1/usage", performance.UsageNow.as_view(), name="api-usage"),
    path("v1/performance", performance.PerformanceNow.as_view(), name="api-performance"),
    path("v1/keys", keys.Keys.as_view(), name="api-keys"),
    path("v1/keys/<uuid:id>", keys.KeyOne.as_view(), name="api-key"),
    path("v1/keys/<uuid:id>/rotate", keys.KeyRotate.as_view(), name="api-key-rotate"),
]
