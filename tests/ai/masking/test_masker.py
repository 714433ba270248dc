"""What is masked before it goes to a model, and that it comes back as it was."""

from __future__ import annotations

import json
import string
from datetime import UTC, datetime
from time import process_time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pydantic import BaseModel, Field

from apps.ai import loops
from apps.ai.contract import Message, Reply, Request, ToolCall, ToolOffer
from apps.ai.fake import FakeModel
from apps.ai.masking import Masker, PersonalDataStays, masked_for_leaving, personal_values
from apps.ai.tools import Tool, ToolAnswer, ToolContext
from apps.common.permissions import Platform
from tests.planted import secrets_make

no_deadline = hypothesis_settings(deadline=None)
NONCE = "KQZMB"
ALIKE = ["[[EMAIL_1_KQZMB]]", "email 1 kqzmb", r"\[EMAIL\_1\_KQZMB", "[[PERSONAL_1_KQZMB]]", "[[LITERAL_1_KQZMB]]"]
EMAIL, PHONE = "ana@acme.example", "+49 30 901820"


class Person(BaseModel):
    name: str = Field(json_schema_extra={"personal": True})
    salary: float = Field(json_schema_extra={"personal": True})
    born: str | None = Field(default=None, json_schema_extra={"personal": True})
    city: str = ""


class Team(BaseModel):
    people: list[Person]
    lead: Person | None = None
    size: int = 0


def ask(text: str, **more: Any) -> Request:
    return Request(messages=(Message(role="system", text="Answer."), Message(role="user", text=text)), **more)


# Out, and back


@hypothesis_settings(deadline=None, max_examples=30)
@given(
    st.lists(st.integers(0, 49), max_size=4),
    st.integers(0, 10**6),
    st.text(string.ascii_letters + " ,.[]()\\*", max_size=30),
)
def test_a_text_comes_back_letter_by_letter(numbers: list[int], seed: int, between: str) -> None:
    masker = Masker()
    text = between + between.join(f" {secrets_make(seed)[number].text} " for number in numbers) + between
    masked = masker.mask_text(text)
    assert masker.restore_text(masked) == text
    assert not masker.is_left_in(masked)
    assert not any(secrets_make(seed)[number].is_in(masked) for number in numbers)


