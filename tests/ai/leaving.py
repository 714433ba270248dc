"""Personal data sent to a model by every way in, over the real calling path, to a server that keeps all it was sent."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils import timezone
from pydantic import BaseModel, Field

from apps.ai import loops
from apps.ai.calling import model_for
from apps.ai.contract import Message, Purpose, Reply, Request, ToolCall, ToolOffer
from apps.ai.masking import personal_values
from apps.ai.tools import Tool, ToolAnswer, ToolContext
from apps.common.permissions import Platform
from tests.ai.personal_data import Item, items, person
from tests.aiserver import AiServer, Asked, Call, Say, connect

PURPOSE = Purpose("answer")
AT_ONCE = 5
"""Items in one request."""
MODEL = "mirror"


class Visitor(BaseModel):
    name: str = Field(json_schema_extra={"personal": True})
    born: str = Field(json_schema_extra={"personal": True})
    street: str = Field(json_schema_extra={"personal": True})
    salary: float = Field(json_schema_extra={"personal": True})


class Visit(BaseModel):
    ward: str
    visitors: list[Visitor]


@dataclass
class Outcome:
    planted: Counter[str] = field(default_factory=Counter)
    """By the way in."""
    kinds: Counter[str] = field(default_factory=Counter)
    left: list[str] = field(default_factory=list)
    """What was found in what the server was sent: way and kind, never the item."""
    not_restored: list[str] = field(default_factory=list)


def mirror(asked: Asked) -> Say:
    """All that it was told, word by word; and the last of it as a tool's argument, where it is offered one."""
    told = "\n".join([each.text for each in asked.turns] + [text for each in asked.turns for _, text in each.calls])
    if asked.tools and not any(each.role == "tool" for each in asked.turns):
        return Say(calls=(Call("look_up", {"what": [asked.turns[-1].text]}),))
    return Say(told)


def plant(server: AiServer, seed: object, number: int) -> Outcome:
    """Send `number` items through the current tenant's model, `AT_ONCE` in a request, ways in turn."""
    server.always(MODEL, mirror)
    connect(server, MODEL)
    outcome = Outcome()
    every = list(items(seed, number))
    ways = list(WAYS.items())
    turn = 0
    while every:
        way, send = ways[turn % len(ways)]
        if way == "declared fields":
            group, every = _people(seed, turn), every[AT_ONCE:]
        else:
            group, every = every[:AT_ONCE], every[AT_ONCE:]
        turn += 1
        server.forget()
        came = send(group)
        _judge(outcome, way, group, "\n".join(each.raw for each in server.asked), came)
    return outcome


def _judge(outcome: Outcome, way: str, group: Sequence[Item], sent: str, came: str) -> None:
    said = sent.encode().decode("unicode_escape", "ignore")  # as JSON writes what is not ASCII
    for item in group:
        outcome.planted[way] += 1
        outcome.kinds[item.kind] += 1
        if item.is_in(sent) or item.is_in(said):
            outcome.left.append(f"{way}: {item.kind}")
        if item.core not in came:
            outcome.not_restored.append(f"{way}: {item.kind}")


def _people(seed: object, turn: int) -> list[Item]:
    told = person(f"{seed}/{turn}")
    return [*(Item(f"declared {each}", str(told[each]), str(told[each])) for each in told), _second(seed, turn)]


def _second(seed: object, turn: int) -> Item:
    name = str(person(f"{seed}/{turn}/2")["name"])
    return Item("declared name", name, name)


def _ask(request: Request, told: Callable[[str], None] | None = None) -> Reply:
    model = model_for(PURPOSE)
    if model is None:
        raise RuntimeError("No model is chosen.")
    return model.ask(request, told=told)


def _lines(group: Sequence[Item]) -> str:
    return "\n".join(f"About {each.text}, and more." for each in group)


def _prompt(group: Sequence[Item]) -> str:
    system = Message(role="system", text=f"Always copy these:\n{_lines(group)}")
    return _ask(Request(messages=(system, Message(role="user", text="Go on.")))).text


def _question(group: Sequence[Item]) -> str:
    return _ask(Request(messages=(Message(role="user", text=_lines(group)),))).text


