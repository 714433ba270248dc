"""A decision on paper: everything that it rests on, the same bytes for the same record."""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from apps.accounts.models import User
from apps.agents import decisions, papers, reviews
from apps.agents.contract import AGENTS
from apps.agents.models import AgentRun
from apps.agents.paper_pdf import _printed, _Words, pdf_bytes
from tests.agents.conftest import Start
from tests.agents.test_pages import text_of
from tests.agents.test_records import ASKED, DECIDER
from tests.retail.conftest import models_loaded

__all__ = ["models_loaded"]

Make = Callable[..., User]


@pytest.fixture
def decided(finished: Start) -> AgentRun:
    return finished(key=DECIDER, **ASKED)


@pytest.fixture
def page(client_for: Callable[..., Client], member: Make) -> Client:
    return client_for(member("viewer"))


def paper(run: AgentRun) -> papers.Paper:
    row = decisions.decision_get(who=User(role="owner"), run=run, position=0)
    reviewed, taken = decisions.reviews_of(row), decisions.actions_of(row)
    feedback = decisions.feedback_of(who=User(role="owner"), run=run)
    return papers.paper_of(row, decisions.record_of(run), reviewed, taken, feedback)


def get(page: Client, run: AgentRun, sort: str) -> Any:
    answer = page.get(f"/runs/{run.ref}/decisions/0/record.{sort}")
    assert answer.status_code == 200
    return answer


def test_the_html_has_everything_and_loads_nothing(page: Client, decided: AgentRun, member: Make) -> None:
    user = member("analyst", name="Ann")
    row = decisions.decision_get(who=user, run=decided, position=0)
    reviews.decision_review(who=user, user=user, decision=row, verdict="hold", reason="They <b>called</b>.", seen=0)
    answer = get(page, decided, "html")
    words, body = text_of(answer), answer.content.decode()
    for told in (
        "Decider: Cy",
        "Hold for review",
        "By the agent Refuse",
        "5,000.00 EUR on a scale of 0 to 10,000 EUR: Huge",
        "[1] As it was asked (row 3 of the data)",
        "[3] On asking (Asking and giving, chapter 2, https://example.org/asking)",
        "100 EUR, seen 5,000 EUR",
        "Hold for review, by Ann",
        "They <b>called</b>.",
        "Count it again",
        "dummy.decider 2.1",
        "Setting hold_from 100.0",
        "Language model none",
        "A test decided this.",
        str(decided.result.record["input_sha256"]),
        paper(decided).digest,
    ):
        assert told in words, told
    assert "<b>" not in body
    assert not re.search(r"(src|href)=|url\(|@import|<script", body)
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{decided.ref}-decision-0.html"'


def test_the_pdf_is_one_page_with_its_fonts_and_the_hash(page: Client, decided: AgentRun) -> None:
    answer = get(page, decided, "pdf")
    content = answer.content
    assert content.startswith(b"%PDF-")
    assert answer.headers["Content-Type"] == "application/pdf"
    assert len(re.findall(rb"/Type /Page\b", content)) == 1
    assert b"/FontFile2" in content
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{decided.ref}-decision-0.pdf"'


def pages(content: bytes) -> int:
    return len(re.findall(rb"/Type /Page\b", content))


def test_what_takes_a_little_more_than_a_page_is_set_smaller_and_what_takes_many_is_not(decided: AgentRun) -> None:
    made = paper(decided)
    points = made.sections[0].points
    while _printed(made, 1.0)[1] == 1:
        points.append(("Two drugs that together do what neither does alone.", ["A label"]))
    assert pages(pdf_bytes(made)) == 1
    made.sections[0].points = points * 5
    assert pages(pdf_bytes(made)) > 2


