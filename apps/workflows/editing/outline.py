"""A definition that need not be whole, for people to read: its steps as a list and as a graph.

Of a whole definition the graph is that of `apps.workflows.graphs`, as a test makes sure.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from apps.agents.finding import title_of as agent_title
from apps.workflows.conditions import Condition, Group, Test, condition_sentence
from apps.workflows.definition import STEP_KINDS, Step
from apps.workflows.editing.operations import Raw, choosers, steps_before
from apps.workflows.graphs import Edge, Graph, Node, edge_label
from apps.workflows.values import BadValue, Reference, text_parse

_CONDITION: Final[TypeAdapter[Test | Group]] = TypeAdapter(Condition)
_LONGEST: Final = 60
"""Characters of what a step is told that stand beside its kind."""


@dataclass(frozen=True)
class Row:
    """One step in the list of them."""

    number: int
    """From 1."""
    name: str
    title: str
    kind: str
    label: str
    """What people call its kind."""
    icon: str
    summary: str
    """What it is told, as short as can be; empty: nothing yet."""
    is_first: bool
    is_last: bool


def rows_of(raw: Raw, workflows: Mapping[str, str]) -> list[Row]:
    """The steps in their order. `workflows`: titles by name, as far as they are known."""
    steps = raw["steps"]
    return [
        Row(
            number=n,
            name=name,
            title=title_of(name, step),
            kind=kind_of(step),
            label=label_of(step),
            icon=icon_of(step),
            summary=summary_of(step, workflows),
            is_first=n == 1,
            is_last=n == len(steps),
        )
        for n, (name, step) in enumerate(steps.items(), 1)
    ]


def sketch(raw: Raw) -> Graph:
    """The steps and the edges between them; what is named and not there has neither node nor edge."""
    steps, chosen = raw["steps"], choosers(raw)
    nodes = [
        Node(name, title_of(name, step), label_of(step), icon_of(step), bool(step.get("for_each")))
        for name, step in steps.items()
    ]
    edges = [
        Edge(before, name, edge_label(_said(steps[before], name), _when(steps[name].get("when"))))
        for name in steps
        for before in dict.fromkeys([*steps_before(raw, name), *chosen.get(name, [])])
        if before in steps and before != name
    ]
    return Graph(nodes, edges)


def kind_of(step: Mapping[str, Any]) -> str:
    """The kind that a step says it is of; empty where it says none."""
    kind = step.get("kind")
    return kind if isinstance(kind, str) else ""


def title_of(name: str, step: Mapping[str, Any]) -> str:
    """What a step is called: its title, else its name as words."""
    title = step.get("title")
    return title if isinstance(title, str) and title.strip() else name.replace("_", " ").capitalize()


def label_of(step: Mapping[str, Any]) -> str:
    kind = STEP_KINDS.get(kind_of(step))
    return kind.label if kind is not None else "Unknown kind"


def icon_of(step: Mapping[str, Any]) -> str:
    kind = STEP_KINDS.get(kind_of(step))
    return kind.icon if kind is not None else "help"


def summary_of(step: Mapping[str, Any], workflows: Mapping[str, str]) -> str:
    """The first things that the kind's own fields say; of what it calls, the title."""
    kind = STEP_KINDS.get(kind_of(step))
    if kind is None:
        return ""
    if kind_of(step) == "agent":
        return agent_title(str(step["agent"])) if step.get("agent") else ""
    if kind_of(step) == "workflow":
        name = str(step.get("workflow") or "")
        return workflows.get(name, name)
    own = [field.alias or name for name, field in kind.model_fields.items() if name not in Step.model_fields]
    said = [_part(name, step[name]) for name in own if step.get(name) not in (None, "", [], {})]
    return _short(" · ".join(list(filter(None, said))[:2]))


def spoken(value: Any) -> str:
    """A text in which references stand as what they name; one that cannot be read, as it is."""
    if not isinstance(value, str):
        return str(value)
    try:
        parts = text_parse(value)
    except BadValue:
        return value
    return "".join(_named(part) if isinstance(part, Reference) else part for part in parts)


def _named(reference: Reference) -> str:
    words = [part for part in reference.path[1:] or reference.path if isinstance(part, str)]
    return f"‹{(words[-1] if words else str(reference.path[0])).replace('_', ' ')}›"


def _part(name: str, value: Any) -> str:
    word = {"go": "step", "set": "value", "otherwise": ""}.get(name, name.removesuffix("s").replace("_", " "))
    if isinstance(value, list | dict):
        return f"{len(value)} {word}{'' if len(value) == 1 else 's'}" if word else ""
    return "" if isinstance(value, bool) else spoken(value)


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1].rstrip()}…"


def _said(chooser: Mapping[str, Any], target: str) -> list[str]:
    """Under what a step chooses another; empty: always."""
    handler, cases, said = chooser.get("on_error"), chooser.get("cases"), []
    if isinstance(handler, Mapping) and handler.get("to") == target:
        said.append("if it fails")
    elif isinstance(cases, list):
        said += _cases(cases, target)
    elif isinstance(cases, Mapping):
        said += [str(value) or "an empty text" for value, go in cases.items() if isinstance(go, list) and target in go]
    otherwise = chooser.get("otherwise")
    if "if it fails" not in said and isinstance(otherwise, list) and target in otherwise:
        said.append("otherwise")
    return said


def _cases(cases: list[Any], target: str) -> Iterator[str]:
    for case in cases:
        if isinstance(case, Mapping) and isinstance(case.get("go"), list) and target in case["go"]:
            yield str(case.get("title") or _when(case.get("when")) or "a condition that is not finished")


def _when(condition: Any) -> str:
    """A condition as a sentence; empty where there is none, or none that is finished."""
    try:
        return condition_sentence(_CONDITION.validate_python(condition)) if condition else ""
    except (ValidationError, BadValue):
        return ""
