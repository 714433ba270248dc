"""What comes out of a custom agent: its own fields, what it proposes, and how it came about."""

from __future__ import annotations

from functools import reduce
from operator import or_
from typing import Annotated, Any, Final, Literal, cast

from pydantic import BaseModel, Field, create_model

from apps.agents.custom.contents import Content
from apps.ai.loops import ToolUse
from apps.common.actions import ACTIONS
from apps.common.schemas import StrictModel
from apps.common.shapes import model_of

ABOUT: Final = "about"
PROPOSALS: Final = "proposals"
MOST_PROPOSALS: Final = 10
_TOLD: Final = 500


class Asked(StrictModel):
    """A tool that was asked."""

    tool: str
    title: str = ""
    note: str = ""
    problem: str = ""
    links: dict[str, str] = {}

    @classmethod
    def of(cls, use: ToolUse) -> Asked:
        key, title = (use.tool.key, use.tool.title) if use.tool else (use.call.name[:100], "")
        note, links = (use.answer.note, use.answer.links) if use.answer else ("", {})
        return cls(tool=key, title=title, note=note[:_TOLD], problem=use.problem[:_TOLD], links=dict(links))


class Unmatched(StrictModel):
    """A number that nobody computed."""

    field: str
    number: str


class About(StrictModel):
    """How a result came about."""

    model: str = ""
    """Name of the model; empty where none was asked."""
    calls: int = 0
    tools: list[Asked] = []
    read_outside: bool = False
    """Whether it read words that somebody outside may have written."""
    unmatched: list[Unmatched] = []
    fell_back: str = ""
    """Why no model answered, and what stands instead was given by whoever made the agent."""


class Proposed(StrictModel):
    """Something that the model wants done. What it may propose is told by the agent."""

    title: str = Field(default="", max_length=100, description="As a button says it; empty: as the action is called.")
    why: str = Field(default="", max_length=1_000)


def output_type(content: Content, *, of_model: bool = False) -> type[BaseModel]:
    """The model of what comes out; `of_model`: of that part of it that the model of language answers."""
    more: dict[str, Any] = {}
    kinds = [_proposed(each.kind) for each in content.actions if each.kind in ACTIONS]
    if kinds:
        one = Annotated[reduce(or_, kinds), Field(discriminator="kind")] if len(kinds) > 1 else kinds[0]
        told: Any = Field(
            default_factory=list,
            max_length=MOST_PROPOSALS,
            description="What you want done; a person decides on it. Empty where nothing is to be done.",
        )
        more[PROPOSALS] = (list[one], told)  # type: ignore[valid-type]
    if not of_model:
        more[ABOUT] = (About, Field(default_factory=About, description="How the result came about."))
    return model_of("Answer" if of_model else "Output", content.outputs, **more)


def proposals_in(report: BaseModel) -> list[Any]:
    """What is proposed in an output."""
    return list(getattr(report, PROPOSALS, ()))


def _proposed(kind: str) -> type[BaseModel]:
    name, tagged = "".join(part.capitalize() for part in kind.replace(".", "_").split("_")), cast(Any, Literal[kind])
    return create_model(
        f"Proposed{name}",
        __base__=Proposed,
        kind=(tagged, Field(description=ACTIONS[kind].title)),
        arguments=(ACTIONS[kind].arguments_type, ...),
    )
