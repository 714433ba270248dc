"""The page of the docs says what is tried, and how to read it."""

from __future__ import annotations

from tests.isolation.table import COMMAND, PAGE, _ranges, text


def test_the_page_of_the_docs_is_that_of_the_product() -> None:
    assert PAGE.read_text() == text(), f"write it anew: {COMMAND}"


def test_numbers_in_a_row_are_written_as_one() -> None:
    assert _ranges([1, 2, 3, 5, 7, 8]) == "1-3, 5, 7-8"
    assert _ranges([]) == ""
