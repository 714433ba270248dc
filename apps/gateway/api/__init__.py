"""The gateway's endpoints, a module for each subject, and the base of every view of the API."""

from apps.gateway.api.base import ApiView

__all__ = ["ApiView"]
