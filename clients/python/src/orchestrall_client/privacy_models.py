"""What the server tells of requests about people, of holds and of retention, as frozen objects."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from orchestrall_client.models import Model


class KindFound(Model):
    """How a kind of data stands in a request."""

    kind: str
    title: str
    total: int | None
    looked: int
    found: int
    places: int
    erased: int
    in_use: int


class PrivacyRequest(Model):
    """A request to export or erase a person's data. It names nobody."""

    id: UUID
    ref: str
    kind: str
    status: str
    created_at: datetime
    due_at: datetime
    confirmed_at: datetime | None
    finished_at: datetime | None
    file_until: datetime | None
    file_sha256: str
    downloads: int
    problem_code: str


class PrivacyRequestDetail(PrivacyRequest):
    """One request, with how it stands for each kind of data."""

    found: list[KindFound]


class PrivacyFind(Model):
    """A record that tells of the person."""

    id: UUID
    kind: str
    title: str
    at: datetime | None
    url: str
    places: int
    erased_at: datetime | None


class LegalHold(Model):
    """What must not be erased. It names nobody."""

    id: UUID
    title: str
    everything: bool
    set_at: datetime
    released_at: datetime | None


class RetentionPeriod(Model):
    """How long a kind of data is kept."""

    kind: str
    title: str
    days: int | None
    wanted: int | None
    comes_at: datetime | None
    default: int | None
    is_default: bool
    least: int
    most: int | None
    applied_at: datetime | None


class RetentionPeriods(Model):
    """The periods of all kinds of data."""

    items: list[RetentionPeriod]


class RetentionRecord(Model):
    """One time that a period was gone by and something was removed."""

    id: UUID
    kind: str
    days: int
    before: datetime
    removed: int
    ms: int
    began_at: datetime
    ended_at: datetime | None
