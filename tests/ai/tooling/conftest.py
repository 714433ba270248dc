"""Runs, tables and workflows for tools to find: the fixtures of the apps that have them."""

from tests.agents.conftest import board, start, work_off
from tests.datasets.conftest import made
from tests.workflows.conftest import builder, worked, workflow

__all__ = ["board", "builder", "made", "start", "work_off", "worked", "workflow"]
