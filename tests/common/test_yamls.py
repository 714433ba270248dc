"""Where in a text the place of an issue stands."""

from __future__ import annotations

import pytest

from apps.common.yamls import line_of

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
