"""Below ``models/``."""

from django.urls import path

from apps.ai.setup import pages

urlpatterns = [
    path("", pages.ModelsPage.as_view(), name="models"),
    path("try/", pages.ModelTry.as_view(), name="model-try"),
    path("choices/", pages.ChoiceChange.as_view(), name="model-choices"),
    path("policy/", pages.PolicyChange.as_view(), name="model-policy"),
    path("providers/new/", pages.ProviderNew.as_view(), name="provider-new"),
    path("providers/<uuid:provider>/", pages.ProviderPage.as_view(), name="provider"),
    path("providers/<uuid:provider>/test/", pages.ProviderTest.as_view(), name="provider-test"),
    path("providers/<uuid:provider>/turn/", pages.ProviderTurn.as_view(), name="provider-turn"),
    path("providers/<uuid:provider>/delete/", pages.ProviderDelete.as_view(), name="provider-delete"),
    path("providers/<uuid:provider>/models/", pages.ModelsAdd.as_view(), name="models-add"),
    path("language/<uuid:model>/", pages.ModelPage.as_view(), name="model"),
    path("language/<uuid:model>/delete/", pages.ModelDelete.as_view(), name="model-delete"),
]
