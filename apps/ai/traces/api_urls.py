from django.urls import path

from apps.ai.traces import api

urlpatterns = [path("<uuid:call>", api.ModelCallOne.as_view(), name="model-call")]
