"""Which field an issue of a definition belongs to."""

from __future__ import annotations

from collections.abc import Iterable

from apps.common.errors import Issue
from apps.workflows.stepforms.nodes import Node

TAGS = frozenset({"test", "group"})
"""Words that a path has between a condition and its parts, and a definition has not."""


def issues_placed(issues: Iterable[Issue], nodes: list[Node], place: str) -> tuple[list[tuple[Node, str]], list[Issue]]:
    """Write each issue that lies below `place` to the deepest node on its way.

    Returns what was written, with the nodes, and the issues of no node.
    """
    by_place = {node.place: node for node in reversed(nodes)}
    told: list[tuple[Node, str]] = []
    others: list[Issue] = []
    for issue in issues:
        if issue.path != place and not issue.path.startswith(f"{place}."):
            continue
        node = _nearest(by_place, issue.path, place)
        message = issue.message.removeprefix("Value error, ")
        if node is None:
            others.append(issue.model_copy(update={"message": message}))
        else:
            known = node.error.casefold() in message.casefold()
            if message not in node.error:
                node.error = message if known else f"{node.error} {message}"
            told.append((node, message))
    return told, others


def _nearest(by_place: dict[str, Node], path: str, place: str) -> Node | None:
    found: list[Node] = []
    for parts in (path.split("."), [each for each in path.split(".") if each not in TAGS]):
        ways = [".".join(parts[:end]) for end in range(len(parts), 0, -1)]
        found += [by_place[at] for at in ways if at in by_place and len(at) > len(place)][:1]
    return max(found, key=lambda node: len(node.place), default=None)
