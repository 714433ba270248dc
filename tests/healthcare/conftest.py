"""Runs of the agent on the platform use the fixtures of `tests.agents`."""

from __future__ import annotations

from tests.agents.conftest import board, finished, start, work_off

__all__ = ["board", "finished", "start", "work_off"]
