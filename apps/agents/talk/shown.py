"""Messages about a run as its page shows them, and as files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal

from django.utils import timezone

from apps.agents.finding import agent_of
from apps.agents.models import AgentMessage, AgentRun
from apps.agents.talk import selectors
from apps.agents.talk.asking import has_model
from apps.agents.talk.said import Asked, Mark, Read, Said, Tone, asked_of, said_of
from apps.ai.permissions import MODELS_MANAGE, MODELS_USE
from apps.common import formats
from apps.common.permissions import Principal

NOT_FROM: Final = "not from the result"
TONES: Final[dict[Tone, str]] = {"plain": "Plain", "formal": "Formal", "friendly": "Friendly"}
Form = Literal["txt", "md"]


@dataclass(frozen=True)
class Shown:
    """A message with what was asked and said."""

    message: AgentMessage
    asked: Asked
    said: Said

    @classmethod
    def of(cls, message: AgentMessage) -> Shown:
        return cls(message, asked_of(message), said_of(message))

    @property
    def pieces(self) -> list[tuple[str, Mark | None]]:
        return self.said.pieces

    @property
    def own_reads(self) -> list[Read]:
        """What tools were asked for this very message."""
        return [each for each in self.said.reads if not each.is_earlier]

    @property
    def text_marked(self) -> str:
        """The text to be copied: what is not from the result says so behind it."""
        return "".join(
            f"{words} [{NOT_FROM}]" if mark is not None and not mark.verified else words for words, mark in self.pieces
        )

    @property
    def told(self) -> str:
        """What the number check came to, in a sentence."""
        number, bad = len(self.said.marks), self.said.unmatched
        if not self.said.model:
            return "Explained from the computation, no model was asked."
        if not number:
            return "There are no numbers in it."
        if not self.said.figures:
            return "There are no figures in it: its numbers are dates, counts and parts of names."
        if not bad:
            return (
                "Its number is from the result." if number == 1 else f"Each of its {number} numbers is from the result."
            )
        are = "is" if bad == 1 else "are"
        return f"{bad} of its {number} number{'s' if number > 1 else ''} {are} {NOT_FROM}."


def talk_context(who: Principal, run: AgentRun) -> dict[str, Any]:
    """What the page of a run with a result says of messages about it, and what it lets a person ask. Two statements."""
    return {
        "talk": [Shown.of(message) for message in selectors.messages_query(who=who, run=run)],
        "can_ask": who.can(MODELS_USE),
        "can_connect": who.can(MODELS_MANAGE),
        "has_model": has_model(run.agent_key),
        "tones": TONES,
        "not_from": NOT_FROM,
    }


def file_of(shown: Shown, form: Form) -> str:
    """A text as a file. What its numbers are worth stands above it and in it."""
    message, run = shown.message, shown.message.run
    agent = agent_of(run.agent_key, run.agent_version)
    day = formats.day(timezone.localtime(message.finished_at or message.created_at))
    title = f"{message.get_kind_display()} about {run.ref}, {agent.title if agent else run.agent_key}, {day}"
    by = f"Written by {shown.said.model}" if shown.said.model else "In the agent's own words"
    head = f"{by}{', changed by a person' if shown.said.edited else ''}. {shown.told}"
    if shown.said.unmatched:
        head += f" Each of these is followed by [{NOT_FROM}]: check it before you use the text."
    if form == "md":
        return f"# {title}\n\n> {head}\n\n{_escaped(shown.text_marked)}\n"
    return f"{title}\n{head}\n\n{'-' * 40}\n\n{shown.text_marked}\n"


def _escaped(text: str) -> str:
    """Plain text as Markdown that reads the same: only hyphens at the beginning of lines keep their sense."""
    for sign in "\\`*_<>#|[]":
        text = text.replace(sign, f"\\{sign}")
    return text
