"""Prompts over the API: read, drafted, published, and gone back from."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Self

from django.db import transaction
from drf_spectacular.utils import OpenApiParameter, extend_schema
from pydantic import BaseModel, ConfigDict, Field
from rest_framework.request import Request
from rest_framework.response import Response

from apps.ai.models import PromptVersion
from apps.ai.permissions import MODELS_VIEW, PROMPTS_EDIT
from apps.ai.prompts import selectors, services
from apps.ai.prompts.schemas import Words
from apps.ai.prompts.selectors import Standing
from apps.common.errors import Conflict
from apps.common.schemas import StrictModel
from apps.gateway.api import ApiView
from apps.gateway.pagination import PAGE_PARAMETERS, Page

PROMPT = OpenApiParameter(
    "prompt",
    {"type": "string", "maxLength": 80, "examples": ["explain"]},
    OpenApiParameter.PATH,
    description="Key of a prompt, from the list.",
)
_WORDS: dict[str, Any] = {"system": "You explain to a person at work.", "user": "Explain this: {result}"}
_PROMPT: dict[str, Any] = {
    "key": "explain",
    "title": "Explain a result",
    "summary": "Says in plain words what an agent has computed.",
    "version": "2",
    "words": _WORDS,
    "variables": [{"name": "result", "about": "What was computed", "is_needed": True}],
    "draft": None,
    "seq": 4,
}
_VERSION: dict[str, Any] = {
    "number": 2,
    "words": _WORDS,
    "note": "Shorter.",
    "published_by": "builder@acme.example",
    "published_at": "2026-11-25T16:40:00Z",
}


class PromptVariableOut(BaseModel):
    name: str = Field(description="Written `{name}` in the words.")
    about: str
    is_needed: bool = Field(description="Whether words without it are refused.")


class PromptOut(BaseModel):
    """A prompt, with the words that hold now."""

    model_config = ConfigDict(json_schema_extra={"examples": [_PROMPT]})

    key: str
    title: str
    summary: str
    version: str = Field(description="Number of the version that holds, or `built-in:` and a fingerprint.")
    words: Words
    variables: list[PromptVariableOut]
    draft: Words | None = Field(description="Words that hold for nobody until they are published.")
    seq: int = Field(description="Rises with every change.")

    @classmethod
    def of(cls, standing: Standing) -> Self:
        spec, wording = standing.spec, standing.wording
        return cls(
            key=spec.key,
            title=spec.title,
            summary=spec.summary,
            version=wording.version,
            words=Words.model_construct(system=wording.system, user=wording.user),
            variables=[PromptVariableOut(name=v.name, about=v.about, is_needed=v.is_needed) for v in spec.variables],
            draft=selectors.words_of(standing.draft) if standing.draft else None,
            seq=standing.seq,
        )


class PromptsOut(BaseModel):
    model_config = ConfigDict(json_schema_extra={"examples": [{"items": [_PROMPT]}]})

    items: list[PromptOut]


class PromptVersionOut(BaseModel):
    """Words that were published. They never change."""

    model_config = ConfigDict(json_schema_extra={"examples": [_VERSION]})

    number: int
    words: Words
    note: str = Field(description="What changed, in a sentence.")
    published_by: str | None = Field(description="Address of the member.")
    published_at: datetime | None

    @classmethod
    def of(cls, row: PromptVersion) -> Self:
        return cls(
            number=row.number or 0,
            words=selectors.words_of(row),
            note=row.note,
            published_by=row.created_by.email if row.created_by else None,
            published_at=row.published_at,
        )


class PromptWords(Words):
    model_config = ConfigDict(json_schema_extra={"examples": [_WORDS]})


class PromptNote(StrictModel):
    model_config = ConfigDict(json_schema_extra={"examples": [{"note": "Shorter."}]})

    note: str = Field(default="", max_length=200, description="What changes, in a sentence.")


class PromptRestoreWanted(StrictModel):
    model_config = ConfigDict(json_schema_extra={"examples": [{"version": 1}, {"version": None}]})

    version: int | None = Field(
        ge=1, le=2_147_483_647, description="The version to go back to; null: the built-in words."
    )


class PromptList(ApiView):
    permission = {"GET": MODELS_VIEW}

    @extend_schema(operation_id="prompts_list", tags=["prompts"], responses={200: PromptsOut})
    def get(self, request: Request) -> Response:
        """Every prompt with the words that hold now, by title."""
        return self.answer(PromptsOut(items=[PromptOut.of(each) for each in selectors.prompts_list(who=self.who)]))


class PromptOne(ApiView):
    permission = {"GET": MODELS_VIEW}

    @extend_schema(operation_id="prompt_get", tags=["prompts"], parameters=[PROMPT], responses={200: PromptOut})
    def get(self, request: Request, prompt: str) -> Response:
        """One prompt with its variables, the words that hold now, and the draft."""
        return self.answer(PromptOut.of(selectors.prompt_get(who=self.who, key=prompt)))


class PromptVersions(ApiView):
    permission = {"GET": MODELS_VIEW}
    natural = "-number"

    @extend_schema(
        operation_id="prompt_versions",
        tags=["prompts"],
        parameters=[PROMPT, *PAGE_PARAMETERS],
        responses={200: Page[PromptVersionOut]},
    )
    def get(self, request: Request, prompt: str) -> Response:
        """What was published of a prompt, newest first."""
        spec = selectors.prompt_get(who=self.who, key=prompt).spec
        return self.page(selectors.versions_query(who=self.who, spec=spec), PromptVersionOut.of)


class PromptDraft(ApiView):
    permission = {"PUT": PROMPTS_EDIT, "DELETE": PROMPTS_EDIT}
    problems = {"PUT": [Conflict], "DELETE": [Conflict]}

    @extend_schema(
        operation_id="prompt_draft_save",
        tags=["prompts"],
        parameters=[PROMPT],
        request=PromptWords,
        responses={200: PromptOut},
    )
    def put(self, request: Request, prompt: str) -> Response:
        """Keep words as the draft of a prompt. `If-Match` takes the tag of the prompt.

        Words with a field that there is not, or without one that is needed, are refused.
        """
        wanted = self.body(PromptWords)
        with transaction.atomic():
            self.require_match(PromptOut.of(selectors.prompt_get(who=self.who, key=prompt, lock=True)))
            words = Words.model_construct(system=wanted.system, user=wanted.user)
            standing = services.draft_save(who=self.who, user=self.who.user, key=prompt, words=words)
            return self.answer(PromptOut.of(standing))

    @extend_schema(operation_id="prompt_draft_discard", tags=["prompts"], parameters=[PROMPT], responses={204: None})
    def delete(self, request: Request, prompt: str) -> Response:
        """Give the draft of a prompt up."""
        with transaction.atomic():
            self.require_match(PromptOut.of(selectors.prompt_get(who=self.who, key=prompt, lock=True)))
            services.draft_discard(who=self.who, key=prompt)
        return Response(status=204)


class PromptPublish(ApiView):
    permission = {"POST": PROMPTS_EDIT}
    problems = {"POST": [Conflict]}

    @extend_schema(
        operation_id="prompt_publish",
        tags=["prompts"],
        parameters=[PROMPT],
        request=PromptNote,
        responses={200: PromptVersionOut},
    )
    def post(self, request: Request, prompt: str) -> Response:
        """Have the draft hold from the next call on, as a version that never changes."""
        wanted = self.body(PromptNote)
        row = services.draft_publish(who=self.who, user=self.who.user, key=prompt, note=wanted.note)
        return self.answer(PromptVersionOut.of(row))


class PromptRestore(ApiView):
    permission = {"POST": PROMPTS_EDIT}
    problems = {"POST": [Conflict]}

    @extend_schema(
        operation_id="prompt_restore",
        tags=["prompts"],
        parameters=[PROMPT],
        request=PromptRestoreWanted,
        responses={200: PromptOut},
    )
    def post(self, request: Request, prompt: str) -> Response:
        """Go back to an earlier version, which becomes a new one, or to the program's own words."""
        number = self.body(PromptRestoreWanted).version
        standing = services.prompt_restore(who=self.who, user=self.who.user, key=prompt, number=number)
        return self.answer(PromptOut.of(standing))