@no_deadline
@given(st.text(max_size=200))
def test_any_text_comes_back(text: str) -> None:
    masker = Masker()
    assert masker.restore_text(masker.mask_text(text)) == text or '"' in text


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**12), 10**12) | st.floats(allow_nan=False) | st.text(max_size=12)
    | st.sampled_from([EMAIL, PHONE, "4111 1111 1111 1111", 111222333]),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(st.sampled_from(["name", "email", "bsn", "rows", "note", EMAIL, "n"]), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


@no_deadline
@given(JSON)
def test_any_value_comes_back_with_its_types(value: Any) -> None:
    masker = Masker()
    masked = masker.mask_value(value)
    restored = masker.restore_value(masked)
    assert restored == value
    assert json.dumps(restored) == json.dumps(value)
    assert EMAIL not in json.dumps(masked)


def test_the_same_value_is_the_same_token_all_along() -> None:
    masker = Masker(NONCE)
    assert masker.mask_text(f"{EMAIL} and {EMAIL}") == "[[EMAIL_1_KQZMB]] and [[EMAIL_1_KQZMB]]"
    assert masker.mask_value({"to": EMAIL, "cc": "bo@acme.example"}) == {
        "to": "[[EMAIL_1_KQZMB]]",
        "cc": "[[EMAIL_2_KQZMB]]",
    }
    assert Masker.resumed(json.loads(json.dumps(masker.state()))).mask_text(EMAIL) == "[[EMAIL_1_KQZMB]]"


def test_what_is_no_state_is_refused() -> None:
    with pytest.raises(ValueError, match="no state"):
        Masker.resumed({"values": []})


# What is personal


def test_what_a_schema_declares_personal_is_masked_wherever_it_is_nested() -> None:
    masker = Masker(NONCE)
    ana = Person(name="Ana Horvat", salary=5120.5, city="Graz")
    masked = masker.mask_value(Team(people=[ana], lead=ana, size=2), Team)
    first = {"name": "[[PERSONAL_1_KQZMB]]", "salary": "[[PERSONAL_2_KQZMB]]", "born": None, "city": "Graz"}
    assert masked == {"people": [first], "lead": first, "size": 2}
    assert masker.restore_value(masked)["lead"]["salary"] == 5120.5
    assert masker.mask_text("Dear ana horvat, in Graz") == "Dear [[PERSONAL_3_KQZMB]], in Graz"
    assert masker.restore_text("Dear [[PERSONAL_3_KQZMB]]") == "Dear ana horvat"


def test_declared_values_are_told_once_each() -> None:
    ana = Person(name="Ana Horvat", salary=5120.5)
    assert personal_values(Team(people=[ana, ana]), Team) == ("Ana Horvat", "5120.5")


@pytest.mark.parametrize("name", ["email", "customerName", "first_name", "phone", "date_of_birth", "patient", "apiKey"])
def test_a_field_whose_name_says_so_is_masked(name: str) -> None:
    masker = Masker()
    assert "Zoltan" not in json.dumps(masker.mask_value({"rows": [{name: "Zoltan K"}]}))
    for text in (json.dumps({name: "Zoltan K", "n": 1}), json.dumps({"told": json.dumps({name: 'Zoltan "K"'})})):
        masked = masker.mask_text(text)
        assert "Zoltan" not in masked
        assert json.loads(masked)


@pytest.mark.parametrize("name", ["rows", "name", "product_name", "emails_sent", "city", "mean"])
def test_other_fields_stay(name: str) -> None:
    value = {name: "North 7", "n": 12_345, "share": 0.12, "of": [1, 2.5, True, None]}
    assert Masker().mask_value(value) == value


def test_names_of_fields_are_masked_too() -> None:
    masker = Masker(NONCE)
    masked = masker.mask_value({"by_customer": {EMAIL: 3}})
    assert masked == {"by_customer": {"[[EMAIL_1_KQZMB]]": 3}}
    assert masker.restore_value(masked) == {"by_customer": {EMAIL: 3}}


def test_a_value_that_is_quoted_in_json_comes_back_as_it_is_meant() -> None:
    masker = Masker(NONCE)
    masked = masker.mask_text('{"customer_name": "Zo\\u00eb \\"Z\\" Li"}')
    assert masked == '{"customer_name": "[[PERSONAL_1_KQZMB]]"}'
    assert masker.restore_value({"to": "[[PERSONAL_1_KQZMB]]"}) == {"to": 'Zoë "Z" Li'}


def test_the_report_tells_kinds_counts_and_places_and_no_value() -> None:
    masker = Masker()
    masker.mask_text(f"{EMAIL} {EMAIL} bo@acme.example {PHONE}", "messages[1]")
    assert masker.counts() == {"email": 2, "phone": 1}
    assert [(each.kind, each.places) for each in masker.report()] == [
        ("email", ("messages[1]",)),
        ("phone", ("messages[1]",)),
    ]
    assert EMAIL not in str(masker.report())


# Tokens that a model changed, and tokens of others


@pytest.mark.parametrize(
    "form",
    [
        "[[EMAIL_1_KQZMB]]",
        "[[email_1_kqzmb]]",
        "[EMAIL_1_KQZMB]",
        "EMAIL_1_KQZMB",
        "[[ EMAIL_1_KQZMB ]]",
        "[[EMAIL 1 KQZMB]]",
        "[[EMAIL-1-KQZMB]]",
        r"\[\[EMAIL\_1\_KQZMB\]\]",
    ],
)
def test_a_token_is_known_again_when_a_model_changed_how_it_is_written(form: str) -> None:
    masker = Masker(NONCE)
    masker.mask_text(EMAIL)
    for around in ("{}", "**{}**", "to {}.", "`{}`", "({})", "«{}»"):
        assert masker.restore_text(around.format(form)) == around.format(EMAIL)
    assert masker.restore_value([form]) == [EMAIL]


@pytest.mark.parametrize(
    "form", ["[[EMAIL_1]]", "[[EMAIL_1_BCDFG]]", "[[EMAIL_2_KQZMB]]", "xEMAIL_1_KQZMBx", "[[IBAN_1_KQZMB]]"]
)
def test_a_token_of_no_conversation_or_another_restores_nothing(form: str) -> None:
    masker = Masker(NONCE)
    masker.mask_text(EMAIL)
    assert masker.restore_text(form) == form


@no_deadline
@given(st.sampled_from(ALIKE), st.text("[]\\ _EMAIL1KQZMB", max_size=12))
def test_a_token_in_a_text_from_outside_comes_back_as_text_and_never_as_a_value(form: str, around: str) -> None:
    masker = Masker(NONCE)
    masker.mask_text(EMAIL)
    outside = f"{around}{form}{around}"
    masked = masker.mask_text(outside)
    assert EMAIL not in masker.restore_text(masked)
    assert masker.restore_text(masked) == outside


def test_a_value_that_looks_like_a_token_is_not_looked_into() -> None:
    masker = Masker(NONCE)
    masker.mask_text(EMAIL)
    masker.know(["Mr [[EMAIL_1_KQZMB]]"])
    masked = masker.mask_text("for Mr [[EMAIL_1_KQZMB]] today")
    assert EMAIL not in masker.restore_text(masked)


# In pieces


@no_deadline
@given(st.data())
def test_an_answer_in_pieces_comes_to_the_same_and_shows_no_half_of_a_token(data: st.DataObject) -> None:
    masker = Masker(NONCE)
    masker.mask_text(f"{EMAIL} {PHONE} MRN 0012345")
    forms = [
        "[[EMAIL_1_KQZMB]]",
        "[[phone_1_kqzmb]]",
        r"\[PATIENT\_ID\_1\_KQZMB\]",
        "EMAIL_1_KQZMB",
        "[[EMAIL_9_KQZMB]]",
    ]
    words = st.sampled_from([*forms, " ", "a", "[", "]", "\\", "E", "EMAIL", "PATIENT", "_1", "KQZMB", ". ", "**"])
    text = "".join(data.draw(st.lists(words, max_size=12)))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=10)))
    restorer, shown = masker.restorer(), []
    for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True):
        shown.append(restorer.feed(text[start:end]))
    shown.append(restorer.end())
    assert "".join(shown) == masker.restore_text(text)


