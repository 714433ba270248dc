"""Agents that are made here over the API: read, drafted, published, gone back from, and tried."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Self

from django.db import transaction
from django.urls import reverse
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from pydantic import BaseModel, ConfigDict, Field
from rest_framework.request import Request
from rest_framework.response import Response

from apps.agents.custom import selectors, services
from apps.agents.custom.contents import EXAMPLE, Content
from apps.agents.models import CustomAgent, CustomAgentVersion
from apps.agents.permissions import AGENTS_CONFIGURE, AGENTS_VIEW
from apps.agents.schemas import RunOut
from apps.common.errors import Conflict
from apps.common.schemas import StrictModel
from apps.gateway.answers import location
from apps.gateway.api import ApiView
from apps.gateway.limits import START
from apps.gateway.pagination import PAGE_PARAMETERS, Page

CUSTOM = OpenApiParameter(
    "custom",
    {"type": "string", "maxLength": 100, "examples": ["custom.letter_sorter"]},
    OpenApiParameter.PATH,
    description="Key of an agent that was made here, from the list.",
)
TAG = "custom agents"
_OUT: dict[str, Any] = {
    "key": "custom.letter_sorter",
    "title": "Letter sorter",
    "summary": EXAMPLE["summary"],
    "version": 2,
    "published": EXAMPLE,
    "draft": None,
    "archived": False,
    "seq": 5,
}
_VERSION: dict[str, Any] = {
    "number": 2,
    "content": EXAMPLE,
    "note": "Shorter.",
    "published_by": "builder@acme.example",
    "published_at": "2026-11-25T16:40:00Z",
}


class CustomOut(BaseModel):
    """An agent that was made here."""

    model_config = ConfigDict(json_schema_extra={"examples": [_OUT]})

    key: str = Field(description="As runs and workflows name it.")
    title: str
    summary: str
    version: int | None = Field(description="What new runs follow; null: nothing is published.")
    published: dict[str, Any] | None = Field(description="What that version says.")
    draft: dict[str, Any] | None = Field(description="What the draft says; null: there is none.")
    archived: bool
    seq: int = Field(description="Rises with every change.")

    @classmethod
    def of(cls, agent: CustomAgent) -> Self:
        draft, published = selectors.draft_get(agent), agent.published
        return cls(
            key=agent.key, title=agent.title, summary=agent.summary, version=published.number if published else None,
            published=published.content if published else None, draft=draft.content if draft else None,
            archived=agent.archived_at is not None, seq=agent.seq,
        )  # fmt: skip


class CustomListed(BaseModel):
    """An agent in the list of those that were made here."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{k: v for k, v in _OUT.items() if k not in ("published", "draft")}]}
    )

    key: str
    title: str
    summary: str
    version: int | None
    archived: bool
    seq: int

    @classmethod
    def of(cls, agent: CustomAgent) -> Self:
        number = agent.published.number if agent.published else None
        return cls(
            key=agent.key, title=agent.title, summary=agent.summary, version=number,
            archived=agent.archived_at is not None, seq=agent.seq,
        )  # fmt: skip


class CustomVersionOut(BaseModel):
    """A version that was published."""

    model_config = ConfigDict(json_schema_extra={"examples": [_VERSION]})

    number: int
    content: dict[str, Any]
    note: str
    published_by: str | None
    published_at: datetime

    @classmethod
    def of(cls, row: CustomAgentVersion) -> Self:
        return cls.model_validate(
            {
                "number": row.number,
                "content": row.content,
                "note": row.note,
                "published_by": row.created_by.email if row.created_by else None,
                "published_at": row.published_at,
            }
        )


class PublishWanted(StrictModel):
    model_config = ConfigDict(json_schema_extra={"examples": [{"note": "Shorter."}]})

    note: str = Field(default="", max_length=200, description="What changes, in a sentence.")


class RollbackWanted(StrictModel):
    model_config = ConfigDict(json_schema_extra={"examples": [{"version": 1}]})

    version: int = Field(ge=1, le=2_147_483_647, description="The version to go back to.")


class TryWanted(StrictModel):
    model_config = ConfigDict(json_schema_extra={"examples": [{"input": EXAMPLE["examples"][0]["input"]}]})

    input: dict[str, Any] = Field(default_factory=dict, description="A sample of what goes in.")


class Customs(ApiView):
    permission = {"GET": AGENTS_VIEW, "POST": AGENTS_CONFIGURE}
    problems = {"POST": [Conflict]}

    @extend_schema(
        operation_id="custom_agents_list", tags=[TAG], parameters=PAGE_PARAMETERS, responses={200: Page[CustomListed]}
    )
    def get(self, request: Request) -> Response:
        """The agents that were made here and are not archived, newest first."""
        return self.page(selectors.customs_query(who=self.who), CustomListed.of)

    @extend_schema(
        operation_id="custom_agent_create",
        tags=[TAG],
        parameters=[location("the agent", 201)],
        request=Content,
        responses={201: CustomOut},
    )
    def post(self, request: Request) -> Response:
        """Make an agent, as a draft. Its key is made of its title, and stays."""
        agent = services.custom_create(who=self.who, user=self.who.user, content=self.body(Content))
        return self.answer(CustomOut.of(agent), 201, Location=reverse("agents_api:custom", args=[agent.key]))


