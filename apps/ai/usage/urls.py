"""Below ``usage/``."""

from django.urls import path

from apps.ai.usage import pages

urlpatterns = [
    path("", pages.UsagePage.as_view(), name="usage"),
    path("usage.csv", pages.UsageExport.as_view(), name="usage-export"),
    path("budgets/new/", pages.BudgetNew.as_view(), name="budget-new"),
    path("budgets/<uuid:budget>/", pages.BudgetPage.as_view(), name="budget"),
    path("budgets/<uuid:budget>/delete/", pages.BudgetDelete.as_view(), name="budget-delete"),
]
