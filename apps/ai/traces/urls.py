from django.urls import path

from apps.ai.traces import pages

urlpatterns = [path("<uuid:call>/", pages.CallPage.as_view(), name="call")]
