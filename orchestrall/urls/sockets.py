"""Sockets under /ws/, the same on every tenant's host."""

from apps.agents.sockets import urlpatterns

__all__ = ["urlpatterns"]
