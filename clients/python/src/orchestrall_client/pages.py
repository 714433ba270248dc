"""Lists that come a page at a time, as one iterator."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeVar
from urllib.parse import urlsplit
from uuid import UUID

from orchestrall_client.connection import Call, Connection
from orchestrall_client.errors import UnexpectedAnswer

T = TypeVar("T")


def items(connection: Connection, call: Call, show: Callable[[Any], T]) -> Iterator[T]:
    """The items of all pages. A page is asked for when its first item is."""
    following: Call | None = call
    while following is not None:
        page = connection.json(following)
        if not isinstance(page, dict) or not isinstance(page.get("items"), list):
            raise UnexpectedAnswer(f"{call.method} {call.path} was not answered with a page of a list.")
        yield from map(show, page["items"])
        # Of the address of the next page only what is not the host: a credential goes to no other one.
        address = urlsplit(page.get("next") or "")
        following = Call("GET", f"{address.path}?{address.query}") if address.path else None


def id_of(thing: UUID | str | Any, what: str) -> str:
    """The id of a thing, or the id itself, as it stands in an address. Raises `ValueError` for what is none."""
    try:
        return str(UUID(str(getattr(thing, "id", thing))))
    except ValueError:
        form = "0192f3a4-b5c6-7d8e-9f00-112233445566"
        raise ValueError(f"{thing!r} is no id of a {what}: ids look like {form}.") from None
