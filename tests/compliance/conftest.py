"""A log, and people who read it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction

from apps.accounts.models import User
from apps.audit import places, sequencing

Make = Callable[..., User]


@pytest.fixture
def ada(member: Make) -> User:
    return member("administrator", name="Ada Lovelace", email="ada@example.org")


@pytest.fixture
def grace(member: Make) -> User:
    return member("viewer", name="Grace Hopper", email="grace@example.org")


@pytest.fixture
def outside(settings: Any, tmp_path: Path) -> Path:
    """The folder that checkpoints are published in."""
    settings.AUDIT_CHECKPOINTS = str(tmp_path / "outside")
    return tmp_path / "outside"


@pytest.fixture
def seal(outside: Path) -> Callable[[], None]:
    """Put what is pending into the tree of the tenant that is entered, and publish the checkpoint."""

    def run() -> None:
        with transaction.atomic():
            sequencing.append(sequencing.clock())
        sequencing._publish(places.place())

    return run
