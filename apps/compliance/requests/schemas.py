"""Requests about people's data and holds, as the API shows and takes them."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from apps.common.identifiers import MOST
from apps.common.schemas import StrictModel
from apps.compliance.models import LegalHold, PrivacyFind, PrivacyRequest
from apps.compliance.requests.selectors import KindFound

_ID = "0192f3a4-b5c6-7d8e-9f00-112233445566"
_WANTED: dict[str, Any] = {
    "kind": "erase", "member": None, "identifiers": ["ana@example.org", "C-100417"],
    "reason": "Letter of 3 November, identity card seen.",
}  # fmt: skip
_KIND: dict[str, Any] = {
    "kind": "agents.decision", "title": "Decisions of agents", "total": 4100, "looked": 4100, "found": 12, "places": 17,
    "erased": 12, "in_use": 0,
}  # fmt: skip
_REQUEST: dict[str, Any] = {
    "id": _ID, "ref": "P-12", "kind": "erase", "status": "done", "created_at": "2026-11-25T16:40:00Z",
    "due_at": "2026-12-25T16:40:00Z", "confirmed_at": "2026-11-25T16:55:00Z", "finished_at": "2026-11-25T16:56:11Z",
    "file_until": None, "file_sha256": "", "downloads": 0, "problem_code": "", "found": [_KIND],
}  # fmt: skip
_LISTED = {name: value for name, value in _REQUEST.items() if name != "found"}
_FIND: dict[str, Any] = {
    "id": _ID, "kind": "agents.decision", "title": "Decisions of agents: R-118", "at": "2026-11-20T09:00:00Z",
    "url": "/runs/R-118/", "places": 2, "erased_at": None,
}  # fmt: skip
_HOLD: dict[str, Any] = {
    "id": _ID, "title": "Matter 2026-31", "everything": False, "set_at": "2026-11-25T16:40:00Z", "released_at": None,
}  # fmt: skip


class PrivacyRequestIn(StrictModel):
    """Whom a request is about, and what is asked for."""

    model_config = ConfigDict(json_schema_extra={"examples": [_WANTED]})

    kind: Literal["export", "erase"]
    member: UUID | None = Field(default=None, description="Id of the member, whose name and address are looked for.")
    identifiers: list[str] = Field(
        default=[], max_length=MOST, description="What else the person is found by: addresses, full names, numbers."
    )
    reason: str = Field(min_length=1, max_length=2_000, description="Who asked, when and how. It is kept encrypted.")


class PrivacyConfirmIn(StrictModel):
    """The word that a person is to be erased."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"typed": "P-12"}]})

    typed: str = Field(max_length=40, description="The `ref` of the request, as nobody sends by mistake.")


class KindFoundOut(BaseModel):
    """How a kind of data stands in a request."""

    model_config = ConfigDict(json_schema_extra={"examples": [_KIND]})

    kind: str
    title: str
    total: int | None = Field(description="About how many records there are to look at.")
    looked: int
    found: int
    places: int = Field(description="In which the person is met.")
    erased: int
    in_use: int = Field(description="Records that are being used, and are tried again every five minutes.")

    @classmethod
    def of(cls, kind: KindFound) -> Self:
        same = ("title", "total", "looked", "found", "places", "erased")
        return cls(kind=kind.key, in_use=kind.kept, **{name: getattr(kind, name) for name in same})


class PrivacyRequestOut(BaseModel):
    """A request as lists have it. It names nobody."""

    model_config = ConfigDict(json_schema_extra={"examples": [_LISTED]})

    id: UUID
    ref: str
    kind: Literal["export", "erase"]
    status: Literal["looking", "found", "writing", "erasing", "checking", "done", "failed", "cancelled"] = Field(
        description="`found`: it waits to be confirmed."
    )
    created_at: datetime
    due_at: datetime = Field(description="Until when the person has to be answered (GDPR, Art. 12(3)).")
    confirmed_at: datetime | None
    finished_at: datetime | None
    file_until: datetime | None = Field(description="Until when the file of an export can be downloaded.")
    file_sha256: str
    downloads: int
    problem_code: str

    @classmethod
    def of(cls, request: PrivacyRequest) -> Self:
        return cls(**_values(request))


class PrivacyRequestDetail(PrivacyRequestOut):
    """One request, with how it stands for each kind of data."""

    model_config = ConfigDict(json_schema_extra={"examples": [_REQUEST]})

    found: list[KindFoundOut]

    @classmethod
    def with_kinds(cls, request: PrivacyRequest, kinds: list[KindFound]) -> Self:
        return cls(**_values(request), found=[KindFoundOut.of(kind) for kind in kinds])


def _values(request: PrivacyRequest) -> dict[str, Any]:
    same = (
        "id", "ref", "kind", "status", "created_at", "due_at", "confirmed_at", "finished_at", "file_until",
        "file_sha256", "downloads",
    )  # fmt: skip
    code = request.problem["code"] if request.problem else ""
    return {**{name: getattr(request, name) for name in same}, "problem_code": code}


class PrivacyFindOut(BaseModel):
    """A record that tells of the person. Once the request has ended, it says no more than that it was there."""

    model_config = ConfigDict(json_schema_extra={"examples": [_FIND]})

    id: UUID
    kind: str
    title: str
    at: datetime | None
    url: str = Field(description="Path of its page; empty where it has none.")
    places: int
    erased_at: datetime | None

    @classmethod
    def of(cls, find: PrivacyFind) -> Self:
        content = find.content or {}
        told = {"title": content.get("title") or "", "at": content.get("at"), "url": content.get("url") or ""}
        return cls(id=find.id, kind=find.kind, places=find.places, erased_at=find.erased_at, **told)


class LegalHoldIn(StrictModel):
    """What is to be held."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"title": "Matter 2026-31", "reason": "Order of the court.", "identifiers": ["C-100417"]},
            ]
        }
    )

    title: str = Field(min_length=1, max_length=120, description="Of the matter, without a name of anybody.")
    reason: str = Field(min_length=1, max_length=2_000, description="It is kept encrypted.")
    everything: bool = Field(default=False, description="Hold everything rather than a person's data.")
    member: UUID | None = None
    identifiers: list[str] = Field(default=[], max_length=MOST)


class LegalHoldOut(BaseModel):
    """A hold. It names nobody."""

    model_config = ConfigDict(json_schema_extra={"examples": [_HOLD]})

    id: UUID
    title: str
    everything: bool
    set_at: datetime
    released_at: datetime | None

    @classmethod
    def of(cls, hold: LegalHold) -> Self:
        same = ("id", "title", "set_at", "released_at")
        return cls(everything=hold.subject is None, **{name: getattr(hold, name) for name in same})
