"""Live runs of workflows at `/ws/`, the same for the console and for integrators.

The first messages are the state: of the run, or of every run that is open. Then changes come as events, each of one
run, as `apps.workflows.live` describes them; what a step gave is not in them: an event says that there is something to
read again.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.urls import path

from apps.gateway.sockets import TenantConsumer
from apps.workflows import live, reading, selectors
from apps.workflows.permissions import WORKFLOWS_VIEW


class WorkflowRunsSocket(TenantConsumer):
    """Every run of the tenant. Where more runs changed at once than an event names, ``{v, more: true}`` says so."""

    permission = WORKFLOWS_VIEW

    def topics(self) -> list[str]:
        return [live.ALL_RUNS]

    def snapshot(self) -> list[dict[str, Any]]:
        return [live.event(run) for run in reading.runs_open(who=self.who)]

    async def live_event(self, message: dict[str, Any]) -> None:
        """One message for each run that an event names, so that a reader counts `seq` by run as everywhere."""
        event = message["event"]
        if "runs" not in event:
            await super().live_event(message)
            return
        for run in event["runs"]:
            await self.send_json({"v": event["v"], **run})
        if event["more"]:
            await self.send_json({"v": event["v"], "more": True})


class WorkflowRunSocket(TenantConsumer):
    """One run. It is refused where there is none of this id in the tenant."""

    permission = WORKFLOWS_VIEW

    def topics(self) -> list[str]:
        selectors.run_get(who=self.who, id=self._id)
        live.watch(self._id)
        return [live.topic(self._id)]

    def snapshot(self) -> list[dict[str, Any]]:
        return [live.event(selectors.run_get(who=self.who, id=self._id))]

    async def _may_stay(self) -> bool:
        """Asked from time to time while the socket is open: the mark that somebody watches the run is left anew."""
        stays = await super()._may_stay()
        if stays:
            await self.in_tenant(lambda: live.watch(self._id))
        return stays

    @property
    def _id(self) -> UUID:
        id: UUID = self.scope["url_route"]["kwargs"]["id"]
        return id


urlpatterns = [
    path("ws/workflow-runs/", WorkflowRunsSocket.as_asgi()),
    path("ws/workflow-runs/<uuid:id>/", WorkflowRunSocket.as_asgi()),
]
