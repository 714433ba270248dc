"""Personal data out of what a model is sent, and back into what it answers."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final, Self, cast

from pydantic import BaseModel

from apps.ai.contract import Message, Reply, Request, ToolCall, ToolOffer
from apps.ai.masking.streaming import Restorer
from apps.ai.masking.tokens import LITERAL, Tokens, is_nonce, nonce_make, tokens_of
from apps.ai.masking.values import Scalar, is_personal_name, mapped
from apps.ai.schemas import Schema, schema_of
from apps.common.detectors import Kind, find

_SHORTEST_KNOWN: Final = 4
"""Characters of a declared value from which on it is looked for in other text: shorter ones are words and figures."""
_FEWEST_OF_INT: Final = 9
"""Digits of a whole number that may be one of a person's."""
_MOST_PLACES: Final = 20
# A field of JSON that a text quotes; and of JSON that is a text within JSON.
_PAIRS = (
    (re.compile(r'"([^"\\\n]{1,80})"\s*:\s*(?:"((?:[^"\\]|\\.)*)"|(-?\d[\d.]*))'), 1),
    (re.compile(r'\\"([^"\\\n]{1,80})\\"\s*:\s*(?:\\"((?:[^"\\]|\\\\\\"|\\\\\\\\|\\\\\w)*)\\"|(-?\d[\d.]*))'), 2),
)
_WORD = re.compile(r"\w+")


@dataclass(frozen=True)
class Masked:
    """What was masked of one kind: never the values."""

    kind: str
    count: int
    """Different values."""
    places: tuple[str, ...]
    """Where they stood, such as ``messages[1]``; the first twenty."""


@dataclass(frozen=True)
class _Span:
    start: int
    end: int
    kind: str
    value: Scalar | None = None
    """What it says, where it is written otherwise there."""