def test_what_cannot_become_a_token_is_shown_at_once() -> None:
    restorer = Masker(NONCE).restorer()
    assert restorer.feed("Sales rose by 12 ") == "Sales rose by 12 "
    assert restorer.feed("[[EMA") == ""
    assert restorer.feed("IL") == ""
    assert restorer.feed(" is the word.") == "[[EMAIL is the word."


# What may leave


def test_every_part_of_a_request_is_masked_and_of_a_reply_restored() -> None:
    request = Request(
        messages=(
            Message(role="user", text=f"Write to {EMAIL}."),
            Message(role="assistant", calls=(ToolCall(id="1", name="find", arguments={"who": {"mail": [EMAIL]}}),)),
            Message(role="tool", text=f'<data>{{"email":"{EMAIL}","phone":"{PHONE}"}}</data>', answers="1"),
        ),
        tools=(ToolOffer(name="find", description=f"Ask {EMAIL} for help.", parameters={}),),
    )
    masked, masker = masked_for_leaving(request, keeps_personal_data=True)
    left = masked.model_dump_json()
    assert EMAIL not in left
    assert PHONE not in left
    token = masker.mask_text(EMAIL)
    assert masked.messages[0].text.endswith("stand for data that you are not shown. Copy them letter by letter.")
    reply = masker.reply(
        Reply(
            text=f"Sent to {token}",
            data={"to": token},
            calls=(ToolCall(id="2", name="send", arguments={"to": [token]}),),
        )
    )
    assert (reply.text, reply.data, reply.calls[0].arguments) == (f"Sent to {EMAIL}", {"to": EMAIL}, {"to": [EMAIL]})


