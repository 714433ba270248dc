"""The client is a package of its own, that needs what it declares and nothing of the server."""

from __future__ import annotations

import ast
import importlib
import re
import sys
import tomllib
from pathlib import Path

import orchestrall_client
import pytest

PACKAGE = Path(__file__).resolve().parents[2] / "clients" / "python"
SOURCES = sorted((PACKAGE / "src").rglob("*.py"))
DECLARED = tomllib.loads((PACKAGE / "pyproject.toml").read_text())
OWN = "orchestrall_client"
# Each extra is for the module of its name.
EXTRAS: dict[str, list[str]] = DECLARED["project"]["optional-dependencies"]


def packages(requirements: list[str]) -> set[str]:
    """What is imported of requirements."""
    return {re.split(r"[<>=]", each)[0].replace("-", "_") for each in requirements}


def imported(text: str) -> set[str]:
    """The packages that a module imports, wherever in it."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            found |= {name.name.partition(".")[0] for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add("." if node.level else str(node.module).partition(".")[0])
    return found


def test_it_imports_what_it_declares_and_nothing_else() -> None:
    used = {name for path in SOURCES if path.stem not in EXTRAS for name in imported(path.read_text())}
    assert used - set(sys.stdlib_module_names) - {OWN} == packages(DECLARED["project"]["dependencies"])


@pytest.mark.parametrize("extra", EXTRAS)
def test_a_module_that_needs_an_extra_imports_that_and_nothing_else_imports_it(extra: str) -> None:
    (module,) = (path for path in SOURCES if path.stem == extra)
    used = imported(module.read_text()) - set(sys.stdlib_module_names) - {OWN}
    assert used == packages(EXTRAS[extra])
    others = [path.name for path in SOURCES if f"{OWN}.{extra}" in path.read_text() and path != module]
    assert others == []


def test_an_import_of_the_server_would_be_found() -> None:
    text = "def late():\n    import apps.common\n    from orchestrall import start\n    from . import x\n"
    assert imported(text) == {"apps", "orchestrall", "."}


def test_it_is_found_where_it_lies_and_is_typed() -> None:
    assert Path(orchestrall_client.__file__).parent == PACKAGE / "src" / OWN
    assert (PACKAGE / "src" / OWN / "py.typed").exists()
    assert (PACKAGE / "LICENSE").read_text() == (PACKAGE.parents[1] / "LICENSE").read_text()


def test_its_command_and_its_version_are_where_the_package_says() -> None:
    module, _, name = DECLARED["project"]["scripts"]["orchestrall"].partition(":")
    assert callable(getattr(importlib.import_module(module), name))
    version = (PACKAGE / DECLARED["tool"]["hatch"]["version"]["path"]).read_text()
    assert f'"{orchestrall_client.__version__}"' in version


@pytest.mark.parametrize("name", orchestrall_client.__all__)
def test_what_it_offers_is_there(name: str) -> None:
    assert hasattr(orchestrall_client, name)
