"""What models say of results, and inputs from plain words, over the API."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction
from django.urls import reverse
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from apps.agents import selectors
from apps.agents.api import KEY
from apps.agents.models import AgentMessage
from apps.agents.permissions import RUNS_VIEW
from apps.agents.schemas import LONGEST_WAIT, RunQuery
from apps.agents.talk import filling, limits, live, services
from apps.agents.talk.asking import ModelRefused, NoModel
from apps.agents.talk.schemas import DraftChange, FillOut, FillWanted, MessageCreate, MessageOut
from apps.agents.talk.selectors import message_get, message_is_open, messages_query
from apps.ai.contract import ModelProblem
from apps.ai.permissions import MODELS_USE
from apps.common.errors import Conflict
from apps.gateway.answers import location
from apps.gateway.api import ApiView
from apps.gateway.pagination import PAGE_PARAMETERS, Page
from apps.gateway.waiting import hold

MESSAGE = OpenApiParameter(
    "message", {"type": "integer", "minimum": 1, "maximum": 32767, "examples": [1]}, OpenApiParameter.PATH,
    description="Its number among those of its run.",
)  # fmt: skip


class AgentFill(ApiView):
    permission = {"POST": MODELS_USE}
    problems = {"POST": [NoModel, ModelProblem, ModelRefused]}
    waits_outside = True

    @extend_schema(
        operation_id="agent_fill", tags=["agents"], parameters=[KEY], request=FillWanted, responses={200: FillOut}
    )
    def post(self, request: Request, key: str) -> Response:
        """Have a model put plain words into the input of an agent. Nothing is started and nothing is stored.

        The model is told the schema of the input and the names of your newest datasets, and no rows. Show a person what
        it made of the words before you start a run with it. It takes 40 seconds at most. 409 where no model is chosen.
        """
        agent, text = selectors.agent_get(who=self.who, key=key), self.body(FillWanted).text
        limits.asks_count(self.who.user)
        return self.answer(FillOut.of(filling.fill(who=self.who, user=self.who.user, agent=agent, text=text)))


class RunMessages(ApiView):
    permission = {"GET": RUNS_VIEW, "POST": MODELS_USE}
    problems = {"POST": [NoModel]}
    natural = "number"

    @extend_schema(
        operation_id="messages_list",
        tags=["runs"],
        parameters=PAGE_PARAMETERS,
        responses={200: Page[MessageOut]},
    )
    def get(self, request: Request, id: UUID) -> Response:
        """What was asked and said about the result of a run, in order."""
        return self.page(messages_query(who=self.who, run=selectors.run_get(who=self.who, id=id)), MessageOut.of)

    @extend_schema(
        operation_id="message_create",
        tags=["runs"],
        parameters=[location("the message", 202)],
        request=MessageCreate,
        responses={202: OpenApiResponse(MessageOut, description="Accepted: it is written in the background.")},
    )
    def post(self, request: Request, id: UUID) -> Response:
        """Have a result explained, a question about it answered, or a letter or report drafted.

        Each number in the text is looked up in the result, and in what was read of it. Without a model an explanation
        is given in the agent's own words; anything else is 409. So is a run without a result.
        """
        run = selectors.run_get(who=self.who, id=id)
        asked = self.body(MessageCreate)
        limits.asks_count(self.who.user)
        message = services.message_create(who=self.who, user=self.who.user, run=run, asked=asked)
        place = reverse("agents_api:message", args=[run.pk, message.number])
        return self.answer(MessageOut.of(message), 202, Location=place)


class RunMessageOne(ApiView):
    permission = {"GET": RUNS_VIEW, "PUT": MODELS_USE}
    problems = {"PUT": [Conflict]}

    @extend_schema(
        operation_id="message_get",
        tags=["runs"],
        parameters=[
            MESSAGE,
            OpenApiParameter(
                "wait",
                {"type": "number", "minimum": 0, "maximum": LONGEST_WAIT, "default": 0},
                description="Answer when it has ended, or after so many seconds, or earlier: look at `status`.",
            ),
        ],
        responses={200: MessageOut},
    )
    def get(self, request: Request, id: UUID, message: int) -> Response:
        """One text about a result, as far as it is written."""
        wait = self.query(RunQuery).wait
        found = self._message(id, message)
        if wait and found.is_open:
            hold(
                request._request,
                topic=live.end_topic(found.pk),
                seconds=wait,
                look=lambda: not message_is_open(found.pk),
            )
            found = self._message(id, message)
        return self.answer(MessageOut.of(found))

    @extend_schema(
        operation_id="draft_change",
        tags=["runs"],
        parameters=[MESSAGE],
        request=DraftChange,
        responses={200: MessageOut},
    )
    def put(self, request: Request, id: UUID, message: int) -> Response:
        """Keep a draft as a person has changed it: its numbers are looked up anew. 409 for what is no written draft."""
        text = self.body(DraftChange).text
        with transaction.atomic():
            found = self._message(id, message, lock=True)
            self.require_match(MessageOut.of(found))
            return self.answer(MessageOut.of(services.draft_change(who=self.who, message=found, text=text)))

    def _message(self, id: UUID, number: int, *, lock: bool = False) -> AgentMessage:
        return message_get(who=self.who, run=selectors.run_get(who=self.who, id=id), number=number, lock=lock)


class RunMessageCancel(ApiView):
    permission = {"POST": MODELS_USE}
    problems = {"POST": [Conflict]}

    @extend_schema(
        operation_id="message_cancel",
        tags=["runs"],
        parameters=[MESSAGE],
        request=None,
        responses={202: OpenApiResponse(MessageOut, description="Stopped, or to be at the next words of the model.")},
    )
    def post(self, request: Request, id: UUID, message: int) -> Response:
        """Stop a text that is being written. What is written is kept. 409 when it has ended."""
        found = message_get(who=self.who, run=selectors.run_get(who=self.who, id=id), number=message)
        return self.answer(MessageOut.of(services.message_cancel(who=self.who, message=found)), 202)
