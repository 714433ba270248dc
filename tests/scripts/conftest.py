"""What a script has written is tried on the platform, with the fixtures of `tests.workflows`."""

from __future__ import annotations

from tests.workflows.conftest import board, builder, start, worked, workflow

__all__ = ["board", "builder", "start", "worked", "workflow"]
