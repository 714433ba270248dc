"""What starts workflows by itself, and where signed messages are sent to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import IO, Any, Final
from uuid import UUID

from django.db import transaction
from django.urls import reverse
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.response import Response

from apps.common.errors import Conflict, TooLarge
from apps.common.permissions import Platform
from apps.gateway.answers import location
from apps.gateway.api import ApiView
from apps.gateway.overlaps import RotateRequest
from apps.gateway.permissions import OPEN
from apps.gateway.waiting import LONGEST_IN_THREAD
from apps.workflows import selectors, starting
from apps.workflows.api.runs import waited
from apps.workflows.api.workflows import NAME, TAG
from apps.workflows.permissions import WORKFLOWS_EDIT, WORKFLOWS_VIEW
from apps.workflows.schemas.workflows import (
    HookAnswer,
    TriggerChange,
    TriggerIn,
    TriggerList,
    TriggerMade,
    TriggerOut,
)
from apps.workflows.webhooks import secret_rotate

LARGEST_MESSAGE: Final = 1024 * 1024
"""Bytes of a message to a webhook."""


class WorkflowTriggers(ApiView):
    permission = {"GET": WORKFLOWS_VIEW, "POST": WORKFLOWS_EDIT}
    shows_secret = True

    @extend_schema(operation_id="workflow_triggers_list", tags=[TAG], parameters=[NAME], responses={200: TriggerList})
    def get(self, request: Request, name: str) -> Response:
        """What starts a workflow by itself, with the next times of its schedules."""
        workflow = selectors.workflow_get(who=self.who, name=name)
        found = selectors.triggers_list(who=self.who, workflow=workflow)
        return self.answer(TriggerList(items=[TriggerOut.of(each) for each in found]))

    @extend_schema(
        operation_id="workflow_trigger_create",
        tags=[TAG],
        parameters=[NAME, location("the trigger", 201)],
        request=TriggerIn,
        responses={201: OpenApiResponse(TriggerMade, description="Made, and turned on.")},
    )
    def post(self, request: Request, name: str) -> Response:
        """Let something start a workflow by itself: a schedule, signed messages, the end of another workflow.

        The secret of a webhook is in this one answer and nowhere else: messages are signed with it as Standard Webhooks
        says.
        """
        wanted = self.body(TriggerIn)
        workflow = selectors.workflow_get(who=self.who, name=name)
        trigger, secret = starting.trigger_create(
            who=self.who, user=self.who.user, workflow=workflow, kind=wanted.kind, settings=wanted.settings
        )
        place = reverse("workflows_api:trigger", args=[trigger.pk])
        return self.answer(TriggerMade.of(trigger, secret=secret), 201, Location=place, Cache_Control="no-store")


class TriggerOne(ApiView):
    permission = {"GET": WORKFLOWS_VIEW, "PATCH": WORKFLOWS_EDIT, "DELETE": WORKFLOWS_EDIT}

    @extend_schema(operation_id="trigger_get", tags=[TAG], responses={200: TriggerOut})
    def get(self, request: Request, id: UUID) -> Response:
        """One trigger."""
        return self.answer(TriggerOut.of(selectors.trigger_get(who=self.who, id=id)))

    @extend_schema(operation_id="trigger_change", tags=[TAG], request=TriggerChange, responses={200: TriggerOut})
    def patch(self, request: Request, id: UUID) -> Response:
        """Change what a trigger is told, or turn it on and off. Its kind, address and secret stay."""
        wanted = self.body(TriggerChange)
        with transaction.atomic():
            trigger = selectors.trigger_get(who=self.who, id=id, lock=True)
            self.require_match(TriggerOut.of(trigger))
            trigger = starting.trigger_change(
                who=self.who, trigger=trigger, settings=wanted.settings, is_enabled=wanted.is_enabled
            )
        return self.answer(TriggerOut.of(trigger))

    @extend_schema(operation_id="trigger_delete", tags=[TAG], responses={204: None})
    def delete(self, request: Request, id: UUID) -> Response:
        """Delete a trigger. Runs that it started stay; the secret of a webhook is gone for good."""
        with transaction.atomic():
            trigger = selectors.trigger_get(who=self.who, id=id, lock=True)
            self.require_match(TriggerOut.of(trigger))
            starting.trigger_delete(who=self.who, trigger=trigger)
        return Response(status=204)


class TriggerRotate(ApiView):
    permission = {"POST": WORKFLOWS_EDIT}
    problems = {"POST": [Conflict]}
    shows_secret = True

    @extend_schema(
        operation_id="trigger_rotate",
        tags=[TAG],
        request=RotateRequest,
        responses={200: OpenApiResponse(TriggerMade, description="Rotated.")},
    )
    def post(self, request: Request, id: UUID) -> Response:
        """Give a webhook another secret, which is in this one answer and nowhere else.

        Messages signed with the old one are taken too until the overlap is over, so that their sender can change over.
        """
        overlap = self.body(RotateRequest).overlap
        trigger = secret_rotate(who=self.who, trigger=selectors.trigger_get(who=self.who, id=id), overlap=overlap)
        return self.answer(TriggerMade.of(trigger, secret=str(trigger.secret)), Cache_Control="no-store")


class RawBody(BaseParser):
    """The bytes as they came: they are what is signed."""

    media_type = "*/*"

    def parse(self, stream: IO[Any], media_type: str | None = None, context: Mapping[str, Any] | None = None) -> Any:
        raw = stream.read(LARGEST_MESSAGE + 1)
        if len(raw) > LARGEST_MESSAGE:
            raise TooLarge(
                f"A message may have {LARGEST_MESSAGE // 1024:,} KiB; nothing was started.",
                remedy="Upload the data as a dataset, and send its id.",
            )
        return raw


class Hook(ApiView):
    """Where a webhook's messages are sent to. Who sends them is known by their signature alone.

    It is no part of the API that the document describes: each is an agreement with one sender, in the form that
    Standard Webhooks gives it.
    """

    permission = {"POST": OPEN}
    authentication_classes = []
    parser_classes = [RawBody]

    @extend_schema(exclude=True)
    def post(self, request: Request, webhook: UUID) -> Response:
        """Take a signed message in, once: it starts a run. The answer comes now, or when the run has ended."""
        body: Any = request.data
        run = starting.message_take(id=webhook, headers=request.headers, body=body)
        at_end = starting.is_answered_at_end(id=webhook)
        if at_end and run.is_open:
            run = waited(request, Platform(), run, LONGEST_IN_THREAD)
        ended = at_end and not run.is_open
        told = HookAnswer(run=run.id, ref=run.ref, status=run.status, outputs=run.outputs if ended else None)
        return self.answer(told, 200 if ended else 202)
