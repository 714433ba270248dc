"""What takes an operator from the operators' host to a tenant's: good once, within a minute, in that tenant alone."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any, Final

from redis.exceptions import RedisError

from apps.common.errors import Unavailable
from apps.gateway.marks import TICKET, digest_of, is_whole, mint
from apps.tenants.fast import redis, redis_key

LIFETIME: Final = 60
"""Seconds within which a ticket is used."""


@dataclass(frozen=True)
class Entry:
    """Who comes, and by which grant."""

    grant: str
    operator: str
    """The id of the operator's account in the operators' own tenant."""
    email: str
    name: str
    reference: str = ""
    """What the visit is about, in the operators' own books."""


def entry_mint(entry: Entry) -> str:
    """A ticket into the tenant that this thread is in. Raises `Unavailable` without Redis."""
    text = mint(TICKET)
    try:
        redis().set(_place(text), json.dumps(asdict(entry)), ex=LIFETIME)
    except RedisError as error:
        raise Unavailable("Nobody can be let in now; no ticket was made.", remedy="Try again in a minute.") from error
    return text


def entry_redeem(text: str) -> Entry | None:
    """What a ticket of this tenant stands for, once; None for any other text. Raises `Unavailable`."""
    if not is_whole(text, TICKET):
        return None
    try:
        stored: Any = redis().getdel(_place(text))
    except RedisError as error:
        raise Unavailable("Tickets cannot be looked at now.", remedy="Try again in a minute.") from error
    return None if stored is None else Entry(**json.loads(stored))


def _place(text: str) -> str:
    """Under a digest that the tenant is part of: who reads Redis holds no ticket, and no other tenant has it."""
    return redis_key("entry", digest_of(text).hex())
