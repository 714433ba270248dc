"""Requests about people's data and holds, over the API."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpResponseBase
from django.urls import reverse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from apps.common.errors import Conflict, NotFound
from apps.compliance.models import PrivacyRequest
from apps.compliance.permissions import PRIVACY_MANAGE, PRIVACY_VIEW
from apps.compliance.requests import holds, selectors, services
from apps.compliance.requests.pages import file_response
from apps.compliance.requests.problems import Held
from apps.compliance.requests.schemas import (
    LegalHoldIn,
    LegalHoldOut,
    PrivacyConfirmIn,
    PrivacyFindOut,
    PrivacyRequestDetail,
    PrivacyRequestIn,
    PrivacyRequestOut,
)
from apps.gateway.answers import location
from apps.gateway.api import ApiView
from apps.gateway.pagination import PAGE_PARAMETERS, Page

TAG = "personal data"


class Zip(BaseRenderer):
    media_type = "application/zip"
    format = "zip"

    def render(self, data: bytes, *_: object, **__: object) -> bytes:
        return data


class PrivacyRequests(ApiView):
    permission = {"GET": PRIVACY_VIEW, "POST": PRIVACY_MANAGE}
    problems = {"POST": [Conflict, Held, NotFound]}
    step_up = {"POST"}

    @extend_schema(
        operation_id="privacy_requests_list",
        tags=[TAG],
        parameters=PAGE_PARAMETERS,
        responses={200: Page[PrivacyRequestOut]},
    )
    def get(self, request: Request) -> Response:
        """The requests to export or erase a person's data, newest first."""
        return self.page(selectors.requests_query(who=self.who), PrivacyRequestOut.of)

    @extend_schema(
        operation_id="privacy_request_create",
        tags=[TAG],
        parameters=[location("the request", 201)],
        request=PrivacyRequestIn,
        responses={201: PrivacyRequestDetail},
    )
    def post(self, request: Request) -> Response:
        """Begin to look for a person. A copy is written once everything was looked at; to erase waits until it is
        confirmed. Only people may, and no keys."""
        wanted = self.body(PrivacyRequestIn)
        made = services.request_create(
            who=self.who, user=self.who.user, kind=wanted.kind, member=wanted.member, identifiers=wanted.identifiers,
            reason=wanted.reason,
        )  # fmt: skip
        where = reverse("compliance_api:privacy-request", args=[made.pk])
        return self.answer(PrivacyRequestDetail.with_kinds(made, []), 201, Location=where)


class _OfRequest(ApiView):
    """A view on one request."""

    def found(self, id: UUID) -> PrivacyRequest:
        return selectors.request_get(who=self.who, id=id)

    def detail(self, request: PrivacyRequest) -> Response:
        kinds = selectors.kinds_found(who=self.who, request=request)
        return self.answer(PrivacyRequestDetail.with_kinds(request, kinds))


class PrivacyRequestOne(_OfRequest):
    permission = {"GET": PRIVACY_VIEW}

    @extend_schema(operation_id="privacy_request_get", tags=[TAG], responses={200: PrivacyRequestDetail})
    def get(self, request: Request, id: UUID) -> Response:
        """One request, with how it stands for each kind of data."""
        return self.detail(self.found(id))


class PrivacyRequestConfirm(_OfRequest):
    permission = {"POST": PRIVACY_MANAGE}
    problems = {"POST": [Conflict, Held]}
    step_up = {"POST"}

    @extend_schema(
        operation_id="privacy_request_confirm",
        tags=[TAG],
        request=PrivacyConfirmIn,
        responses={200: PrivacyRequestDetail},
    )
    def post(self, request: Request, id: UUID) -> Response:
        """Erase the person from what was found. It cannot be undone. Only people may, and no keys."""
        typed = self.body(PrivacyConfirmIn).typed
        found = self.found(id)
        return self.detail(services.request_confirm(who=self.who, user=self.who.user, request=found, typed=typed))


class PrivacyRequestCancel(_OfRequest):
    permission = {"POST": PRIVACY_MANAGE}
    problems = {"POST": [Conflict]}

    @extend_schema(
        operation_id="privacy_request_cancel", tags=[TAG], request=None, responses={200: PrivacyRequestDetail}
    )
    def post(self, request: Request, id: UUID) -> Response:
        """Call a request off. What was erased until then stays erased."""
        return self.detail(services.request_cancel(who=self.who, request=self.found(id)))


class PrivacyFinds(_OfRequest):
    permission = {"GET": PRIVACY_MANAGE}

    @extend_schema(
        operation_id="privacy_finds_list", tags=[TAG], parameters=PAGE_PARAMETERS, responses={200: Page[PrivacyFindOut]}
    )
    def get(self, request: Request, id: UUID) -> Response:
        """The records in which the person of a request was found."""
        return self.page(selectors.finds_query(who=self.who, request=self.found(id)), PrivacyFindOut.of)


class PrivacyFile(_OfRequest):
    permission = {"GET": PRIVACY_MANAGE}
    step_up = {"GET"}
    renderer_classes = [Zip]

    @extend_schema(operation_id="privacy_file", tags=[TAG], responses={(200, "application/zip"): OpenApiTypes.BINARY})
    def get(self, request: Request, id: UUID) -> HttpResponseBase:
        """The file of an export: JSON for programs and a page to read, in a ZIP. Each download is recorded."""
        return file_response(self.who, self.found(id))


class LegalHolds(ApiView):
    permission = {"GET": PRIVACY_VIEW, "POST": PRIVACY_MANAGE}
    problems = {"POST": [NotFound]}

    @extend_schema(
        operation_id="legal_holds_list", tags=[TAG], parameters=PAGE_PARAMETERS, responses={200: Page[LegalHoldOut]}
    )
    def get(self, request: Request) -> Response:
        """The legal holds, newest first."""
        return self.page(holds.holds_query(who=self.who), LegalHoldOut.of)

    @extend_schema(
        operation_id="legal_hold_set",
        tags=[TAG],
        parameters=[location("the hold", 201)],
        request=LegalHoldIn,
        responses={201: LegalHoldOut},
    )
    def post(self, request: Request) -> Response:
        """Hold a person's data, or everything: whom it names cannot be erased, and nothing goes by its period."""
        wanted = self.body(LegalHoldIn)
        made = holds.hold_set(who=self.who, user=self.who.user, **wanted.model_dump())
        where = reverse("compliance_api:legal-hold", args=[made.pk])
        return self.answer(LegalHoldOut.of(made), 201, Location=where)


class LegalHoldOne(ApiView):
    permission = {"GET": PRIVACY_VIEW}

    @extend_schema(operation_id="legal_hold_get", tags=[TAG], responses={200: LegalHoldOut})
    def get(self, request: Request, id: UUID) -> Response:
        """One hold."""
        return self.answer(LegalHoldOut.of(holds.hold_get(who=self.who, id=id)))


class LegalHoldRelease(ApiView):
    permission = {"POST": PRIVACY_MANAGE}
    problems = {"POST": [Conflict]}
    step_up = {"POST"}

    @extend_schema(operation_id="legal_hold_release", tags=[TAG], request=None, responses={200: LegalHoldOut})
    def post(self, request: Request, id: UUID) -> Response:
        """Let what is held be erased and go by its period again."""
        hold = holds.hold_get(who=self.who, id=id)
        return self.answer(LegalHoldOut.of(holds.hold_release(who=self.who, user=self.who.user, hold=hold)))
