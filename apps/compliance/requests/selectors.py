"""Reads of requests about people's data."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db.models import F, QuerySet, Window
from django.db.models.functions import RowNumber
from django.utils.dateparse import parse_datetime

from apps.accounts.models import User
from apps.common.errors import NotFound
from apps.common.permissions import Principal, demand
from apps.common.privacy import PERSONAL
from apps.common.widgets import Sheet
from apps.compliance.models import PrivacyFind, PrivacyRequest
from apps.compliance.permissions import PRIVACY_MANAGE, PRIVACY_VIEW

SHOWN: Final = 10
"""Records of a kind that a page shows."""
MOST_MEMBERS: Final = 500


@dataclass(frozen=True)
class KindFound:
    """How a kind of data stands in a request."""

    key: str
    title: str
    what: str
    erasure: str
    total: int | None
    looked: int
    found: int
    places: int
    erased: int
    kept: int
    broken: int
    """What does not open, so that nobody can say whom it is about."""
    left: int | None
    """What was found when everything was looked at again; None before that."""
    finds: list[PrivacyFind]

    @property
    def percent(self) -> int:
        return 100 if not self.total else min(100, 100 * self.looked // self.total)


def requests_query(*, who: Principal, status: str = "") -> QuerySet[PrivacyRequest]:
    """The requests, newest first."""
    demand(who, PRIVACY_VIEW)
    rows = PrivacyRequest.objects.select_related("asked_by", "confirmed_by").order_by("-id")
    return rows.filter(status=status) if status else rows


def request_get(*, who: Principal, id: UUID) -> PrivacyRequest:
    """One request. Raises `NotFound`."""
    found = requests_query(who=who).filter(pk=id).first()
    if found is None:
        raise NotFound("There is no such request here.", remedy="See the list of requests.")
    return found


def kinds_found(*, who: Principal, request: PrivacyRequest) -> list[KindFound]:
    """What was looked at so far, by kind. The records themselves only for who may manage. One statement."""
    finds: dict[str, list[PrivacyFind]] = {}
    if who.can(PRIVACY_MANAGE) and request.is_open:
        place = Window(RowNumber(), partition_by=F("kind"), order_by=F("id").asc())
        first = request.finds.annotate(place=place).filter(place__lte=SHOWN).order_by("kind", "id")
        for find in first:
            finds.setdefault(find.kind, []).append(find)
    return [_kind(key, request.progress[key], finds.get(key, [])) for key in sorted(request.progress)]


def _kind(key: str, counts: dict[str, Any], finds: list[PrivacyFind]) -> KindFound:
    known = PERSONAL.get(key)
    numbers = {name: counts.get(name, 0) for name in ("looked", "found", "places", "erased", "kept", "broken")}
    return KindFound(
        key, known.title if known else key, known.what if known else "", known.erasure if known else "",
        counts.get("total"), **numbers, left=counts.get("left"), finds=finds,
    )  # fmt: skip


def finds_query(*, who: Principal, request: PrivacyRequest) -> QuerySet[PrivacyFind]:
    """The records that were found, in the order of their keys. Only for who may manage requests."""
    demand(who, PRIVACY_MANAGE)
    return request.finds.order_by("-id")


def moment_of(find: PrivacyFind) -> datetime | None:
    """The time of a record that was found."""
    at = (find.content or {}).get("at")
    return parse_datetime(at) if at else None


def members_to_choose(*, who: Principal) -> list[User]:
    """Those whom a request may be about."""
    demand(who, PRIVACY_MANAGE)
    return list(User.objects.filter(is_service=False).order_by("name", "email")[:MOST_MEMBERS])


def record_document(*, who: Principal, request: PrivacyRequest) -> dict[str, Any]:
    """What is kept to show that a request was answered: it names the person nowhere."""
    demand(who, PRIVACY_VIEW)
    same = ("kind", "status", "created_at", "due_at", "confirmed_at", "finished_at", "file_sha256", "downloads")
    values = {name: getattr(request, name) for name in same}
    finds = request.finds.order_by("kind", "id")
    return {
        "request": request.ref,
        "id": str(request.pk),
        **{name: value.isoformat() if isinstance(value, datetime) else value for name, value in values.items()},
        "asked_by": str(request.asked_by_id or ""),
        "confirmed_by": str(request.confirmed_by_id or ""),
        "counts": request.progress,
        "records": [
            {"kind": find.kind, "row": find.row, "erased_at": find.erased_at and find.erased_at.isoformat(),
             "digest": find.digest}
            for find in finds
        ],
    }  # fmt: skip


def record_sheet(*, who: Principal, request: PrivacyRequest) -> Sheet:
    """The same as a table: a row for each record."""
    document = record_document(who=who, request=request)
    columns = ("request", "kind", "row", "erased_at", "digest")
    rows = [
        [document["request"], each["kind"], each["row"], each["erased_at"], each["digest"]]
        for each in document["records"]
    ]
    return Sheet(name="record", columns=list(columns), rows=rows)
