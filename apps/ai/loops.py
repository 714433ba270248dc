"""A model that asks tools until it can answer, within limits: the one loop, for custom agents and for questions.

What a tool says is data. It is given to the model between marks that nothing in it can end, and whatever it says, the
model can do no more than ask the tools that it was offered, which read.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any, Final

from apps.ai.answers import faults
from apps.ai.contract import Message, Model, Reply, Request, ToolCall, ToolOffer, Usage
from apps.ai.failures import ModelStopped
from apps.ai.masking import has_free_text
from apps.ai.tooling import by_name
from apps.ai.tools import Tool, ToolAnswer, ToolContext
from apps.common import tracing
from apps.common.errors import Problem

LONGEST_ANSWER: Final = 12_000
"""Characters of a tool's answer that a model is given: some 3,000 tokens."""
_ISSUES_TOLD: Final = 5


@dataclass(frozen=True)
class Limits:
    """How much one question may take."""

    calls: int = 6
    """Of the model. The last one is offered no tools, so that it answers with what it has."""
    uses: int = 12
    """Of tools."""
    tokens: int = 60_000
    """Of all requests and answers together, as they are counted."""
    seconds: float = 120.0
    money: Decimal | None = None
    """In the tenant's currency, of which `spent` tells; None: no more than budgets allow."""


class LoopEnded(Problem):
    code, status, title = "model_limit_reached", 409, "The model came to no answer within its limits"
    cause = "It may ask so many tools, and use so many tokens and seconds for one question, and that was not enough."
    effect = "Nothing was made of it. What the calls cost is counted; everything that is computed is there as always."
    remedy = "Ask for less at a time, or have the limits raised where they can be set."


@dataclass(frozen=True)
class ToolUse:
    """What the model asked a tool, and what came of it."""

    call: ToolCall
    tool: Tool | None
    """None: it was not offered one of this name."""
    answer: ToolAnswer | None
    """None: it failed, or was not asked."""
    problem: str
    """Why there is no answer, as the model was told."""
    milliseconds: int


@dataclass(frozen=True)
class Turn:
    """One call of the model, and the tools that it asked for then."""

    reply: Reply
    uses: tuple[ToolUse, ...]
    milliseconds: int


@dataclass
class LoopResult:
    """What a model came to."""

    text: str = ""
    data: Any = None
    """Of a request with a schema for the answer."""
    refusal: str = ""
    is_cut: bool = False
    trace: list[Turn] = field(default_factory=list)

    @property
    def uses(self) -> list[ToolUse]:
        """Every use of a tool, in order."""
        return [use for turn in self.trace for use in turn.uses]

    @property
    def tool_answers(self) -> list[ToolAnswer]:
        """What tools found: with the request, all that the model's figures may come from."""
        return [use.answer for use in self.uses if use.answer is not None]

    @property
    def read_outside(self) -> bool:
        """Whether a tool told it text that was written by somebody outside."""
        return any(answer.is_outside for answer in self.tool_answers)

    @property
    def usage(self) -> Usage:
        """Tokens of all calls together."""
        known = [turn.reply.usage for turn in self.trace if turn.reply.usage]
        return Usage(
            input=sum(each.input for each in known),
            cached=sum(each.cached for each in known),
            output=sum(each.output for each in known),
        )


