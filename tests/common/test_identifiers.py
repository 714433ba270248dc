"""A person is found by whole names, addresses and numbers, and taken out without a trace of them."""

from __future__ import annotations

import json
from uuid import uuid4

import pytest

from apps.common.identifiers import ERASED, MOST, Person, identifier_tidied, identifiers_flaw

ANA = Person(("ana@acme.example", "Ana Pérez", "C-1001", "4711"))


@pytest.mark.parametrize(
    "text",
    [
        "ana@acme.example", "Mail ANA@acme.Example.", "<ana@acme.example>", "Ana Pérez", "ana  pérez, of Lima",
        "Ana Pe\u0301rez", "report_Ana Pérez.pdf", "C-1001", "export_c-1001.csv", "(C-1001)", "4711", "No. 4711.",
    ],
)  # fmt: skip
def test_an_identifier_is_found_however_it_is_spelled_and_leaves_nothing(text: str) -> None:
    assert ANA.is_in(text)
    cleaned = ANA.taken_out_of(text)
    assert ERASED in cleaned
    assert not ANA.is_in(cleaned)


@pytest.mark.parametrize("said", ["Of:\nAna Pérez", "Ana\nPérez", "\tana@acme.example", "No.\r\n4711"])
@pytest.mark.parametrize("ascii", [True, False])
def test_a_text_that_is_json_is_read_with_its_escapes(said: str, ascii: bool) -> None:
    text = json.dumps({"answer": said}, ensure_ascii=ascii)
    assert ANA.is_in(text)
    assert not ANA.is_in(json.loads(ANA.taken_out_of(text)))


@pytest.mark.parametrize(
    "text", ["CORP\\nana@acme.example", json.dumps(["CORP\\nana@acme.example"]), "{CORP\\\\nana@acme.example"]
)
def test_a_backslash_that_is_none_of_an_escape_is_left(text: str) -> None:
    assert not ANA.is_in(text)


@pytest.mark.parametrize(
    "text",
    [
        "joana@acme.example", "maria.ana@acme.example", "ana@acme.example.org", "Diana Pérez", "Ana Pérezosa",
        "C-10011", "AC-1001", "C-1001-2", "C-1001.5", "14711", "4711.50", "0,4711", "Ana", "",
    ],
)  # fmt: skip
def test_who_is_called_nearly_so_is_another_person(text: str) -> None:
    assert not ANA.is_in(text)
    assert ANA.taken_out_of(text) == text


def test_keys_of_rows_are_no_numbers_of_people() -> None:
    key = "0192f3a4-4711-7d8e-9f00-112233445566"
    assert not ANA.is_in({"dataset": key})
    assert Person((key,)).is_in({"dataset": key})


def test_numbers_and_names_of_fields_are_looked_at_too() -> None:
    value = {"4711": True, "customer": 4711, "amount": 4711.0, "is_new": True}
    assert ANA.count(value) == 2
    assert ANA.taken_out_of(value) == {ERASED: True, "customer": 0, "amount": 4711.0, "is_new": True}


def test_what_tells_of_a_person_is_the_row_around_and_not_those_of_others() -> None:
    value = {
        "rows": [{"name": "Ana Pérez", "sum": 3}, {"name": "Bo Li", "sum": 4}],
        "cells": [["Bo", 1], ["C-1001", 2]],
    }
    assert ANA.parts(value) == [("rows.0", {"name": "Ana Pérez", "sum": 3}), ("cells.1", ["C-1001", 2])]
    cleaned = ANA.taken_out_of(value)
    assert cleaned["rows"] == [{"name": ERASED, "sum": 3}, {"name": "Bo Li", "sum": 4}]


def test_a_text_alone_is_its_own_part() -> None:
    assert ANA.parts("of Ana Pérez") == [("", "of Ana Pérez")]


@pytest.mark.parametrize(
    ("identifiers", "place"),
    [(["Ana"], 0), (["x" * 201], 0), (["fine", "a\x00bcd"], 1), ([f"name {n}" for n in range(MOST + 1)], MOST)],
)
def test_what_cannot_be_looked_for_is_refused_with_its_place(identifiers: list[str], place: int) -> None:
    flaw = identifiers_flaw(identifiers)
    assert flaw is not None
    assert flaw[0] == place


def test_nobody_is_found_without_an_identifier() -> None:
    nobody = Person((), member=uuid4())
    assert not nobody.is_in({"any": "thing"})
    assert identifiers_flaw([identifier_tidied("  Ana \n Pérez ")]) is None
