"""A console without its assets is told at start."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from apps.console.checks import NEEDED, vendor_build


def test_a_missing_build_is_an_error_that_names_the_command(settings: Any, tmp_path: Path) -> None:
    settings.VENDOR_DIR = tmp_path
    (error,) = vendor_build(None)
    assert error.id == "console.E001"
    assert error.is_serious()
    assert "scripts/build_static.mjs" in str(error.hint)
    assert "icons.svg" in error.msg


def test_a_complete_build_is_no_error(settings: Any, tmp_path: Path) -> None:
    for name in NEEDED:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    settings.VENDOR_DIR = tmp_path
    assert vendor_build(None) == []


def test_one_missing_file_is_named(settings: Any, tmp_path: Path) -> None:
    for name in NEEDED[1:]:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    settings.VENDOR_DIR = tmp_path
    (error,) = vendor_build(None)
    assert NEEDED[0] in error.msg
    assert NEEDED[1] not in error.msg
