"""Where in a text the place of an issue stands."""

from __future__ import annotations

import pytest

from apps.common.errors import InvalidInput
from apps.common.yamls import DEEPEST, line_of, text_read

TEXT = """# a comment
name: greet
steps:
  hello:
    kind: transform
    set:
      text: Hello
  check:
    kind: branch
    cases:
      - go: [a, b]
      - when: {field: x}
        go: []
"""


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("name", 2),
        ("steps.hello", 4),
        ("steps.hello.set.text", 7),
        ("steps.check.cases.1.go", 13),
        ("steps.check.cases.1", 12),
        ("steps.check.cases.0.when", 11),  # which is missing: the case that lacks it
        ("steps.check.cases.1.when.test.field", 12),  # `test` tells what form the condition has
        ("steps.check.cases.7", 10),
        ("nothing", None),
        ("", None),
    ],
)
def test_a_place_is_found_by_its_line_or_by_that_of_what_holds_it(path: str, line: int | None) -> None:
    assert line_of(TEXT, path) == line


@pytest.mark.parametrize("text", ["a: [", "", "[" * 5000, "a: &x 1\nb: *x"])
def test_what_cannot_be_read_has_no_lines(text: str) -> None:
    assert line_of(text, "a") is None


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a: !!set {x}", "set is no kind of data"),
        ("a: !!binary aGVsbG8=", "binary is no kind of data"),
        ("a: !!timestamp 2001-01-01", "timestamp is no kind of data"),
        ("a: .inf", "too large, or is none"),
        ("a: .nan", "too large, or is none"),
        (f"a: 0x{'f' * 5_000}", "too large, or is none"),
        (r'a: "\uD800"', "half of a character"),
        (f"a: {'[' * (DEEPEST + 1)}{']' * (DEEPEST + 1)}", "64 levels at most"),
    ],
)
def test_what_json_does_not_have_is_refused_at_its_line(text: str, told: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        text_read(text)
    (issue,) = refused.value.issues
    assert (issue.path[:6], told in issue.message) == ("line 1", True), issue


def test_what_json_has_is_read() -> None:
    deep = f"{'[' * (DEEPEST - 1)}1{']' * (DEEPEST - 1)}"
    read = text_read(f"{{a: {deep}, b: 99999999999999999999, c: 1.5, d: 2001-01-01, e: no, f: true, g: null}}")
    assert read.pop("a")[0]
    assert read == {"b": 99999999999999999999, "c": 1.5, "d": "2001-01-01", "e": "no", "f": True, "g": None}
