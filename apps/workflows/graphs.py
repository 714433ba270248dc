"""A definition as a picture: its steps, and which leads to which under what condition, in words.

`static/workflows/dag.js` lays it out and draws it; `templates/workflows/_graph.html` says the same as a list.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from apps.workflows.conditions import condition_sentence
from apps.workflows.definition import Definition, Step
from apps.workflows.kinds.branch import Branch, Switch

_LONGEST: Final = 44
"""Characters of a condition that stand on an edge; the whole of it is told where the step is."""


@dataclass(frozen=True)
class Node:
    name: str
    title: str
    kind: str
    """What people call the kind of step."""
    icon: str
    is_many: bool
    """Whether it runs once for each item of a list."""


@dataclass(frozen=True)
class Edge:
    before: str
    after: str
    label: str
    """Under what condition; empty: always."""


@dataclass(frozen=True)
class Graph:
    nodes: list[Node]
    edges: list[Edge]

    def before(self, name: str) -> list[Edge]:
        return [edge for edge in self.edges if edge.after == name]

    def after(self, name: str) -> list[Edge]:
        return [edge for edge in self.edges if edge.before == name]

    def as_json(self, states: Mapping[str, Mapping[str, str]] | None = None) -> dict[str, Any]:
        """What dag.js draws. `states`, by step: `status` (a key of the console's statuses) and `note`, in words."""
        told = states or {}
        return {
            "nodes": [
                {
                    "name": node.name,
                    "title": node.title,
                    "kind": node.kind,
                    "icon": node.icon,
                    **told.get(node.name, {}),
                }
                for node in self.nodes
            ],
            "edges": [{"before": edge.before, "after": edge.after, "label": edge.label} for edge in self.edges],
        }


def graph_of(definition: Definition) -> Graph:
    """The steps of a definition in its order, and the edges between them, as the engine follows them."""
    chosen = definition.chosen_by()
    nodes = [_node(name, step) for name, step in definition.steps.items()]
    edges = [
        Edge(before, name, _label(definition, before, name))
        for name in definition.steps
        for before in dict.fromkeys([*definition.before(name), *chosen.get(name, [])])
    ]
    edges += [Edge(undone, name, "to undo it") for name, undone in definition.undoes().items()]
    return Graph(nodes, edges)


def title_of(name: str, step: Step) -> str:
    """What a step is called: its title, else its name as words."""
    return step.title or name.replace("_", " ").capitalize()


def _node(name: str, step: Step) -> Node:
    return Node(name, title_of(name, step), step.label, step.icon, step.for_each is not None)


def _label(definition: Definition, before: str, after: str) -> str:
    chooser, step = definition.steps[before], definition.steps[after]
    said: list[str] = []
    if chooser.on_error.to == after:
        said.append("if it fails")
    elif isinstance(chooser, Branch):
        said += [case.title or condition_sentence(case.when) for case in chooser.cases if after in case.go]
        said += ["otherwise"] if after in chooser.otherwise else []
    elif isinstance(chooser, Switch):
        said += [value or "an empty text" for value, go in chooser.cases.items() if after in go]
        said += ["otherwise"] if after in chooser.otherwise else []
    return edge_label(said, condition_sentence(step.when) if step.when is not None else "")


def edge_label(said: list[str], when: str) -> str:
    """What stands on an edge: under which of these a step is chosen, and under which condition it runs."""
    text = " or ".join(said)
    if when:
        text = " and ".join(filter(None, (text, f"if {when}")))
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1].rstrip()}…"
