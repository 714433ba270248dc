"""What an app holds of people, and how long it keeps what. Declared by each app in its `privacy.py`, and carried out by
`compliance`: on a request to export or erase, and every day by the periods that the organisation has set.

An app subclasses `PersonalData` for each kind of data that may tell of a person, and `Retained` for each that need not
be kept for ever. A table with no word of a person is named by `exempt`, with the reason.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar, Final

from apps.common.errors import Conflict
from apps.common.identifiers import Person
from apps.common.registry import Registry

__all__ = ["EXEMPT", "PERSONAL", "RETAINED", "Found", "Item", "Person", "PersonalData", "Retained", "exempt"]


@dataclass(frozen=True)
class Item:
    """A record that tells of a person."""

    row: str
    """Its key, as `erase` takes it."""
    title: str
    at: datetime | None
    content: dict[str, Any]
    """What it says of the person, for them to read: no secret, and of others no more than cannot be told apart."""
    url: str = ""
    """Path of its page."""
    count: int = 1
    """In how many places of it the person is met."""


@dataclass(frozen=True)
class Found:
    """What one look found."""

    items: Sequence[Item]
    looked: int
    """Records that were looked at."""
    mark: str | None
    """Where the next look goes on; None: everything was looked at."""
    broken: int = 0
    """Of those that were looked at, how many hold something that does not open: nobody can say whom it is about."""


@dataclass(frozen=True)
class Erased:
    """What became of records that were to be erased."""

    digests: dict[str, str] = field(default_factory=dict)
    """Of those that were changed or deleted, by key: SHA-256 of what they held, salted (`<salt>:<digest>`, both
    hexadecimal), with which who has a copy can show that it is one."""
    kept: tuple[str, ...] = ()
    """Keys of those that are in use now, and have to be tried again."""


class Ineffaceable(Conflict):
    code = "ineffaceable"
    status = 409
    title = "This person cannot be erased yet"
    cause = "Something here needs the person's data as it is, as the organisation's active owner."
    effect = "Nothing of the record was changed."
    remedy = "See what holds on to it, end that first, and ask again."


class PersonalData(ABC):
    """A kind of data that may tell of a person. A subclass with a `key` registers itself. It holds no state."""

    key: ClassVar[str]
    """``<app>.<what>``."""
    title: ClassVar[str]
    what: ClassVar[str]
    """What of a person stands there, in a sentence."""
    erasure: ClassVar[str]
    """What becomes of it when the person is erased, in a sentence."""
    tables: ClassVar[tuple[str, ...]]
    """Labels of the models that it looks at: ``agents.AgentRun``."""

    def __init_subclass__(cls, **kwargs: object) -> None:
        super().__init_subclass__(**kwargs)
        if "key" in cls.__dict__:
            PERSONAL.register(cls.key, cls())

    @abstractmethod
    def total(self) -> int:
        """About how many records there are to look at."""

    @abstractmethod
    def find(self, person: Person, *, mark: str | None, limit: int, to_erase: bool) -> Found:
        """Look at the next records after `mark`, `limit` at most. It writes nothing.

        `to_erase`: what `erase` would change, and no record that merely names the member's account, which will be
        nobody's. Otherwise everything that an export has to tell.
        """

    @abstractmethod
    def erase(self, person: Person, rows: Sequence[str], *, request: str) -> Erased:
        """Take the person out of these records, in the caller's transaction. `request` is the number that asks for it.

        A record that is gone, or holds nothing of them any more, is passed over, so that it may be called again. Raises
        `Ineffaceable`.
        """


class Retained(ABC):
    """A kind of data that is kept for a period and then removed. A subclass with a `key` registers itself."""

    key: ClassVar[str]
    title: ClassVar[str]
    group: ClassVar[str]
    """Under which a page shows it, beside others' of the same."""
    what: ClassVar[str]
    """What is removed, and what stays, in a sentence."""
    note: ClassVar[str]
    """What law or use says of the period."""
    default: ClassVar[int | None]
    """Days; None: it is kept."""
    least: ClassVar[int] = 1
    most: ClassVar[int | None] = None
    """Days that may be set; with a `most` it cannot be kept for ever."""

    def __init_subclass__(cls, **kwargs: object) -> None:
        super().__init_subclass__(**kwargs)
        if "key" in cls.__dict__:
            RETAINED.register(cls.key, cls())

    @abstractmethod
    def due(self, before: datetime) -> int:
        """How many records are older than that and would be removed now. One statement."""

    @abstractmethod
    def expire(self, before: datetime, limit: int) -> int:
        """Remove `limit` of them at most, the oldest first, in the caller's transaction. Returns how many; fewer than
        `limit` where there are no more. It waits for no lock: what is in use has its turn another day."""


PERSONAL: Registry[PersonalData] = Registry("Kind of personal data")
RETAINED: Registry[Retained] = Registry("Kind of data that is kept for a period")
EXEMPT: Final[dict[str, str]] = {}
"""Why a model is looked at by none, by label."""


def exempt(reason: str, *labels: str) -> None:
    """Say of models why nobody looks at them for people: a test holds every other one to a `PersonalData`."""
    for label in labels:
        EXEMPT[label] = reason