def run(
    model: Model,
    request: Request,
    tools: Sequence[Tool],
    limits: Limits,
    ctx: ToolContext,
    told: Callable[[str], None] | None = None,
    *,
    anew: Callable[[], None] = lambda: None,
    spent: Callable[[], Decimal] = Decimal,
) -> LoopResult:
    """Ask the model, and the tools that it asks for, until it answers.

    With `told` each text streams; `anew` says that what was streamed so far led to a tool, and is no part of the
    answer; `spent` is what it has cost so far. Raises `LoopEnded` at a limit, `ModelStopped` once `ctx.stopping` says
    so, and what asking a model raises.
    """
    result, until = LoopResult(), time.monotonic() + limits.seconds
    named = by_name(tools)
    offers = tuple(ToolOffer(name=n, description=t.description, parameters=t.parameters) for n, t in named.items())
    messages = list(request.messages)
    for number in range(limits.calls):
        if ctx.stopping():
            raise ModelStopped
        is_last = number == limits.calls - 1
        begun = time.monotonic()
        quotes = request.holds_documents or any(
            each.is_outside and has_free_text(each.data) for each in result.tool_answers
        )
        asked = request.model_copy(
            update={"messages": tuple(messages), "tools": () if is_last else offers, "holds_documents": quotes}
        )
        reply = model.ask(asked, told=told)
        took = _milliseconds(begun)
        if not reply.calls or is_last:
            result.trace.append(Turn(reply, (), took))
            break
        left = limits.uses - len(result.uses)
        uses = tuple(_use(call, named, ctx, until, place < left) for place, call in enumerate(reply.calls))
        result.trace.append(Turn(reply, uses, took))
        _within(limits, result, until, spent)
        anew()
        messages.append(Message(role="assistant", text=reply.text, calls=reply.calls))
        messages += [Message(role="tool", text=_told_of(use), answers=use.call.id) for use in uses]
    if reply.calls and not (reply.text or reply.data is not None):
        raise LoopEnded(f"After {limits.calls} calls it still asked for tools.")
    result.text, result.data = reply.text, reply.data
    result.refusal, result.is_cut = reply.refusal, reply.is_cut
    return result


def _within(limits: Limits, result: LoopResult, until: float, spent: Callable[[], Decimal]) -> None:
    used = result.usage.input + result.usage.output
    if used >= limits.tokens:
        raise LoopEnded(f"It used {used:,} tokens of {limits.tokens:,}.")
    if time.monotonic() >= until:
        raise LoopEnded(f"It took longer than {limits.seconds:g} s.")
    if limits.money is not None and (cost := spent()) >= limits.money:
        raise LoopEnded(f"It cost {cost.normalize():f} of {limits.money.normalize():f}.")


def _use(call: ToolCall, tools: dict[str, Tool], ctx: ToolContext, until: float, is_allowed: bool) -> ToolUse:
    """Ask a tool, where the model may. What goes wrong in a way that it can learn from is told to it."""
    tool = tools.get(call.name)
    told = {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.type": "function"}
    # A name that was not offered is the model's own words.
    name = tool.name if tool is not None else "unknown"
    with tracing.span(f"execute_tool {name}", facts=told | {"gen_ai.tool.name": name}) as span:
        use = _asked(call, tool, tools, ctx, until, is_allowed)
        if use.answer is None:
            span.fail("tool_error")
    return use


def _asked(
    call: ToolCall, tool: Tool | None, tools: dict[str, Tool], ctx: ToolContext, until: float, is_allowed: bool
) -> ToolUse:
    begun = time.monotonic()
    answer, problem = None, ""
    if tool is None:
        problem = f"There is no tool {call.name!r}. There is: {', '.join(tools)}."
    elif not is_allowed or begun >= until:
        problem = "No more tools may be asked for this question. Answer with what you have, and say what is missing."
    elif wrong := faults(call.arguments, tool.parameters):
        problem = f"The arguments are not right: {'; '.join(wrong)}."
    else:
        try:
            left = min(ctx.seconds, until - begun)  # a tool takes no longer than what is left for all
            answer = tool.use(call.arguments, replace(ctx, seconds=left))
        except Problem as found:
            told = [f"{each.path}: {each.message}" if each.path else each.message for each in found.issues]
            problem = " ".join([found.detail, *told[:_ISSUES_TOLD]])
    return ToolUse(call, tool, answer, problem, _milliseconds(begun))


def _told_of(use: ToolUse) -> str:
    """What the model is told of a use. Text from outside has no `<` that could end the mark around it."""
    if use.answer is None:
        return _marked({"problem": use.problem})
    text = _marked(use.answer.data)
    if len(text) <= LONGEST_ANSWER:
        return text
    note = "This is too long: only its beginning is here. Ask for less at a time."
    return f"{text[:LONGEST_ANSWER]}</data> {note}"


def _marked(data: Any) -> str:
    told = json.dumps(data, ensure_ascii=False, separators=(",", ":"), default=str).replace("<", "\\u003c")
    return f"<data>{told}</data>"


def _milliseconds(begun: float) -> int:
    return round(1000 * (time.monotonic() - begun))
