"""Sockets under /ws/, the same on every tenant's host."""

from django.urls import re_path

from apps.agents import sockets as agents
from apps.ai import sockets as ai
from apps.gateway.sockets import NoSocket
from apps.workflows import sockets as workflows

urlpatterns = [*agents.urlpatterns, *ai.urlpatterns, *workflows.urlpatterns, re_path(r"", NoSocket.as_asgi())]
