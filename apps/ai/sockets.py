"""Live trainings at `/ws/trained/`."""

from __future__ import annotations

from typing import Any

from django.urls import path

from apps.ai.models import TrainedModel
from apps.ai.permissions import MODELS_VIEW
from apps.ai.training import live, selectors
from apps.gateway.sockets import TenantConsumer


class TrainedSocket(TenantConsumer):
    """One training. It is refused where there is none of this id in the tenant."""

    permission = MODELS_VIEW

    def topics(self) -> list[str]:
        return [live.topic(self._row().pk)]

    def snapshot(self) -> list[dict[str, Any]]:
        return [live.event(self._row())]

    def _row(self) -> TrainedModel:
        return selectors.trained_by_id(who=self.who, id=self.scope["url_route"]["kwargs"]["trained"])


urlpatterns = [path("ws/trained/<uuid:trained>/", TrainedSocket.as_asgi())]
