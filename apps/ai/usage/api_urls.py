"""What models cost, and budgets, among the names of the API."""

from django.urls import path

from apps.ai.budgets import api as budgets
from apps.ai.usage import api

urlpatterns = [
    path("model-usage", api.UsageView.as_view(), name="usage"),
    path("model-usage/calls", api.CallList.as_view(), name="usage-calls"),
    path("budgets", budgets.BudgetList.as_view(), name="budgets"),
    path("budgets/<uuid:budget>", budgets.BudgetOne.as_view(), name="budget"),
    path("budgets/<uuid:budget>/state", budgets.BudgetSpentNow.as_view(), name="budget-state"),
]
