"""What is kept of people: handed out, erased, held back, and for how long."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO, Literal
from uuid import UUID

from orchestrall_client.connection import Call, Connection, get
from orchestrall_client.pages import id_of, listed
from orchestrall_client.privacy_models import (
    LegalHold,
    PrivacyFind,
    PrivacyRequest,
    PrivacyRequestDetail,
    RetentionPeriod,
    RetentionPeriods,
    RetentionRecord,
)

RequestId = PrivacyRequest | UUID | str
HoldId = LegalHold | UUID | str
PATH = "/api/v1/privacy-requests"
HOLDS = "/api/v1/legal-holds"
RETENTION = "/api/v1/retention"


class Privacy:
    """`client.privacy`. To look takes `privacy.view`, all else `privacy.manage` by a person's sign-in, and no key."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def list(self, *, fields: Sequence[str] | None = None, page_size: int | None = None) -> Iterator[Any]:
        """The requests, newest first. With `fields` each is a dict of these alone."""
        return listed(self._connection, PATH, PrivacyRequest, fields=fields, limit=page_size)

    def get(self, request: RequestId) -> PrivacyRequestDetail:
        """One request, with how it stands for each kind of data."""
        return self._connection.one(get(_at(request)), PrivacyRequestDetail)

    def create(
        self,
        kind: Literal["export", "erase"],
        *,
        reason: str,
        member: UUID | str | None = None,
        identifiers: Sequence[str] = (),
    ) -> PrivacyRequestDetail:
        """Begin to look for a person: a member, whoever is found by `identifiers`, or both.

        A copy is written once everything was looked at. To erase waits for `confirm`.
        """
        body: dict[str, Any] = {"kind": kind, "reason": reason, "identifiers": [*identifiers]}
        if member is not None:
            body["member"] = id_of(member, "member")
        return self._connection.one(Call("POST", PATH, json=body).once(), PrivacyRequestDetail)

    def confirm(self, request: RequestId, *, typed: str) -> PrivacyRequestDetail:
        """Erase the person from what was found. It cannot be undone. `typed` is the `ref` of the request."""
        call = Call("POST", f"{_at(request)}/confirm", json={"typed": typed}).once()
        return self._connection.one(call, PrivacyRequestDetail)

    def cancel(self, request: RequestId) -> PrivacyRequestDetail:
        """Call a request off. What was erased until then stays erased."""
        return self._connection.one(Call("POST", f"{_at(request)}/cancel").once(), PrivacyRequestDetail)

    def finds(
        self, request: RequestId, *, fields: Sequence[str] | None = None, page_size: int | None = None
    ) -> Iterator[Any]:
        """The records in which the person was found."""
        return listed(self._connection, f"{_at(request)}/finds", PrivacyFind, fields=fields, limit=page_size)

    def download(self, request: RequestId, to: str | Path | BinaryIO) -> None:
        """Write the file of an export, a ZIP. Each download is recorded."""
        self._connection.download(get(f"{_at(request)}/file"), to)

    def holds(self, *, fields: Sequence[str] | None = None, page_size: int | None = None) -> Iterator[Any]:
        """The legal holds, newest first."""
        return listed(self._connection, HOLDS, LegalHold, fields=fields, limit=page_size)

    def hold(self, hold: HoldId) -> LegalHold:
        """One hold."""
        return self._connection.one(get(_hold_at(hold)), LegalHold)

    def hold_set(
        self,
        title: str,
        *,
        reason: str,
        everything: bool = False,
        member: UUID | str | None = None,
        identifiers: Sequence[str] = (),
    ) -> LegalHold:
        """Hold a person's data, or everything: whom it names cannot be erased, and nothing goes by its period."""
        body: dict[str, Any] = {
            "title": title, "reason": reason, "everything": everything, "identifiers": [*identifiers],
        }  # fmt: skip
        if member is not None:
            body["member"] = id_of(member, "member")
        return self._connection.one(Call("POST", HOLDS, json=body).once(), LegalHold)

    def hold_release(self, hold: HoldId) -> LegalHold:
        """Let what is held be erased and go by its period again."""
        return self._connection.one(Call("POST", f"{_hold_at(hold)}/release").once(), LegalHold)


class Retention:
    """`client.retention`. To look takes `retention.view`, to set `retention.manage` by a person's sign-in."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def list(self) -> Sequence[RetentionPeriod]:
        """How long each kind of data is kept."""
        return self._connection.one(get(RETENTION), RetentionPeriods).items

    def get(self, kind: str) -> RetentionPeriod:
        """How long a kind of data is kept."""
        return self._connection.one(get(f"{RETENTION}/{kind}"), RetentionPeriod)

    def set(self, kind: str, days: int | None, *, to_default: bool = False) -> RetentionPeriod:
        """Keep a kind of data for so many days, or for ever (None). A shorter period holds a day later."""
        call = Call("PUT", f"{RETENTION}/{kind}", json={"days": days, "to_default": to_default})
        return self._connection.one(call, RetentionPeriod)

    def records(self, *, fields: Sequence[str] | None = None, page_size: int | None = None) -> Iterator[Any]:
        """What went by its period, newest first."""
        return listed(self._connection, "/api/v1/retention-records", RetentionRecord, fields=fields, limit=page_size)


def _at(request: RequestId) -> str:
    return f"{PATH}/{id_of(request, 'request')}"


def _hold_at(hold: HoldId) -> str:
    return f"{HOLDS}/{id_of(hold, 'hold')}"
