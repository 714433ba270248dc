"""Lists that come a page at a time, as one iterator."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, TypeVar
from urllib.parse import urlsplit
from uuid import UUID

from orchestrall_client.connection import Call, Connection, Items, get
from orchestrall_client.models import Model

M = TypeVar("M", bound=Model)


def listed(
    connection: Connection, path: str, model: type[M], *, fields: Sequence[str] | None = None, **query: Any
) -> Iterator[Any]:
    """The items of all pages: each as a model, or of each these `fields` alone, as JSON.

    A page is asked for when its first item is. What cannot be asked for is refused at once.
    """
    if fields is not None and (isinstance(fields, str) or not fields):
        raise ValueError('`fields` is a list of names: fields=["id", "status"].')
    call = get(path, **query, fields=",".join(fields) if fields else None)
    if fields is not None:
        return _items(connection, call)
    return (connection.read_as(model, item, call) for item in _items(connection, call))


def _items(connection: Connection, call: Call) -> Iterator[dict[str, Any]]:
    following: Call | None = call
    while following is not None:
        page = connection.one(following, Items)
        yield from page.items
        # Of the address of the next page only what is not the host: a credential goes to no other one.
        address = urlsplit(page.next or "")
        following = Call("GET", f"{address.path}?{address.query}") if address.path else None


def moment(value: datetime | None, name: str) -> str | None:
    """A moment as the server reads it. Raises `ValueError` for one without a time zone."""
    if value is not None and value.tzinfo is None:
        raise ValueError(f"`{name}` needs a time zone: datetime(2026, 11, 25, tzinfo=UTC).")
    return value.isoformat() if value else None


def id_of(thing: UUID | str | Any, what: str) -> str:
    """The id of a thing, or the id itself, as it stands in an address. Raises `ValueError` for what is none."""
    try:
        return str(UUID(str(getattr(thing, "id", thing))))
    except ValueError:
        form = "0192f3a4-b5c6-7d8e-9f00-112233445566"
        raise ValueError(f"{thing!r} is no id of a {what}: ids look like {form}.") from None
