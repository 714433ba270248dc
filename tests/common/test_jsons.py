"""JSON from outside: what is read can be stored and written again, and everything else is told."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.common.jsons import DEEPEST, json_read

scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
values = st.recursive(scalars | texts, lambda below: st.lists(below) | st.dictionaries(texts, below), max_leaves=20)


@given(values, st.booleans())
def test_what_json_is_it_reads_as_it_is(value: Any, ascii_alone: bool) -> None:
    assert json_read(json.dumps(value, ensure_ascii=ascii_alone)) == value


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("NaN", "is not a number of JSON"),
        ("[-Infinity]", "is not a number of JSON"),
        ('{"a": 1e999}', "larger than a number may be"),
        ("-1E+400", "larger than a number may be"),
        ("9" * 400 + ".0", "larger than a number may be"),
        ("9" * 5000, "integer string conversion"),
        (r'"a\u0000"', "NUL"),
        (r'{"a\u0000": 1}', "NUL"),
        (r'["\ud800"]', "surrogates not allowed"),
        ('"\ud800"', "surrogates not allowed"),
        ("[" * (DEEPEST + 1) + "]" * (DEEPEST + 1), "nested deeper than 64"),
        ('{"a":' * 200 + "1" + "}" * 200, "nested deeper than 64"),
        ("[" * 100_000, "nested deeper than 64"),
        ("{", "line 1 column 2"),
    ],
)
def test_what_could_not_be_stored_is_told(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        json_read(text)


@pytest.mark.parametrize("text", ["1e308", "[" * DEEPEST + "]" * DEEPEST, r'"\\ud800 \\u0000 😀"', '"1e999"', "1e-999"])
def test_what_only_looks_so_is_read(text: str) -> None:
    assert json_read(text) == json.loads(text)