class CustomOne(ApiView):
    permission = {"GET": AGENTS_VIEW}

    @extend_schema(operation_id="custom_agent_get", tags=[TAG], parameters=[CUSTOM], responses={200: CustomOut})
    def get(self, request: Request, custom: str) -> Response:
        """One agent with what is published and its draft."""
        return self.answer(CustomOut.of(selectors.custom_get(who=self.who, key=custom)))


class CustomVersions(ApiView):
    permission = {"GET": AGENTS_VIEW}
    natural = "-number"

    @extend_schema(
        operation_id="custom_agent_versions",
        tags=[TAG],
        parameters=[CUSTOM, *PAGE_PARAMETERS],
        responses={200: Page[CustomVersionOut]},
    )
    def get(self, request: Request, custom: str) -> Response:
        """What was published of an agent, newest first."""
        agent = selectors.custom_get(who=self.who, key=custom)
        return self.page(selectors.versions_query(who=self.who, agent=agent), CustomVersionOut.of)


class CustomDraft(ApiView):
    permission = {"GET": AGENTS_VIEW, "PUT": AGENTS_CONFIGURE, "DELETE": AGENTS_CONFIGURE}
    problems = {"PUT": [Conflict], "DELETE": [Conflict]}

    @extend_schema(operation_id="custom_agent_draft_get", tags=[TAG], parameters=[CUSTOM], responses={200: CustomOut})
    def get(self, request: Request, custom: str) -> Response:
        """The agent with its draft, in the state that a change of the draft may name by `If-Match`."""
        return self.answer(CustomOut.of(selectors.custom_get(who=self.who, key=custom)))

    @extend_schema(
        operation_id="custom_agent_draft_save",
        tags=[TAG],
        parameters=[CUSTOM],
        request=Content,
        responses={200: CustomOut},
    )
    def put(self, request: Request, custom: str) -> Response:
        """Keep a draft. What is published goes on as it is. `If-Match` takes the tag of the agent."""
        content = self.body(Content)
        with transaction.atomic():
            agent = selectors.custom_get(who=self.who, key=custom, lock=True)
            self.require_match(CustomOut.of(agent))
            saved = services.draft_save(who=self.who, user=self.who.user, agent=agent, content=content)
            return self.answer(CustomOut.of(saved))

    @extend_schema(operation_id="custom_agent_draft_discard", tags=[TAG], parameters=[CUSTOM], responses={204: None})
    def delete(self, request: Request, custom: str) -> Response:
        """Throw the draft of an agent away. One that was never published is refused: there would be nothing left."""
        with transaction.atomic():
            agent = selectors.custom_get(who=self.who, key=custom, lock=True)
            self.require_match(CustomOut.of(agent))
            services.draft_discard(who=self.who, agent=agent)
        return Response(status=204)


class CustomPublish(ApiView):
    permission = {"POST": AGENTS_CONFIGURE}
    step_up = {"POST"}
    problems = {"POST": [Conflict]}

    @extend_schema(
        operation_id="custom_agent_publish",
        tags=[TAG],
        parameters=[CUSTOM],
        request=PublishWanted,
        responses={200: CustomVersionOut},
    )
    def post(self, request: Request, custom: str) -> Response:
        """Have runs follow the draft from now on, as a version that never changes. What cannot be used is refused."""
        agent, wanted = selectors.custom_get(who=self.who, key=custom), self.body(PublishWanted)
        row = services.custom_publish(who=self.who, user=self.who.user, agent=agent, note=wanted.note)
        return self.answer(CustomVersionOut.of(row))


class CustomRollback(ApiView):
    permission = {"POST": AGENTS_CONFIGURE}
    problems = {"POST": [Conflict]}

    @extend_schema(
        operation_id="custom_agent_rollback",
        tags=[TAG],
        parameters=[CUSTOM],
        request=RollbackWanted,
        responses={200: CustomVersionOut},
    )
    def post(self, request: Request, custom: str) -> Response:
        """Publish what an earlier version said, as a new one."""
        agent, wanted = selectors.custom_get(who=self.who, key=custom), self.body(RollbackWanted)
        row = services.custom_rollback(who=self.who, user=self.who.user, agent=agent, number=wanted.version)
        return self.answer(CustomVersionOut.of(row))


class CustomTry(ApiView):
    permission = {"POST": AGENTS_CONFIGURE}
    problems = {"POST": [Conflict]}
    route_class = {"POST": START}

    @extend_schema(
        operation_id="custom_agent_try",
        tags=[TAG],
        parameters=[CUSTOM, location("the run", 202)],
        request=TryWanted,
        responses={202: OpenApiResponse(RunOut, description="Accepted: follow the run as any other.")},
    )
    def post(self, request: Request, custom: str) -> Response:
        """Run what the agent says now, its draft where there is one, on a sample."""
        agent, wanted = selectors.custom_get(who=self.who, key=custom), self.body(TryWanted)
        run = services.custom_try(who=self.who, user=self.who.user, agent=agent, data=wanted.input, origin="api")
        return self.answer(RunOut.of(run), 202, Location=reverse("agents_api:run", args=[run.pk]))
