"""How long what is kept, over the API."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Self
from uuid import UUID

from django.db import transaction
from drf_spectacular.utils import OpenApiParameter, extend_schema
from pydantic import BaseModel, ConfigDict, Field
from rest_framework.request import Request
from rest_framework.response import Response

from apps.common.schemas import StrictModel
from apps.compliance.models import RetentionRecord
from apps.compliance.permissions import RETENTION_MANAGE, RETENTION_VIEW
from apps.compliance.retention import selectors, services
from apps.compliance.retention.periods import Period
from apps.gateway.api import ApiView
from apps.gateway.pagination import PAGE_PARAMETERS, Page

TAG = "retention"
_PERIOD: dict[str, Any] = {
    "kind": "agents.run", "title": "Runs of agents without a decision", "days": 400, "wanted": 365,
    "comes_at": "2026-11-26T16:40:00Z", "default": 400, "is_default": False, "least": 1, "most": None,
    "applied_at": "2026-11-25T03:00:12Z",
}  # fmt: skip
_RECORD: dict[str, Any] = {
    "id": "0192f3a4-b5c6-7d8e-9f00-112233445566", "kind": "agents.run", "days": 400,
    "before": "2025-10-21T03:00:00Z", "removed": 1830, "ms": 2410, "began_at": "2026-11-25T03:00:00Z",
    "ended_at": "2026-11-25T03:00:12Z",
}  # fmt: skip
KIND = OpenApiParameter(
    "retained", {"type": "string", "maxLength": 60, "examples": ["agents.run"]}, OpenApiParameter.PATH,
    description="Key of the kind of data.",
)  # fmt: skip


class RetentionPeriodIn(StrictModel):
    """How long a kind of data is to be kept."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"days": 365}]})

    days: int | None = Field(default=None, ge=1, le=services.LONGEST, description="Null: for ever.")
    to_default: bool = Field(default=False, description="As is the default; `days` does not count then.")


class RetentionPeriodOut(BaseModel):
    """How long a kind of data is kept."""

    model_config = ConfigDict(json_schema_extra={"examples": [_PERIOD]})

    kind: str
    title: str
    days: int | None = Field(description="What holds now; null: it is kept for ever.")
    wanted: int | None = Field(description="What was set; it holds from `comes_at` on.")
    comes_at: datetime | None = Field(description="Null: what was set holds. A shorter period holds a day later.")
    default: int | None
    is_default: bool
    least: int = Field(description="Days that may be set.")
    most: int | None = Field(description="Null: there is no bound, and it may be kept for ever.")
    applied_at: datetime | None = Field(description="When it was last gone by.")

    @classmethod
    def of(cls, period: Period) -> Self:
        kind, row = period.kind, period.row
        return cls(
            kind=kind.key, title=kind.title, days=period.days, wanted=period.wanted, comes_at=period.comes_at,
            default=kind.default, is_default=not row.is_set, least=kind.least, most=kind.most,
            applied_at=row.applied_at,
        )  # fmt: skip


class RetentionPeriods(BaseModel):
    """The periods of all kinds of data."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"items": [_PERIOD]}]})

    items: list[RetentionPeriodOut]


class RetentionRecordOut(BaseModel):
    """One time that a period was gone by and something was removed."""

    model_config = ConfigDict(json_schema_extra={"examples": [_RECORD]})

    id: UUID
    kind: str
    days: int
    before: datetime = Field(description="What was older is gone.")
    removed: int
    ms: int = Field(description="That the removing took.")
    began_at: datetime
    ended_at: datetime | None = Field(description="Null while there is more to remove.")

    @classmethod
    def of(cls, record: RetentionRecord) -> Self:
        return cls.model_validate({name: getattr(record, name) for name in cls.model_fields})


class RetentionList(ApiView):
    permission = {"GET": RETENTION_VIEW}

    @extend_schema(operation_id="retention_periods_list", tags=[TAG], responses={200: RetentionPeriods})
    def get(self, request: Request) -> Response:
        """How long each kind of data is kept."""
        items = [RetentionPeriodOut.of(period) for period in selectors.periods_list(who=self.who)]
        return self.answer(RetentionPeriods(items=items))


class RetentionOne(ApiView):
    permission = {"GET": RETENTION_VIEW, "PUT": RETENTION_MANAGE}

    @extend_schema(
        operation_id="retention_period_get", tags=[TAG], parameters=[KIND], responses={200: RetentionPeriodOut}
    )
    def get(self, request: Request, retained: str) -> Response:
        """How long a kind of data is kept."""
        kind = services.kind_get(retained)
        period = next(each for each in selectors.periods_list(who=self.who) if each.kind is kind)
        return self.answer(RetentionPeriodOut.of(period))

    @extend_schema(
        operation_id="retention_period_set",
        tags=[TAG],
        parameters=[KIND],
        request=RetentionPeriodIn,
        responses={200: RetentionPeriodOut},
    )
    def put(self, request: Request, retained: str) -> Response:
        """Set how long a kind of data is kept. A longer period holds at once, a shorter one a day later. Only people
        may, and no keys."""
        wanted, kind = self.body(RetentionPeriodIn), services.kind_get(retained)
        with transaction.atomic():
            self.require_match(RetentionPeriodOut.of(services.period_lock(who=self.who, kind=kind)))
            period = services.period_set(
                who=self.who, user=self.who.user, kind=kind, days=wanted.days, to_default=wanted.to_default
            )
        return self.answer(RetentionPeriodOut.of(period))


class RetentionRecords(ApiView):
    permission = {"GET": RETENTION_VIEW}

    @extend_schema(
        operation_id="retention_records_list",
        tags=[TAG],
        parameters=PAGE_PARAMETERS,
        responses={200: Page[RetentionRecordOut]},
    )
    def get(self, request: Request) -> Response:
        """What went by its period, newest first."""
        return self.page(selectors.records_query(who=self.who), RetentionRecordOut.of)
