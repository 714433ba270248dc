"""A hundred explanations with a wrong number in each: every one is marked, on the page and in the file."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from apps.agents.models import AgentMessage, AgentRun
from apps.agents.talk import saying
from apps.agents.talk.said import said_of
from apps.agents.talk.shown import NOT_FROM, Shown, file_of
from apps.ai.fake import FakeModel, standing_in

pytestmark = pytest.mark.usefixtures("acme")
TEXTS = (
    "Cy asks for {right}, which is refused; Bo asks for {wrong}.",
    "In all there were {wrong} who asked, of which one was refused at {right}.",
    "It was held against {wrong} EUR, and {right} was seen.",
    "The mean is {wrong} EUR. The largest is {right}.",
    "Growth was {wrong} %, and the largest asks for {right}.",
)


def planted() -> list[tuple[str, str]]:
    """Texts with the wrong number that is in each: figures that are nowhere in the result, nor round to one."""
    chance = Random(20261126)
    found: list[tuple[str, str]] = []
    known = {3, 5, 10, 100, 500, 1000, 2000}
    while len(found) < 100:
        number = chance.choice([chance.uniform(20, 90), chance.uniform(2100, 90_000), chance.uniform(150, 450)])
        text = chance.choice([f"{number:.1f}", f"{number:,.2f}", f"{round(number):,}"])
        if round(number) not in known:
            found.append((chance.choice(TEXTS).format(right="2,000", wrong=text), text))
    return found


def test_a_hundred_wrong_numbers_are_marked(decided: AgentRun, ask: Any, write: Any, member: Any) -> None:
    with standing_in(FakeModel(planted()[0][0])):
        message = ask(decided, user=member("analyst"))
        write()
    message.refresh_from_db()
    who, marked, right = member("analyst"), 0, 0
    first = said_of(message)
    for text, wrong in planted():
        said = saying.checked(who, decided, first.model_copy(update={"text": text}))
        found = {said.text[each.start : each.end].rstrip(" %"): each.verified for each in said.marks}
        marked += found[wrong] is False and not said.is_verified
        right += found["2,000"]
        message.said = said.model_dump(mode="json")
        message.run = decided
        shown = Shown.of(message)
        assert f"[{NOT_FROM}]" in file_of(shown, "txt")
    assert (marked, right) == (100, 100)


def test_a_file_says_above_the_text_what_its_numbers_are_worth(decided: AgentRun, ask: Any, write: Any) -> None:
    with standing_in(FakeModel("Cy asks for 2,000 and Bo for 777.", "Cy asks for 2,000.")):
        one, other = ask(decided), ask(decided)
        while write():
            pass
    texts = []
    for message in AgentMessage.objects.order_by("number").select_related("run"):
        texts.append(file_of(Shown.of(message), "txt"))
    assert (one.number, other.number) == (1, 2)
    assert "1 of its 2 numbers is not from the result." in texts[0]
    assert "Bo for 777 [not from the result]." in texts[0]
    assert "Its number is from the result." in texts[1]
    assert f"[{NOT_FROM}]" not in texts[1]


def test_a_file_of_markdown_reads_as_the_text_does(decided: AgentRun, ask: Any, write: Any) -> None:
    with standing_in(FakeModel("# Not a title\n- *plain* 777")):
        ask(decided)
        write()
    message = AgentMessage.objects.select_related("run").get()
    assert file_of(Shown.of(message), "md").endswith("\\# Not a title\n- \\*plain\\* 777 \\[not from the result\\]\n")
