"""Sentences: what is there is said, what was erased is told so, and nothing else is asked of a value."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from apps.audit import sentences
from apps.audit.kinds import EntryKind
from apps.audit.models import AuditEntry, AuditPayload
from apps.audit.sentences import said_of, sentence_of, worded

ROLE = EntryKind(
    "tests.role",
    "Role changed",
    "access",
    "gave {subject} the role {after[role]} in place of {before[role]}",
    frozenset({"subject", "nickname"}),
)
FACTS: dict[str, Any] = {"before": {"role": "viewer"}, "after": {"role": "administrator"}, "reason": "as asked"}
PERSONAL: dict[str, Any] = {"actor": "Ada Lovelace", "email": "ada@example.org", "subject": "Grace Hopper"}


@pytest.fixture(autouse=True)
def _kinds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sentences, "ENTRY_KINDS", {"tests.role": ROLE})


def entry(facts: Any = None, personal: Any = None, **fields: Any) -> AuditEntry:
    """One that is not stored; None is a part that was shredded."""
    made = AuditEntry(**{"id": uuid4(), "kind": "tests.role", "outcome": "done", "actor_kind": "person", **fields})
    parts = {
        name: part and {"salt": "00", "content": part} for name, part in (("facts", facts), ("personal", personal))
    }
    made.payload = AuditPayload(entry=made, **parts)
    return made


def said(sentence: str, facts: Any = FACTS, personal: Any = PERSONAL, *, monkeypatch: pytest.MonkeyPatch) -> str:
    kind = EntryKind("tests.role", "Role changed", "access", sentence, frozenset({"subject", "nickname"}))
    monkeypatch.setattr(sentences, "ENTRY_KINDS", {"tests.role": kind})
    return sentence_of(entry(facts, personal)).text


def test_an_entry_is_a_sentence() -> None:
    sentence = sentence_of(entry(FACTS, PERSONAL))
    assert sentence.text == "Ada Lovelace gave Grace Hopper the role administrator in place of viewer"
    assert [piece.text for piece in sentence.pieces if piece.is_value] == ["Grace Hopper", "administrator", "viewer"]
    assert [piece.text for piece in sentence.pieces if piece.is_subject] == ["Grace Hopper"]


def test_what_was_shredded_reads_as_erased() -> None:
    assert sentence_of(entry(FACTS)).text == "(erased) gave (erased) the role administrator in place of viewer"
    text = sentence_of(entry(None, PERSONAL)).text
    assert text == "Ada Lovelace gave Grace Hopper the role (erased) in place of (erased)"


def test_where_a_name_is_missing_the_title_stands_for_the_sentence() -> None:
    sentence = sentence_of(entry({"after": {"role": "viewer"}}, PERSONAL))
    assert sentence.is_title
    assert sentence.text == "Ada Lovelace: Role changed · Grace Hopper"


def test_a_kind_that_is_not_known_any_more_is_shown_by_its_key() -> None:
    assert sentence_of(entry(FACTS, PERSONAL, kind="gone.away")).text == "Ada Lovelace: gone.away · Grace Hopper"


@pytest.mark.parametrize(
    ("kind", "name"),
    [("system", "The platform"), ("operator", "An operator at the machine"), ("agent", "An agent"), ("new", "new")],
)
def test_whoever_has_no_name_is_called_by_what_they_are(kind: str, name: str) -> None:
    assert sentence_of(entry(FACTS, {"subject": "Grace"}, actor_kind=kind)).actor == name


@pytest.mark.parametrize(
    "sentence",
    [
        "did {subject.__class__}",
        "did {after.__class__.__mro__}",
        "did {reason!r}",
        "did {reason:>10}",
        "did {0}",
        "did {}",
        "did {{reason}}",
        "did {after[role].__class__}",
    ],
)
def test_a_sentence_is_no_format_string(sentence: str, monkeypatch: pytest.MonkeyPatch) -> None:
    text = said(sentence, monkeypatch=monkeypatch)
    assert "class '" not in text
    assert text in {f"Ada Lovelace {sentence}", "Ada Lovelace did {as asked}"}


def test_a_value_that_looks_like_a_name_is_not_filled_in_again(monkeypatch: pytest.MonkeyPatch) -> None:
    assert said("said {reason}", {"reason": "{subject}"}, monkeypatch=monkeypatch) == "Ada Lovelace said {subject}"


def test_a_whole_before_or_after_is_no_value_of_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    assert said("set {after}", monkeypatch=monkeypatch) == "Ada Lovelace: Role changed · Grace Hopper"


def test_a_fact_about_a_person_is_filled_in_and_erased_with_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    sentence = "called them {nickname}"
    assert said(sentence, FACTS, {**PERSONAL, "nickname": "Amazing"}, monkeypatch=monkeypatch).endswith("Amazing")
    assert said(sentence, FACTS, None, monkeypatch=monkeypatch).endswith("called them (erased)")


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, "nothing"), ("", "nothing"), ([], "nothing"), ({}, "nothing"), (True, "yes"), (False, "no"), (7, "7"),
        (["a", "b"], "a, b"), ({"a": 1}, '{"a": 1}'), ([{"a": 1}], '[{"a": 1}]'),
    ],
)  # fmt: skip
def test_values_are_put_in_words(value: Any, words: str) -> None:
    assert worded(value) == words


def test_a_long_value_is_cut_and_kept_on_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    text = said("said {reason}", {"reason": "a\nb" + "x" * 200}, monkeypatch=monkeypatch)
    assert text.startswith("Ada Lovelace said a bx")
    assert len(text) == len("Ada Lovelace said ") + sentences.LONGEST


def test_an_entry_without_a_payload_says_nothing() -> None:
    bare = AuditEntry(id=uuid4(), kind="tests.role", outcome="done", actor_kind="person")
    bare._state.fields_cache["payload"] = None  # as `select_related` leaves it
    found = said_of(bare)
    assert not found.has_facts
    assert not found.has_personal
    assert sentence_of(bare).text == "(erased) gave (erased) the role (erased) in place of (erased)"


def test_of_a_part_that_was_too_large_its_digest_is_told() -> None:
    facts = {"too_large": {"bytes": 300_000, "sha256": "ab"}}
    assert said_of(entry(facts, PERSONAL)).too_large == ({"bytes": 300_000, "sha256": "ab"},)
    assert sentence_of(entry(facts, PERSONAL)).is_title
