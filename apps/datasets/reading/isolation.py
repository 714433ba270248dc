"""Reads a file in a child process, so that a hostile or huge one costs that process and nothing else."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from pathlib import Path

import apps
from apps.common.errors import InvalidInput, Problem, TooLarge, UnsupportedFormat
from apps.datasets.reading.child import Answer, Job, Refusal
from apps.datasets.reading.shapes import Reading

logger = logging.getLogger(__name__)

SECONDS = 180
_ROOT = Path(apps.__path__[0]).parent
_PROBLEMS: dict[str, type[Problem]] = {kind.code: kind for kind in (InvalidInput, TooLarge, UnsupportedFormat)}


def table_read(*, source: Path, target: Path, sheet: str = "") -> Reading:
    """Read the file at `source` and write its table as Parquet to `target`.

    Raises `InvalidInput`, `UnsupportedFormat` or `TooLarge`; then `target` may exist and is the caller's to remove.
    """
    job = Job(source=source, target=target, sheet=sheet)
    try:
        child = subprocess.run(
            [sys.executable, "-m", "apps.datasets.reading.child"],
            input=job.model_dump_json().encode(),
            capture_output=True,
            cwd=_ROOT,
            env=_environment(),
            timeout=SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise _too_much() from error
    if child.returncode != 0:
        logger.warning(
            "reading a file ended with %s: %s", child.returncode, child.stderr[-2000:].decode(errors="replace")
        )
        raise _too_much()
    answer = Answer.model_validate_json(child.stdout)
    if answer.refusal is not None:
        raise _problem(answer.refusal)
    if answer.reading is None:
        raise RuntimeError("the reading process answered nothing")
    return answer.reading


def _environment() -> dict[str, str]:
    """No address or secret of the installation, few threads, and an allocator that takes no more than it uses."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "LD_LIBRARY_PATH", "TMPDIR") if name in os.environ}
    return {**kept, "PYTHONDONTWRITEBYTECODE": "1", "OMP_NUM_THREADS": "2", "ARROW_DEFAULT_MEMORY_POOL": "system"}


def _problem(refusal: Refusal) -> Problem:
    return _PROBLEMS[refusal.code](refusal.detail, remedy=refusal.remedy, issues=refusal.issues)


def _too_much() -> TooLarge:
    """A child that was ended from outside, or that broke: its limits are generous, so the file is to blame."""
    return TooLarge(
        "The file needs more memory or time than a table of its size should, or is damaged; nothing was stored.",
        remedy="Save it again as CSV or Parquet, and leave out what is not needed.",
    )