def test_a_request_without_personal_data_leaves_as_it_is() -> None:
    request = ask("How much is 12 % of 1,234.50 EUR?")
    assert masked_for_leaving(request, keeps_personal_data=True)[0] == request


def test_declared_values_are_masked_wherever_they_stand_in_a_request() -> None:
    masked, _ = masked_for_leaving(
        ask("Ana Horvat is 12 days late.", personal=("Ana Horvat",)), keeps_personal_data=True
    )
    assert "Horvat" not in masked.model_dump_json()


@pytest.mark.parametrize(
    "request_",
    [
        ask("What does the letter say?", holds_documents=True),
        ask("Li is late", personal=("Li",)),  # too short to be told from words
        ask("x", answer_schema={"properties": {EMAIL: {"type": "string"}}}),
        ask("x", tools=(ToolOffer(name="find", description="Finds.", parameters={"enum": [EMAIL]}),)),
    ],
)
def test_what_masking_cannot_promise_does_not_leave_where_personal_data_is_kept(request_: Request) -> None:
    with pytest.raises(PersonalDataStays):
        masked_for_leaving(request_, keeps_personal_data=True)
    masked_for_leaving(request_, keeps_personal_data=False)


def test_prose_that_a_tool_found_outside_does_not_leave_where_personal_data_is_kept() -> None:
    note = "Dear all, this is what Ana told me about the late delivery of last week."
    answers = {"prose": {"rows": [{"note": note}]}, "cells": {"rows": [{"store": "North 7", "late": 3}]}}
    tool = Tool(
        "test:read", "Read", "Reads.", {"type": "object"}, lambda given, _: ToolAnswer(answers[given["what"]], "", True)
    )
    told = {}
    for what in answers:
        model = FakeModel(Reply(calls=(ToolCall(id="1", name="test_read", arguments={"what": what}),)), "Done.")
        context = ToolContext(who=Platform(), user=None, now=datetime(2026, 1, 1, tzinfo=UTC), origin="talk")
        loops.run(model, ask("x"), [tool], loops.Limits(), context)
        told[what] = [each.holds_documents for each in model.asked]
    assert told == {"prose": [False, True], "cells": [False, False]}


def test_thousands_of_values_that_begin_with_the_same_word_are_known_as_fast_as_others() -> None:
    def seconds(values: list[str]) -> float:
        masker, begun = Masker(NONCE), process_time()
        masker.know(values)
        masked = masker.mask_text(" and ".join(values[:200]))
        assert values[0] not in masked
        assert masker.restore_text(masked) == " and ".join(values[:200])
        return process_time() - begun

    apart = seconds([f"Smith{n} the Doctor" for n in range(4_000)])
    alike = seconds([f"Doctor Smith{n}" for n in range(4_000)])
    assert alike < 5 * apart


def test_of_two_values_that_begin_alike_the_longer_one_is_masked() -> None:
    masker = Masker(NONCE)
    masker.know(["Ana Lee", "Ana Lee-Ortiz", "(Ana) Lee"])
    assert masker.mask_text("ANA LEE-ORTIZ met ana lee; (Ana) Lee left, Ana Leeson stayed") == (
        f"[[PERSONAL_1_{NONCE}]] met [[PERSONAL_2_{NONCE}]]; [[PERSONAL_3_{NONCE}]] left, Ana Leeson stayed"
    )
