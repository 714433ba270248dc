"""Tools: what may be read or worked out for a model, for a custom agent, or for a program that speaks MCP.

Apps register where tools come from in their `kinds` or `navigation` package. A tool reads; what it finds is what
whoever asks may see. It changes nothing outside: a run of an agent or of a workflow is the most that it starts.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

from apps.common.permissions import Principal
from apps.common.registry import Registry

if TYPE_CHECKING:
    from apps.accounts.models import User


@dataclass(frozen=True)
class ToolContext:
    """On whose behalf a tool is used. It may see what both `who` and the agent that uses it may."""

    who: Principal
    user: User | None
    now: datetime
    origin: str
    """What runs that it starts came from: `agent`, `mcp`, `talk`."""
    depth: int = 0
    """How many custom agents are above: an agent that asks itself in a circle ends."""
    seconds: float = 60.0
    """How long it may take."""
    stopping: Callable[[], bool] = lambda: False
    tell: Callable[[int, int, str], None] = lambda done, total, note: None
    """Told how far what it waits for has come: units done, of how many (0 while unknown), and a note."""


@dataclass(frozen=True)
class ToolAnswer:
    """What a tool found."""

    data: Any
    """JSON-able. Its figures are the ones that a text may tell (`numbercheck`)."""
    note: str = ""
    """In a sentence for people: what it is."""
    is_outside: bool = False
    """Whether text in it was written by somebody outside: documents, rows that were uploaded, other servers."""
    links: dict[str, str] = field(default_factory=dict)
    """Paths of pages where a person finds it, by their titles."""


@dataclass(frozen=True)
class Tool:
    """One tool, for a caller who may use it."""

    key: str
    """``<source>:<thing>``, such as ``agent:example.outlier_finder``: what is stored and allow-listed."""
    title: str
    description: str
    parameters: dict[str, Any]
    """JSON Schema of its arguments: an object."""
    use: Callable[[dict[str, Any], ToolContext], ToolAnswer] = field(repr=False)
    """Raises a `Problem` that a model can learn from: its detail and issues are what it is told."""
    is_read: bool = True
    """Whether it starts nothing that acts. Custom agents are given these only; MCP knows it as `readOnlyHint`."""
    answer_schema: dict[str, Any] | None = None
    scopes: tuple[str, ...] = ()
    """Permission codes that a key needs besides the person's rights."""

    @property
    def name(self) -> str:
        """As a model is told: letters, figures, `_` and `-`, at most 64."""
        return "".join(letter if letter.isalnum() and letter.isascii() else "_" for letter in self.key)[:64]


class ToolSource(ABC):
    """Where tools come from. A subclass registers itself by `key`."""

    key: ClassVar[str]
    title: ClassVar[str]
    is_offered: ClassVar[bool] = True
    """Whether programs of others may use its tools over MCP. What is itself reached elsewhere is not handed on."""

    def __init_subclass__(cls, **kwargs: object) -> None:
        super().__init_subclass__(**kwargs)
        TOOL_SOURCES.register(cls.key, cls())

    @abstractmethod
    def tools(self, who: Principal, user: User | None) -> list[Tool]:
        """The tools that `who` may use in the current tenant, by title."""

    def find(self, who: Principal, user: User | None, thing: str) -> Tool | None:
        """One of them by the part of its key behind the colon; None when it is not there for `who`."""
        key = f"{self.key}:{thing}"
        return next((tool for tool in self.tools(who, user) if tool.key == key), None)


TOOL_SOURCES: Registry[ToolSource] = Registry("Source of tools")


def tools_of(who: Principal, user: User | None) -> list[Tool]:
    """All tools that `who` may use, by source and title."""
    return [tool for source in TOOL_SOURCES for tool in source.tools(who, user)]


def tool_get(who: Principal, user: User | None, key: str) -> Tool | None:
    """The tool of this key, or None where it is not there for `who`."""
    name, _, thing = key.partition(":")
    source = TOOL_SOURCES.get(name)
    return source.find(who, user, thing) if source else None


def tools_get(who: Principal, user: User | None, keys: Sequence[str]) -> list[Tool]:
    """Those of these keys that are there for `who`, in their order. Each source is asked once, however many there
    are."""
    names = dict.fromkeys(key.partition(":")[0] for key in keys)
    sources = [source for name in names if (source := TOOL_SOURCES.get(name)) is not None]
    found = {tool.key: tool for source in sources for tool in source.tools(who, user)}
    return [found[key] for key in dict.fromkeys(keys) if key in found]