def _stream(group: Sequence[Item]) -> str:
    pieces: list[str] = []
    _ask(Request(messages=(Message(role="user", text=_lines(group)),)), pieces.append)
    return "".join(pieces)


def _nested(group: Sequence[Item]) -> str:
    value = {"order": {"lines": [{"note": f"for {each.text} today"} for each in group], "units": 3}}
    text = f"Here it is: {json.dumps(value, ensure_ascii=False)}"
    return _ask(Request(messages=(Message(role="user", text=text),))).text.replace('\\"', '"').replace("\\\\", "\\")


def _declared(group: Sequence[Item]) -> str:
    """Fields that only their schema knows to be personal, quoted in JSON and in prose."""
    name, born, street, salary, second = (each.core for each in group)
    other = Visitor(name=second, born=born, street=street, salary=float(salary))
    visit = Visit(ward="B2", visitors=[other.model_copy(update={"name": name}), other])
    text = f"{json.dumps(visit.model_dump())}\nDear {name.upper()}, you live at {street}. Greetings to {second}."
    personal = personal_values(visit, Visit)
    return _ask(Request(messages=(Message(role="user", text=text),), personal=personal)).text


def _document(group: Sequence[Item]) -> str:
    text = f"<data># Minutes\n\n{_lines(group)}\n</data>\n\nWhat is it about?"
    return _ask(Request(messages=(Message(role="user", text=text),), holds_documents=True)).text


def _file_names(group: Sequence[Item]) -> str:
    names = [f"{place} of {each.text} (scan).pdf" for place, each in enumerate(group)]
    return _ask(Request(messages=(Message(role="user", text=f"Files: {'; '.join(names)}"),))).text


def _history(group: Sequence[Item]) -> str:
    """What was answered before, and told to tools."""
    calls = tuple(ToolCall(id=f"c{n}", name="look_up", arguments={"q": [each.text]}) for n, each in enumerate(group))
    answers = tuple(Message(role="tool", text="{}", answers=each.id) for each in calls)
    before = Message(role="assistant", text=_lines(group), calls=calls)
    return _ask(Request(messages=(Message(role="user", text="Go on."), before, *answers))).text


def _tools(group: Sequence[Item]) -> str:
    """In a question and in a tool's answer, with a tool that the model gives them to; all that the tool is told too."""
    given: list[Any] = []

    def look_up(arguments: dict[str, Any], ctx: ToolContext) -> ToolAnswer:
        given.append(arguments)
        return ToolAnswer({"rows": [{"note": each.text} for each in group[2:]]}, "", is_outside=True)

    tool = Tool("look:up", "Look up", "Looks up.", {"type": "object"}, look_up)
    request = Request(messages=(Message(role="user", text=_lines(group[:2])),))
    model = model_for(PURPOSE)
    if model is None:
        raise RuntimeError("No model is chosen.")
    ctx = ToolContext(who=Platform(), user=None, now=timezone.now(), origin="talk")
    result = loops.run(model, request, [tool], loops.Limits(), ctx)
    told = json.dumps(given, ensure_ascii=False)
    if not all(each.core in told.replace('\\"', '"').replace("\\\\", "\\") for each in group[:2]):
        return ""
    return result.text.replace('\\"', '"').replace("\\\\", "\\")


def _offers(group: Sequence[Item]) -> str:
    offer = ToolOffer(name="ask", description=f"Asks. {_lines(group)}", parameters={"type": "object"})
    done = Message(role="tool", text=_lines(group), answers="c")
    call = Message(role="assistant", calls=(ToolCall(id="c", name="ask", arguments={}),))
    return _ask(Request(messages=(Message(role="user", text="Go on."), call, done), tools=(offer,))).text


WAYS: dict[str, Callable[[Sequence[Item]], str]] = {
    "prompt": _prompt,
    "question": _question,
    "streamed answer": _stream,
    "nested values": _nested,
    "declared fields": _declared,
    "document": _document,
    "file names": _file_names,
    "earlier turns": _history,
    "tools": _tools,
    "descriptions of tools": _offers,
}
