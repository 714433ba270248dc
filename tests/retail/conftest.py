"""Runs of the agent on the platform use the fixtures of `tests.agents`."""

from __future__ import annotations

from importlib import import_module

import pytest

from tests.agents.conftest import board, finished, start, work_off

__all__ = ["board", "finished", "models_loaded", "start", "work_off"]


@pytest.fixture(scope="session")
def models_loaded() -> None:
    """The models are imported: in tests nothing renews the lease of a run, and the first import takes seconds."""
    import_module("statsforecast.models")
