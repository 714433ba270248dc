"""Models, among the names of the API."""

from django.urls import path

from apps.ai.setup import api

urlpatterns = [
    path("model-provider-kinds", api.Kinds.as_view(), name="model-provider-kinds"),
    path("model-providers", api.Providers.as_view(), name="model-providers"),
    path("model-providers/<uuid:provider>", api.ProviderOne.as_view(), name="model-provider"),
    path("model-providers/<uuid:provider>/test", api.ProviderTest.as_view(), name="model-provider-test"),
    path("model-providers/<uuid:provider>/models", api.ProviderModels.as_view(), name="model-provider-models"),
    path("language-models", api.Models.as_view(), name="language-models"),
    path("language-models/<uuid:model>", api.ModelOne.as_view(), name="language-model"),
    path("model-choices", api.Choices.as_view(), name="model-choices"),
    path("model-choices/<str:agent>", api.ChoiceOne.as_view(), name="model-choice"),
    path("model-policy", api.Policy.as_view(), name="model-policy"),
    path("model-mode", api.ModeNow.as_view(), name="model-mode"),
]
