"""A tenant's host with a few views of the API besides: one that needs permissions, one that fails as it is told to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from uuid import UUID

from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.db import OperationalError, transaction
from django.http import Http404
from django.urls import path
from django.utils import timezone
from pydantic import BaseModel, Field
from redis.exceptions import ConnectionError as RedisAway
from rest_framework import exceptions
from rest_framework.request import Request
from rest_framework.response import Response

from apps.common.errors import TooManyRequests, Unavailable
from apps.common.ids import uuid7
from apps.common.schemas import StrictModel
from apps.gateway.api import ApiView
from apps.gateway.authentication import BearerAuthentication, ConsoleSession, TicketAuthentication
from apps.gateway.models import ApiKey
from apps.gateway.permissions import KEYS_MANAGE, KEYS_VIEW, OPEN
from apps.tenants.context import current_schema
from orchestrall.urls import tenant

handler403, handler404, handler500 = tenant.handler403, tenant.handler404, tenant.handler500


class Sample(StrictModel):
    name: str = Field(max_length=10)
    sizes: list[int] = []


class Shown(BaseModel):
    name: str
    prefix: str = ""

    @classmethod
    def of(cls, key: ApiKey) -> Shown:
        return cls(name=key.name, prefix=key.prefix)


class SampleView(ApiView):
    permission = {"GET": KEYS_VIEW, "POST": KEYS_MANAGE}

    def get(self, request: Request) -> Response:
        return Response({"user": str(request.user.pk), "schema": current_schema()})

    def post(self, request: Request) -> Response:
        return self.answer(self.body(Sample), 201)


class KeyNames(ApiView):
    permission = {"GET": KEYS_VIEW}
    orders: Sequence[str] = ("created_at", "name")

    def get(self, request: Request) -> Response:
        return self.page(ApiKey.objects.all(), Shown.of)


class OneOrder(KeyNames):
    orders = ()


class KeyName(ApiView):
    """One key, which can be read, renamed and deleted."""

    permission = {"GET": KEYS_VIEW, "PATCH": KEYS_MANAGE, "DELETE": KEYS_MANAGE}

    def get(self, request: Request, id: UUID) -> Response:
        return self.answer(Shown.of(ApiKey.objects.get(pk=id)))

    def patch(self, request: Request, id: UUID) -> Response:
        with transaction.atomic():
            key = ApiKey.objects.select_for_update().get(pk=id)
            self.require_match(Shown.of(key))
            key.name = self.body(Sample).name
            key.save()
        return self.answer(Shown.of(key))

    def delete(self, request: Request, id: UUID) -> Response:
        with transaction.atomic():
            key = ApiKey.objects.select_for_update().get(pk=id)
            self.require_match(Shown.of(key))
            key.delete()
        return Response(status=204)


class NewThing(StrictModel):
    name: str
    prefix: str = Field(default_factory=lambda: uuid7().hex[-8:])
    status: int = 201


class Thing(ApiView):
    """Makes a row, and answers with the status that it is told. `gate` is called when the row is made."""

    permission = {"POST": KEYS_MANAGE}
    gate: Callable[[], None] | None = None

    def post(self, request: Request) -> Response:
        wanted, expires = self.body(NewThing), timezone.now()
        ApiKey.objects.create(
            user=self.who.user, name=wanted.name, prefix=wanted.prefix, digest=b"", expires_at=expires
        )
        if Thing.gate is not None:
            Thing.gate()
        return self.answer(Shown(name=self.shown(wanted.name)), wanted.status, Location="/somewhere")

    def shown(self, name: str) -> str:
        return name


class SecretThing(Thing):
    shows_secret = True

    def shown(self, name: str) -> str:
        return f"the secret of {name}"


class ByTicket(SampleView):
    permission = {"GET": KEYS_VIEW, "POST": KEYS_MANAGE}
    authentication_classes = [BearerAuthentication, TicketAuthentication, ConsoleSession]


FAILURES: dict[str, Callable[[], Exception]] = {
    "unforeseen": lambda: ZeroDivisionError("the password is hunter2"),
    "database": lambda: OperationalError("server closed the connection"),
    "redis": lambda: RedisAway("connection refused"),
    "nothing": Http404,
    "forbidden": PermissionDenied,
    "suspicious": lambda: SuspiciousOperation("odd"),
    "big": RequestDataTooBig,
    "unavailable": lambda: Unavailable("Not now."),
    "hurried": lambda: TooManyRequests("Slowly.", retry_after=7),
    "fields": lambda: exceptions.ValidationError({"rows": [{"quantity": ["must be a number"]}]}),
}


class Failing(ApiView):
    permission = {"GET": OPEN}
    authentication_classes = []

    def get(self, request: Request, how: str) -> Response:
        raise FAILURES[how]()


urlpatterns = [
    *tenant.urlpatterns,
    path("api/v1/sample", SampleView.as_view()),
    path("api/v1/by-ticket", ByTicket.as_view()),
    path("api/v1/key-names", KeyNames.as_view()),
    path("api/v1/key-names/<uuid:id>", KeyName.as_view()),
    path("api/v1/one-order", OneOrder.as_view()),
    path("api/v1/things", Thing.as_view()),
    path("api/v1/secret-things", SecretThing.as_view()),
    path("api/v1/failing/<slug:how>", Failing.as_view()),
]
