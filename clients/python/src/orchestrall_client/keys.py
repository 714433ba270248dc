"""API keys, for programs that keep their own fresh."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Literal, TypedDict, Unpack, overload
from uuid import UUID

from orchestrall_client.connection import Call, Connection, get
from orchestrall_client.models import Key, KeyMade
from orchestrall_client.pages import id_of, listed

KeyId = Key | UUID | str
Overlap = Literal["0", "1h", "1d", "7d"]
PATH = "/api/v1/keys"


class KeysNarrowed(TypedDict, total=False):
    """How a list of keys is narrowed."""

    q: str
    state: str
    page_size: int | None


class Keys:
    """`client.keys`. What you do with keys needs `keys.view` and `keys.manage`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @overload
    def list(self, *, fields: None = None, **narrow: Unpack[KeysNarrowed]) -> Iterator[Key]: ...

    @overload
    def list(self, *, fields: Sequence[str], **narrow: Unpack[KeysNarrowed]) -> Iterator[dict[str, Any]]: ...

    def list(
        self, *, q: str = "", state: str = "", fields: Sequence[str] | None = None, page_size: int | None = None
    ) -> Iterator[Any]:
        """The keys, newest first, without their texts; `q` are words of the name or a prefix, `state` is `active` or
        `ended`. With `fields` each is a dict of these alone."""
        return listed(self._connection, PATH, Key, q=q, state=state, fields=fields, limit=page_size)

    def get(self, key: KeyId) -> Key:
        """One key."""
        return self._connection.one(get(self._at(key)), Key)

    def create(
        self, name: str, scopes: Sequence[str], *, days: int = 90, service_account: UUID | str | None = None
    ) -> KeyMade:
        """Make a key: by a person's sign-in, never by a key. Its text is in this one answer: keep it safe.

        `service_account` is whom it acts for; without one it acts for you.
        """
        body = {"name": name, "scopes": [*scopes], "days": days}
        if service_account is not None:
            body["service_account"] = id_of(service_account, "service account")
        return self._connection.one(Call("POST", PATH, json=body).once(), KeyMade)

    def rotate(self, key: KeyId, *, overlap: Overlap = "1d") -> KeyMade:
        """Make the key that takes over from this one. Both are good until the overlap is over.

        Where the answer got lost, and a later try finds the key made, this raises a `Conflict` (`answer_not_kept`): its
        text is nowhere. Revoke that key, and rotate again.
        """
        return self._connection.one(Call("POST", f"{self._at(key)}/rotate", json={"overlap": overlap}).once(), KeyMade)

    def revoke(self, key: KeyId) -> None:
        """Revoke a key, at once and for good."""
        self._connection.json(Call("DELETE", self._at(key)))

    @staticmethod
    def _at(key: KeyId) -> str:
        return f"{PATH}/{id_of(key, 'key')}"
