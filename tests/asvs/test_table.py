"""The table of the security standard is whole, true to the tests that it names, and that of the docs."""

from __future__ import annotations

import re

import pytest

from tests.asvs.rows import REQUIREMENTS, Row
from tests.asvs.table import PAGE, chapters, page
from tests.running import ROOT

ROWS = [pytest.param(row, id=row.number) for chapter in chapters() for row in chapter.rows]


def test_every_chapter_is_decided() -> None:
    assert [chapter.number for chapter in chapters()] == list(REQUIREMENTS)


@pytest.mark.parametrize("chapter", chapters(), ids=lambda chapter: str(chapter.number))
def test_no_requirement_is_left_out_or_told_twice(chapter: object) -> None:
    numbers = [row.number for row in chapter.rows]  # type: ignore[attr-defined]
    assert len(numbers) == REQUIREMENTS[chapter.number][1]  # type: ignore[attr-defined]
    assert numbers == sorted(set(numbers), key=lambda number: [int(part) for part in number.split(".")])
    assert {number.partition(".")[0] for number in numbers} == {str(chapter.number)}  # type: ignore[attr-defined]


@pytest.mark.parametrize("row", ROWS)
def test_a_row_names_a_test_that_is_there_or_a_reason(row: Row) -> None:
    assert row.tests or row.reason or row.lacks
    for each in row.tests:
        file, _, name = each.partition("::")
        assert re.search(rf"^(?:async )?def test_{name}\(", (ROOT / file).read_text(), re.MULTILINE), each


def test_the_page_of_the_docs_is_that_of_the_table() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run `python -m tests.asvs.table`"
