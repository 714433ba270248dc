"""Below ``agents/<key>/``, among the names of agents."""

from django.urls import path

from apps.agents.evaluations import pages

urlpatterns = [
    path("evaluations/", pages.EvaluationList.as_view(), name="evaluations"),
    path("evaluations/<uuid:evaluation>/", pages.EvaluationOne.as_view(), name="evaluation"),
    path("evaluations/<uuid:evaluation>/snapshot/", pages.EvaluationSnapshot.as_view(), name="evaluation-snapshot"),
    path("evaluations/<uuid:evaluation>/stop/", pages.EvaluationStop.as_view(), name="evaluation-stop"),
    path("cases/new/", pages.CaseNew.as_view(), name="case-new"),
    path("cases/<uuid:case>/", pages.CaseOne.as_view(), name="case"),
    path("cases/<uuid:case>/delete/", pages.CaseDelete.as_view(), name="case-delete"),
]