def test_what_several_sources_say_and_each_source_is_told_once(decided: AgentRun) -> None:
    row = decisions.decision_get(who=User(role="owner"), run=decided, position=0)
    row.record["reasons"] = [
        {"text": "They clash", "evidence": [{"text": "Seen", "key": "Cy", "source": name} for name in ("A", "B")]},
        {"text": "It is large", "evidence": [{"text": "Seen", "key": "Cy", "source": "B"}]},
    ]
    (first, second) = papers.paper_of(row, None, [], {}, []).sections[0].points
    assert first[1] == ["[1] Seen (result “Cy”; A)", "[2] B"]
    assert second[1] == ["[3] Seen (result “Cy”; source of [2])"]


@pytest.mark.parametrize("key", sorted(agent.key for agent in AGENTS if agent.industry != "dummy"))
def test_each_decision_of_the_examples_of_an_industrys_agent_goes_on_one_page(
    finished: Start, models_loaded: None, key: str
) -> None:
    agent = AGENTS[key]
    assert len(agent.examples) >= 3
    for example in agent.examples:
        run = finished(key=key, **example.input)
        assert run.status == "succeeded", example.title
        if run.verdict:
            assert pages(pdf_bytes(paper(run))) == 1, example.title


def test_what_people_found_and_models_that_were_trained_here_are_on_the_paper(
    page: Client, decided: AgentRun, member: Make
) -> None:
    ann = member("analyst", name="Ann")
    reviews.feedback_give(who=ann, user=ann, run=decided, is_right=False, comment="They <b>called</b>.")
    decided.result.record |= {"trained": {"dummy.tendency": 3}}
    decided.result.save()
    words = text_of(get(page, decided, "html"))
    assert re.search(r"Wrong, by Ann, .* UTC They <b>called</b>\.", words)
    assert "Trained here dummy.tendency version 3" in words


@pytest.mark.parametrize("sort", ["html", "pdf"])
def test_the_same_record_gives_the_same_bytes_and_a_review_other_ones(
    page: Client, decided: AgentRun, member: Make, sort: str
) -> None:
    first = get(page, decided, sort).content
    assert get(page, decided, sort).content == first
    user = member("analyst")
    row = decisions.decision_get(who=user, run=decided, position=0)
    reviews.decision_review(who=user, user=user, decision=row, verdict="hold", reason="Known.", seen=0)
    assert get(page, decided, sort).content != first


def test_the_hash_changes_with_anything_on_the_paper(decided: AgentRun) -> None:
    one, other = paper(decided), paper(decided)
    assert one.digest == other.digest
    other.summary += "."
    assert other.seal().digest != one.digest


def test_characters_that_the_font_lacks_are_written_by_their_numbers_and_said_so(decided: AgentRun) -> None:
    latin, words = _Words(), _Words()
    assert latin.plain("Zoë Čapek & Ørsted, 100 €") == "Zoë Čapek & Ørsted, 100 €"
    assert not latin.replaced
    assert words.plain("王 & Ivan") == "<U+738B> & Ivan"
    assert words.replaced
    assert words("<王>") == "&lt;&lt;U+738B&gt;&gt;"
    assert words.plain("a\x00\u202eb") == "ab"


def test_a_paper_with_any_text_can_be_printed(decided: AgentRun) -> None:
    made = paper(decided)
    made.title = "<font color='red'>王</font> & <br> " + "x" * 3000
    made.sections[0].points = [("<para>" * 50, ["&amp;" * 400, "\x00"])] * 300
    made.sections[0].pairs = [("Setting parts", '{"name": "a part", "length": 1.5}, ' * 500)]
    content = pdf_bytes(made)
    assert content.startswith(b"%PDF-")
    assert zlib.crc32(content) == zlib.crc32(pdf_bytes(made))


def test_a_decision_that_is_not_there_has_no_paper(page: Client, decided: AgentRun) -> None:
    assert page.get(f"/runs/{decided.ref}/decisions/9/record.pdf").status_code == 404
    assert page.get(f"/runs/{decided.ref}/decisions/0/record.exe").status_code == 404
