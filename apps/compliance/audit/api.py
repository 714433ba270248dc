"""The audit log over the API."""

from __future__ import annotations

from typing import Any, get_args
from uuid import UUID

from django.http import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from apps.audit.kinds import CATEGORIES
from apps.audit.selectors import NotCoveredYet
from apps.common.errors import NotFound
from apps.compliance.audit import selectors
from apps.compliance.audit.pages import download
from apps.compliance.audit.schemas import (
    AuditEntriesQuery,
    AuditEntryDetail,
    AuditEntryOut,
    AuditIntegrity,
    AuditKey,
    AuditQuery,
    Checkpoint,
    Consistency,
    ConsistencyQuery,
    EntryProof,
    ListQuery,
    Outcome,
)
from apps.compliance.permissions import AUDIT_EXPORT, AUDIT_VIEW
from apps.gateway.api import ApiView
from apps.gateway.pagination import CREATED_PARAMETERS, PAGE_PARAMETERS, Page

TAG = "audit log"
_ID = "0192f3a4-b5c6-7d8e-9f00-112233445566"


def _parameter(name: str, description: str, **schema: Any) -> OpenApiParameter:
    return OpenApiParameter(name, {"type": "string", **schema}, description=description)


NARROWING = [
    _parameter(
        "q", "Words of the title or key of kinds of entries, or an id. What entries say is sealed, and not searched.",
        maxLength=100, examples=["role changed"],
    ),
    _parameter("category", "Only entries of this category.", maxLength=20, examples=list(CATEGORIES)),
    _parameter("kind", "Only entries of this kind, by its key.", maxLength=60, examples=["accounts.role_set"]),
    _parameter(
        "actor", "Only what this member or program did, by id; or what this kind of actor did.",
        maxLength=40, examples=[_ID, "system"],
    ),
    _parameter("subject_kind", "Only entries about this kind of thing.", maxLength=60, examples=["accounts.user"]),
    _parameter("subject", "Only entries about the thing of this id.", maxLength=100, examples=[_ID]),
    _parameter("outcome", "Only entries with this outcome.", enum=list(get_args(Outcome))),
    _parameter("via", "Only what came in by a way that begins so.", maxLength=80, examples=["key ork_1a2b3c4d"]),
    *CREATED_PARAMETERS,
]  # fmt: skip


def _number(name: str, description: str, **schema: Any) -> OpenApiParameter:
    return OpenApiParameter(name, {"type": "integer", "minimum": 1, **schema}, description=description)


class AuditEntries(ApiView):
    permission = {"GET": AUDIT_VIEW}

    @extend_schema(
        operation_id="audit_entries_list",
        tags=[TAG],
        parameters=[*NARROWING, *PAGE_PARAMETERS],
        responses={200: Page[AuditEntryOut]},
    )
    def get(self, request: Request) -> Response:
        """Who did what, newest first."""
        narrow = self.query(AuditEntriesQuery).narrow
        return self.page(selectors.entries_query(who=self.who, narrow=narrow), AuditEntryOut.of)


class AuditEntryOne(ApiView):
    permission = {"GET": AUDIT_VIEW}

    @extend_schema(operation_id="audit_entry_get", tags=[TAG], responses={200: AuditEntryDetail})
    def get(self, request: Request, entry: UUID) -> Response:
        """One entry with what was before and after."""
        return self.answer(AuditEntryDetail.of(selectors.entry_get(who=self.who, id=entry)))


class AuditEntryProof(ApiView):
    permission = {"GET": AUDIT_VIEW}
    problems = {"GET": [NotCoveredYet]}

    @extend_schema(operation_id="audit_entry_proof", tags=[TAG], responses={200: EntryProof})
    def get(self, request: Request, entry: UUID) -> Response:
        """The proof that an entry is in the tree of the newest published checkpoint.

        409 for one that no checkpoint covers yet: that takes a minute at most.
        """
        key = selectors.public_key(who=self.who)
        return self.answer(EntryProof.of(*selectors.entry_proof(who=self.who, id=entry), key=key))


class AuditConsistency(ApiView):
    permission = {"GET": AUDIT_VIEW}
    problems = {"GET": [NotFound]}

    @extend_schema(
        operation_id="audit_consistency",
        tags=[TAG],
        parameters=[
            _number("from", "The smaller size; that of the first checkpoint.", maximum=2**53, examples=[512]),
            _number("to", "The larger size; that of the newest checkpoint.", maximum=2**53, examples=[1024]),
            _number(
                "epoch",
                "Of which epoch: a restored log begins another one; the newest.",
                maximum=2**31 - 1,
                examples=[1],
            ),
        ],
        responses={200: Consistency},
    )
    def get(self, request: Request) -> Response:
        """The proof that what the log was is the beginning of what it is: nothing was altered or taken away.

        404 for sizes that the tree of the epoch never had.
        """
        asked = self.query(ConsistencyQuery)
        found = selectors.consistency(who=self.who, old=asked.old, new=asked.new, epoch=asked.epoch)
        return self.answer(Consistency.of(found))


class AuditCheckpoints(ApiView):
    permission = {"GET": AUDIT_VIEW}
    natural = "-at"

    @extend_schema(
        operation_id="audit_checkpoints_list", tags=[TAG], parameters=PAGE_PARAMETERS, responses={200: Page[Checkpoint]}
    )
    def get(self, request: Request) -> Response:
        """The signed checkpoints, newest first."""
        self.query(ListQuery)
        return self.page(selectors.checkpoints_query(who=self.who), Checkpoint.of)


class AuditIntegrityNow(ApiView):
    permission = {"GET": AUDIT_VIEW}

    @extend_schema(operation_id="audit_integrity", tags=[TAG], responses={200: AuditIntegrity})
    def get(self, request: Request) -> Response:
        """How far the log is covered, and what stands in the way where it is not."""
        return self.answer(AuditIntegrity.of(selectors.integrity(who=self.who)))


class AuditPublicKey(ApiView):
    permission = {"GET": AUDIT_VIEW}

    @extend_schema(operation_id="audit_public_key", tags=[TAG], responses={200: AuditKey})
    def get(self, request: Request) -> Response:
        """The key that checkpoints are signed with. It stays the same as long as the organisation's data key does."""
        return self.answer(AuditKey(key=selectors.public_key(who=self.who)))


class JsonLines(BaseRenderer):
    """Names the format; the view streams the lines itself."""

    media_type, format, charset = "application/jsonl", "jsonl", "utf-8"

    def render(self, data: Any, *args: Any, **kwargs: Any) -> Any:
        return data


class AuditExport(ApiView):
    permission = {"GET": AUDIT_EXPORT}
    step_up = {"GET"}
    renderer_classes = [JsonLines]

    @extend_schema(
        operation_id="audit_export",
        tags=[TAG],
        parameters=NARROWING,
        responses={(200, "application/jsonl"): OpenApiTypes.STR},
    )
    def get(self, request: Request) -> HttpResponseBase:
        """The log as JSON lines, for `verify_audit.py`: all of it, a span of time without a gap, or the entries that
        match, each with its proof.

        It says all that is recorded, of people too: `members.view` is needed as well. That it was exported is recorded
        before the first line.
        """
        return download(self.who, request._request, self.query(AuditQuery).narrow, "jsonl")
