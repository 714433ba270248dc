"""Before and after, field by field."""

from __future__ import annotations

from typing import Any

import pytest

from apps.compliance.audit.changes import LINES, ROWS, Change, changes_of, facts_of


def told(before: dict[str, Any], after: dict[str, Any]) -> list[tuple[str, str | None, str | None]]:
    return [(row.label, row.before, row.after) for row in changes_of(before, after).rows]


@pytest.mark.parametrize(
    ("before", "after", "rows"),
    [
        ({}, {}, []),
        ({"role": "viewer"}, {"role": "owner"}, [("Role", "viewer", "owner")]),
        ({"at_most": None}, {"at_most": 7}, [("At most", "nothing", "7")]),
        ({"on": False}, {"on": True}, [("On", "no", "yes")]),
        ({"n": 1}, {"n": True}, [("N", "1", "yes")]),
        ({"gone": 1}, {"new": 2}, [("Gone", "1", None), ("New", None, "2")]),
        ({"tags": ["a"]}, {"tags": ["a", "b"]}, [("Tags", "a", "a, b")]),
        ({"limits": {"a": 1, "b": 2}}, {"limits": {"a": 1, "b": 3}}, [("Limits › B", "2", "3")]),
        ({"a": {"b": 1}}, {"a": 2}, [("A", '{"b": 1}', "2")]),
        (
            {"steps": [{"x": 1}, {"x": 2}]},
            {"steps": [{"x": 1}, {"x": 3}, {"x": 4}]},
            [("Steps › 2. › X", "2", "3"), ("Steps › 3. › X", None, "4")],
        ),
        ({}, {"new": {"a": {"b": [1, 2]}}}, [("New › A › B", None, "1, 2")]),
    ],
)
def test_what_became_of_each_field(before: dict[str, Any], after: dict[str, Any], rows: list[Any]) -> None:
    assert told(before, after) == rows


def test_a_text_of_several_lines_is_told_line_by_line() -> None:
    lines = [f"line {number}" for number in range(20)]
    (row,) = changes_of({"text": "\n".join(lines)}, {"text": "\n".join([*lines[:10], "other", *lines[11:]])}).rows
    marks = [(line.mark, line.text) for line in row.lines]
    assert ("gone", "line 10") in marks
    assert ("new", "other") in marks
    assert ("same", "line 9") in marks
    assert ("same", "line 0") not in marks


def test_long_texts_and_many_fields_are_cut_and_it_is_told() -> None:
    (row,) = changes_of({"text": "a\n" * 1_000}, {"text": "b\n" * 1_000}).rows
    assert len(row.lines) == LINES + 1
    assert row.lines[-1].mark == "rest"
    many = changes_of({}, {f"f{number}": number for number in range(ROWS + 5)})
    assert (len(many.rows), many.more) == (ROWS, 5)


def test_what_lies_too_deep_is_told_as_json() -> None:
    deep: Any = 1
    for _ in range(50):
        deep = {"a": deep}
    ((_, before, after),) = told({"x": deep}, {"x": {"a": {"a": {"a": {"a": {"a": 2}}}}}})
    assert before is not None
    assert before.startswith('{"a"')
    assert after == "2"


@pytest.mark.parametrize(
    ("change", "word"),
    [(Change("A", None, "1"), "set"), (Change("A", "1", None), "removed"), (Change("A", "1", "2"), "changed")],
)
def test_a_change_has_a_word(change: Change, word: str) -> None:
    assert change.word == word


def test_facts_are_told_by_their_place() -> None:
    facts = facts_of({"reason": "as asked", "filter": {"kind": "x"}, "none": []})
    assert [(fact.label, fact.text) for fact in facts] == [
        ("Filter › Kind", "x"),
        ("None", "nothing"),
        ("Reason", "as asked"),
    ]
