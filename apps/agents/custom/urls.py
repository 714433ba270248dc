"""Below ``custom-agents/``."""

from django.urls import path

from apps.agents.custom import pages

urlpatterns = [
    path("", pages.CustomList.as_view(), name="customs"),
    path("new/", pages.CustomNew.as_view(), name="custom-new"),
    path("import/", pages.CustomImport.as_view(), name="custom-import"),
    path("<str:custom>/", pages.CustomPage.as_view(), name="custom"),
    path("<str:custom>/try/", pages.CustomTry.as_view(), name="custom-try"),
    path("<str:custom>/do/", pages.CustomAct.as_view(), name="custom-do"),
    path("<str:custom>/agent.yaml", pages.CustomFile.as_view(), name="custom-file"),
]
