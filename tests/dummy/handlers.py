"""A kind of work whose every behaviour a test can ask for."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import ClassVar
from uuid import UUID

from apps.common.work import Claim, WorkKind, fenced


class DummyWork(WorkKind):
    name = "dummy.work"
    lease = 2.0
    leave_within = 0.0

    do: ClassVar[Callable[[Claim], None] | None] = None
    """What a claim leads to; finishing the row when None."""
    performed: ClassVar[list[Claim]] = []
    buried: ClassVar[list[tuple[UUID, str]]] = []
    revived: ClassVar[list[UUID]] = []
    wanted: ClassVar[list[UUID]] = []

    @classmethod
    def reset(cls) -> None:
        cls.do = None
        for each in (cls.performed, cls.buried, cls.revived, cls.wanted):
            each.clear()

    def perform(self, claim: Claim) -> None:
        self.performed.append(claim)
        if DummyWork.do is not None:
            DummyWork.do(claim)
            return
        with fenced(claim) as row:
            row.finish()

    def bury(self, claim: Claim, cause: str) -> None:
        self.buried.append((claim.id, cause))

    def revive(self, id: UUID) -> None:
        self.revived.append(id)

    def pending(self) -> Iterable[UUID]:
        return list(self.wanted)


class DummyPlatformWork(WorkKind):
    """The least that a kind can be, for the platform."""

    name = "dummy.platform"
    queue = "io"
    scope = "platform"

    def perform(self, claim: Claim) -> None:
        with fenced(claim) as row:
            row.finish()

    def bury(self, claim: Claim, cause: str) -> None: ...

    def revive(self, id: UUID) -> None: ...

    def pending(self) -> Iterable[UUID]:
        return []
