"""A definition as a small picture: where its steps stand, and the lines between them. No script draws it.

Steps stand in columns, each after all that lead to it; in a column they keep their order. It is of the same graph that
the page of a workflow draws (`apps.workflows.graphs`), so that both say the same.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Final

from apps.workflows.definition import Definition
from apps.workflows.graphs import Graph, Node, graph_of

WIDTH: Final = 26
"""Of a step, in units of the picture; all that follows is in the same."""
HEIGHT: Final = 20
ACROSS: Final = 16
"""Between two columns."""
DOWN: Final = 8
"""Between two rows."""
MARGIN: Final = 4


@dataclass(frozen=True)
class Spot:
    """A step, and where its upper left corner is."""

    node: Node
    x: int
    y: int

    @property
    def icon_x(self) -> int:
        return self.x + (WIDTH - 12) // 2

    @property
    def icon_y(self) -> int:
        return self.y + (HEIGHT - 12) // 2


@dataclass(frozen=True)
class Picture:
    width: int
    height: int
    spots: list[Spot]
    lines: list[str]
    """Each as the path of an SVG."""
    said: str
    """What it shows, in a sentence: for those who do not see it."""


def picture_of(definition: Definition) -> Picture:
    """The picture of a definition whose steps exist and wait for each other in no circle."""
    graph = graph_of(definition)
    columns = _columns(graph)
    most = max(len(column) for column in columns)
    height = 2 * MARGIN + most * (HEIGHT + DOWN) - DOWN
    spots: dict[str, Spot] = {}
    for n, column in enumerate(columns):
        top = (height - len(column) * (HEIGHT + DOWN) + DOWN) // 2
        for row, node in enumerate(column):
            spots[node.name] = Spot(node, MARGIN + n * (WIDTH + ACROSS), top + row * (HEIGHT + DOWN))
    lines = [_line(spots[edge.before], spots[edge.after]) for edge in graph.edges]
    width = 2 * MARGIN + len(columns) * (WIDTH + ACROSS) - ACROSS
    return Picture(width, height, list(spots.values()), lines, _said(graph))


def _columns(graph: Graph) -> list[list[Node]]:
    """The steps by how many have to end before them, at most: the longest way that leads to each."""
    before = {node.name: [edge.before for edge in graph.before(node.name)] for node in graph.nodes}
    depth: dict[str, int] = {}

    def of(name: str) -> int:
        if name not in depth:
            depth[name] = 1 + max((of(each) for each in before[name]), default=-1)
        return depth[name]

    columns: list[list[Node]] = [[] for _ in range(1 + max(of(node.name) for node in graph.nodes))]
    for node in graph.nodes:
        columns[of(node.name)].append(node)
    return columns


def _line(one: Spot, other: Spot) -> str:
    """From the right side of a step to the left side of the next, level at both ends."""
    x1, y1 = one.x + WIDTH, one.y + HEIGHT // 2
    x2, y2 = other.x, other.y + HEIGHT // 2
    bend = max(6, (x2 - x1) // 2)
    return f"M{x1} {y1}C{x1 + bend} {y1} {x2 - bend} {y2} {x2} {y2}"


def _said(graph: Graph) -> str:
    kinds = Counter(node.kind for node in graph.nodes)
    told = ", ".join(f"{number} × {kind}" for kind, number in kinds.items())
    count = len(graph.nodes)
    return f"{count} step{'' if count == 1 else 's'}, from {graph.nodes[0].title} on: {told}."
