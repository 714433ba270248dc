"""A stand-in for the dispatcher, so that what is scheduled can be looked at without a worker."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from uuid import UUID

import pytest

from apps.common import work
from apps.common.work import Claim


class Scheduled:
    """Remembers what was asked for, and lets every fence through."""

    def __init__(self) -> None:
        self.rows: list[tuple[str, UUID]] = []
        self.finished: list[UUID] = []
        self.buried: set[UUID] = set()

    def schedule(self, kind: str, ids: Sequence[UUID], due_at: datetime | None, priority: int) -> None:
        self.rows += [(kind, id) for id in ids]

    def signal(self, kind: str, id: UUID) -> bool:
        return False

    def stopping(self, claim: Claim) -> bool:
        return False

    def requeue(self, kind: str, id: UUID) -> bool:
        return id in self.buried

    @contextmanager
    def fenced(self, claim: Claim) -> Iterator[Any]:
        finished = self.finished

        class Row:
            def finish(self) -> None:
                finished.append(claim.id)

        yield Row()


@pytest.fixture
def scheduled(monkeypatch: pytest.MonkeyPatch) -> Scheduled:
    fake = Scheduled()
    monkeypatch.setattr(work, "_dispatcher", fake)
    return fake


def claim_of(kind: str, id: UUID) -> Claim:
    return Claim(kind=kind, id=id, tenant="public", fence=1, signal=0, deaths=0)
