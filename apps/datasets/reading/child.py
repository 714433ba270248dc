"""The process that reads a stranger's file: `python -m apps.datasets.reading.child`, a `Job` as JSON on standard input.

It has no secrets in its environment, no database, and limits on memory and processor time. It prints an `Answer`.
"""

from __future__ import annotations

import json
import resource
import sys
from pathlib import Path

from pydantic import BaseModel

from apps.common.errors import InvalidInput, Issue, Problem
from apps.datasets.reading.shapes import Reading

CPU_SECONDS = 120
MEMORY = 1536 * 1024**2
LARGEST_FILE = 4 * 1024**3


class Job(BaseModel):
    source: Path
    target: Path
    sheet: str = ""


class Refusal(BaseModel):
    """A `Problem` on its way between two processes."""

    code: str
    detail: str
    remedy: str
    issues: list[Issue]


class Answer(BaseModel):
    reading: Reading | None = None
    refusal: Refusal | None = None


def limit() -> None:
    """Give this process no more than reading a table of the largest size needs."""
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_FSIZE, (LARGEST_FILE, LARGEST_FILE))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def table_read(job: Job) -> Reading:
    """Read the file of `job`, whatever it is, and write its table. Raises a `Problem` that says what is wrong."""
    from apps.datasets.reading import columnar, grid, text, workbook
    from apps.datasets.reading.formats import kind_of

    kind = kind_of(job.source)
    if job.sheet and kind != "xlsx":
        raise InvalidInput("Only a workbook has sheets; nothing was stored.", remedy="Leave the sheet out.")
    if kind == "parquet":
        return columnar.store(job.source, job.target)
    rows = workbook.read(job.source, job.sheet) if kind == "xlsx" else text.read(job.source)
    return grid.store(rows, kind, job.target)


def answer(job: Job) -> Answer:
    try:
        return Answer(reading=table_read(job))
    except Problem as problem:
        refusal = Refusal(code=problem.code, detail=problem.detail, remedy=problem.remedy, issues=problem.issues)
        return Answer(refusal=refusal)


if __name__ == "__main__":
    limit()
    print(answer(Job.model_validate(json.load(sys.stdin))).model_dump_json())