class Masker:
    """Masks for one conversation: the same value is the same token all along. Not for two threads at once."""

    def __init__(self, nonce: str = "") -> None:
        self._tokens: Tokens = tokens_of(nonce or nonce_make())
        self._values: dict[tuple[str, int], Scalar] = {}
        self._numbers: dict[tuple[str, type, Scalar], int] = {}
        self._counts: Counter[str] = Counter()
        self._known: dict[str, dict[tuple[int, int], set[str]]] = {}
        """In small letters, by their first word, then by their length (negative) and where that word begins in them:
        thousands may begin with the same one."""
        self._places: dict[str, dict[str, None]] = {}

    @property
    def example(self) -> str:
        """One of the tokens that were written; empty where none was."""
        kind, number = next((key for key in self._values if key[0] != LITERAL), ("", 0))
        return self._tokens.write(kind, number) if kind else ""

    # What leaves

    def request(self, request: Request) -> Request:
        """The request as it may leave: every text in it masked, names and descriptions of tools too."""
        self.know(request.personal)
        messages = tuple(self._message(each, f"messages[{place}]") for place, each in enumerate(request.messages))
        tools = tuple(self._tool(each, f"tools[{place}]") for place, each in enumerate(request.tools))
        return request.model_copy(update={"messages": messages, "tools": tools, "personal": ()})

    def _message(self, message: Message, where: str) -> Message:
        calls = tuple(
            each.model_copy(update={"arguments": self.mask_value(each.arguments, where=f"{where}.calls[{place}]")})
            for place, each in enumerate(message.calls)
        )
        return message.model_copy(update={"text": self.mask_text(message.text, where=where), "calls": calls})

    def _tool(self, tool: ToolOffer, where: str) -> ToolOffer:
        """Its schema stays as it is where nothing is found: its words are the program's."""
        return tool.model_copy(update={"description": self.mask_text(tool.description, where=f"{where}.description")})

    def know(self, values: Iterable[str]) -> None:
        """Mask these wherever they stand from now on, in any case of letters: what schemas declare personal."""
        for value in values:
            text = value.strip()
            if len(text) < _SHORTEST_KNOWN:
                continue
            for each in {text, json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1]}:
                word = _WORD.search(each)
                if word is not None:
                    held = self._known.setdefault(word[0].lower(), {})
                    held.setdefault((-len(each), word.start()), set()).add(each.lower())

    def mask_text(self, text: str, where: str = "text", *, label: str = "") -> str:
        """`text` with a token for each value that is found in it. `label` is the name of what it stands under."""
        parts, done = [], 0
        for span in self._spans(text, label):
            parts += [text[done : span.start], self._token(span.kind, text[span.start : span.end], span.value, where)]
            done = span.end
        return "".join(parts) + text[done:]

    def mask_value(self, value: Any, schema: type[BaseModel] | Schema | None = None, where: str = "input") -> Any:
        """`value` as JSON, with tokens for what its schema declares personal, what fields are named, and is found."""

        def change(scalar: Scalar, path: str, name: str, declared: bool) -> Any:
            is_text = isinstance(scalar, str)
            if declared or (is_text and scalar and is_personal_name(name)):
                if is_text:
                    self.know([cast(str, scalar)])
                return self._token(Kind.PERSONAL, str(scalar), scalar, path) if scalar != "" else scalar
            if is_text:
                return self.mask_text(cast(str, scalar), path, label=name)
            if type(scalar) is int and abs(scalar) >= 10 ** (_FEWEST_OF_INT - 1):
                found = find(str(scalar), label=name)
                return self._token(found[0].kind, str(scalar), scalar, path) if found else scalar
            return scalar

        return mapped(value, schema_of(schema), change, self.mask_text, where)

    def _spans(self, text: str, label: str) -> list[_Span]:
        """What is masked, in order and apart. What looks like a token comes first: it must not be read as one later."""
        every = [_Span(*match.span(), LITERAL) for match in self._tokens.whole.finditer(text)]
        every += self._named_in(text)
        every += self._known_in(text)
        every += [_Span(*found) for found in find(text, label=label)]
        apart: list[_Span] = []
        for span in sorted(every, key=lambda each: (each.start, -each.end)):
            if not apart or span.start >= apart[-1].end:
                apart.append(span)
            elif span.end > apart[-1].end:  # both go, and as one
                apart[-1] = _Span(apart[-1].start, span.end, apart[-1].kind)
        return apart

    def _named_in(self, text: str) -> list[_Span]:
        """The values of fields with personal names, where a text quotes JSON."""
        spans = []
        for pattern, layers in _PAIRS if '"' in text else ():
            for match in pattern.finditer(text):
                is_text = match[2] is not None
                start, end = match.span(2 if is_text else 3)
                if end - start >= (1 if is_text else _SHORTEST_KNOWN) and is_personal_name(match[1]):
                    spans.append(_Span(start, end, Kind.PERSONAL, _unescaped(text[start:end], layers)))
        return spans

    def _known_in(self, text: str) -> list[_Span]:
        spans = []
        for word in _WORD.finditer(text) if self._known else ():
            held = self._known.get(word[0].lower(), {})
            for length, before in sorted(held):  # the longest first
                start = word.start() - before
                end = start - length
                if (
                    start >= 0
                    and text[start:end].lower() in held[length, before]
                    and not _is_within_word(text, start, end)
                ):
                    spans.append(_Span(start, end, Kind.PERSONAL, _unescaped(text[start:end], 1)))
                    break
        return spans

    def _token(self, kind: str, text: str, value: Scalar | None, where: str) -> str:
        meant: Scalar = text if value is None else value
        number = self._numbers.get((kind, type(meant), meant))
        if number is None:
            self._counts[kind] += 1
            number = self._numbers[kind, type(meant), meant] = self._counts[kind]
            self._values[kind, number] = meant
        places = self._places.setdefault(kind, {})
        if len(places) < _MOST_PLACES:
            places[where] = None
        return self._tokens.write(kind, number)

    # What comes back

    def reply(self, reply: Reply) -> Reply:
        """The reply with what was masked put back: its text, its data, and what it tells tools."""
        return reply.model_copy(
            update={
                "text": self.restore_text(reply.text),
                "refusal": self.restore_text(reply.refusal),
                "data": self.restore_value(reply.data),
                "calls": tuple(self._call(each) for each in reply.calls),
            }
        )

    def _call(self, call: ToolCall) -> ToolCall:
        return call.model_copy(update={"arguments": self.restore_value(call.arguments)})

    def restore_text(self, text: str) -> str:
        """`text` with each token of this conversation replaced by its value. In one pass: no value is looked into."""
        return self._tokens.whole.sub(self._value_of, text)

    def restore_value(self, value: Any) -> Any:
        """A value of JSON with what was masked put back; a number that was one is one again."""
        if isinstance(value, Mapping):
            return {self.restore_text(str(key)): self.restore_value(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self.restore_value(item) for item in value]
        if not isinstance(value, str):
            return value
        alone = self._tokens.whole.fullmatch(value)
        return self.restore_text(value) if alone is None else self._values.get(self._tokens.read(alone), value)

    def restorer(self) -> Restorer:
        """For an answer that comes in pieces."""
        return Restorer(self._tokens, self._value_of)

    def _value_of(self, match: re.Match[str]) -> str:
        value = self._values.get(self._tokens.read(match))
        return match[0] if value is None else str(value)

    # What was done

    def is_left_in(self, text: str) -> bool:
        """Whether a masked text still holds what a detector knows, outside its tokens."""
        tokens = [match.span() for match in self._tokens.whole.finditer(text)]
        return any(not any(start < found.end and found.start < end for start, end in tokens) for found in find(text))

    def report(self) -> list[Masked]:
        """What was masked so far, by kind. What only looked like a token is none of it."""
        return [
            Masked(kind, self._counts[kind], tuple(places))
            for kind, places in sorted(self._places.items())
            if kind != LITERAL
        ]

    def counts(self) -> dict[str, int]:
        """How many different values of each kind were masked."""
        return {each.kind: each.count for each in self.report()}

    def state(self) -> dict[str, Any]:
        """All that `resumed` needs. It holds the values: store it sealed (`PayloadField`)."""
        return {"nonce": self._tokens.nonce, "values": [[kind, each] for (kind, _), each in self._values.items()]}

    @classmethod
    def resumed(cls, state: Mapping[str, Any]) -> Self:
        """The masker of a conversation that goes on. Raises `ValueError` for what is no `state()`."""
        if not is_nonce(str(state.get("nonce"))):
            raise ValueError("This is no state of a masker: its letters are missing.")
        masker = cls(state["nonce"])
        for kind, value in state["values"]:
            masker._counts[kind] += 1
            masker._numbers[kind, type(value), value] = masker._counts[kind]
            masker._values[kind, masker._counts[kind]] = value
            masker._places.setdefault(kind, {})
            if kind == Kind.PERSONAL and isinstance(value, str):
                masker.know([value])
        return masker


def _unescaped(text: str, layers: int) -> str:
    """What a text means that is quoted in JSON, and that in JSON again where there are two `layers`."""
    for _ in range(layers):
        if "\\" in text:
            with suppress(ValueError):
                text = str(json.loads(f'"{text}"'))
    return text


def _is_within_word(text: str, start: int, end: int) -> bool:
    before, behind = text[start - 1 : start], text[end : end + 1]
    return (before.isalnum() and text[start].isalnum()) or (behind.isalnum() and text[end - 1].isalnum())
