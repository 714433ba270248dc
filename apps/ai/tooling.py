"""What sources of tools share: arguments that are checked, waiting that holds nothing, names that a model may use."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterable
from typing import Any, Final, TypeVar

from django.db import connection
from pydantic import BaseModel, ValidationError

from apps.ai.tools import Tool, ToolContext
from apps.common.errors import Conflict, InvalidInput, Problem

Arguments = TypeVar("Arguments", bound=BaseModel)

DEEPEST: Final = 3
"""Agents that ask one another, one within the other."""
FIRST_LOOK, LOOK_EVERY = 0.05, 0.5
"""Seconds between two looks at what is waited for: they grow from the one to the other."""


class ToolFailed(Problem):
    code, status, title = "tool_failed", 422, "The tool came to no answer"
    cause = "What the tool started ended without a result, or what it asked did not answer as it should."
    effect = "There is no answer. What was started is kept, with the reason why it failed."
    remedy = "Read the reason, mend what it names, and ask again."


class AsksTooDeep(Conflict):
    code, status, title = "tool_too_deep", 409, "Agents ask each other too deep"
    cause = "An agent asked an agent, which asked another one, more often than is allowed: perhaps in a circle."
    effect = "The last one was not started; those before it go on without its answer."
    remedy = "Ask fewer agents within each other, and take the agent's own circle out of its tools."


def arguments_of(model: type[Arguments], given: dict[str, Any]) -> Arguments:
    """The arguments as `model`. Raises `InvalidInput` with an issue for each that is wrong."""
    try:
        return model.model_validate(given)
    except ValidationError as error:
        raise InvalidInput.from_pydantic(error) from error


def schema_of(model: type[BaseModel]) -> dict[str, Any]:
    """The JSON Schema of arguments, without the words that are for those who read the code."""
    schema = model.model_json_schema()
    schema.pop("description", None)
    return {**schema, "type": "object"}


def origin_of(ctx: ToolContext) -> str:
    """Where a run that a tool starts came from, with the depth at which it is: ``agent:2``."""
    return f"{ctx.origin}:{ctx.depth}" if ctx.depth else ctx.origin


def depth_of(origin: str) -> int:
    """How many agents are above a run of this origin; 0 for one that no agent has started."""
    _, _, depth = origin.partition(":")
    return int(depth) if depth.isdecimal() else 0


def require_depth(ctx: ToolContext) -> None:
    """Raise `AsksTooDeep` where one more agent would be one too many."""
    if ctx.depth > DEEPEST:
        raise AsksTooDeep(f"{DEEPEST} agents ask each other already; this one was not started.")


def wait_until(over: Callable[[], bool], ctx: ToolContext) -> bool:
    """Look until it is over, the tool's time is, or it is to stop. Whether it is over.

    No connection to the database is held between two looks, where connections are shared by threads.
    """
    until, pause = time.monotonic() + ctx.seconds, FIRST_LOOK
    while not over():
        if ctx.stopping() or (left := until - time.monotonic()) <= 0:
            return False
        _let_go()
        time.sleep(min(pause, left))
        pause = min(LOOK_EVERY, pause * 1.5)
    return True


def by_name(tools: Iterable[Tool]) -> dict[str, Tool]:
    """The tools by the names that they are offered by. Of two whose names would be the same each gets one of its own,
    which depends on its key alone."""
    found: dict[str, Tool] = {}
    for tool in tools:
        name = tool.name
        if name in found or len(tool.key) > len(name):
            mark = hashlib.sha256(tool.key.encode()).hexdigest()[:8]
            name = f"{name[:55]}_{mark}"
        found[name] = tool
    return found


def _let_go() -> None:
    """Give a connection of a pool back; the next statement takes one."""
    if not connection.in_atomic_block and connection.settings_dict.get("OPTIONS", {}).get("pool"):
        connection.close()
