"""What is wrong with what the steps of a definition say of each other: that they wait, choose, go on, and undo."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from apps.common.errors import Issue
from apps.workflows.definition import STEP_KINDS, Step

Steps = Mapping[str, Step]


def steps_issues(steps: Steps, undoes: Mapping[str, str], before: Mapping[str, list[str]]) -> Iterator[Issue]:
    """An issue for each thing that is wrong. `undoes`: which step each undo is of; `before`: what comes right before
    each step. A circle is told alone, once every step that is named is there."""
    found = [*_names(steps), *_undos(steps, undoes)]
    yield from found
    circle = [] if found else _circle(steps, before)
    if circle:
        told = " → ".join([*circle, circle[0]])
        yield Issue(path=f"steps.{circle[0]}.after", message=f"These steps wait for each other: {told}.")


def _names(steps: Steps) -> Iterator[Issue]:
    """Steps that are named and do not exist."""
    there = ", ".join(steps)
    for name, step in steps.items():
        for n, other in enumerate(step.after or []):
            if other not in steps or other == name:
                why = "A step cannot wait for itself" if other == name else f"There is no step {other!r}"
                yield Issue(path=f"steps.{name}.after.{n}", message=f"{why}; there are {there}.")
        for other in step.targets():
            if other not in steps:
                yield Issue(path=f"steps.{name}", message=f"It chooses {other!r}, which is no step of {there}.")
        if step.on_error.to is not None and step.on_error.to not in steps:
            message = f"There is no step {step.on_error.to!r}; there are {there}."
            yield Issue(path=f"steps.{name}.on_error.to", message=message)


def _undos(steps: Steps, undoes: Mapping[str, str]) -> Iterator[Issue]:
    """What is wrong with the steps that are to undo others."""
    for name, step in steps.items():
        other, at = step.compensate, f"steps.{name}.compensate"
        if other is None:
            continue
        if other not in steps or other == name:
            why = "A step cannot undo itself" if other == name else f"There is no step {other!r}"
            yield Issue(path=at, message=f"{why}; there are {', '.join(steps)}.")
            continue
        if not step.has_effect:
            kinds = ", ".join(key for key in sorted(STEP_KINDS.keys()) if STEP_KINDS[key].has_effect)
            message = f"A step of the kind {step.kind} does nothing outside; only {kinds} can be undone."
            yield Issue(path=at, message=message)
        if name in undoes:
            message = f"{name!r} undoes {undoes[name]!r}, and is not undone itself."
            yield Issue(path=at, message=message)
        if undoes[other] != name:
            message = f"{other!r} undoes {undoes[other]!r} already: a step undoes one other."
            yield Issue(path=at, message=message)
            continue
        yield from _undo(steps, other, name)


def _undo(steps: Steps, name: str, undone: str) -> Iterator[Issue]:
    """What keeps the step `name` from being one that runs only to undo another."""
    step, at, why = steps[name], f"steps.{name}", f"It runs only to undo {undone!r}"
    if not step.can_undo:
        kinds = ", ".join(key for key in sorted(STEP_KINDS.keys()) if STEP_KINDS[key].can_undo)
        yield Issue(path=f"{at}.kind", message=f"A step of the kind {step.kind} undoes nothing; use {kinds}.")
    if step.after is not None:
        yield Issue(path=f"{at}.after", message=f"{why}: leave `after` out.")
    if step.for_each is not None:
        message = f"{why}, once for each item of it that was done: leave `for_each` out."
        yield Issue(path=f"{at}.for_each", message=message)
    if step.on_error.do != "fail":
        yield Issue(path=f"{at}.on_error", message=f"{why}; where it fails, people are told: leave `on_error` out.")
    for other, each in steps.items():
        if name in (each.after or []):
            place = f"steps.{other}.after.{(each.after or []).index(name)}"
            yield Issue(path=place, message=f"{name!r} runs only to undo {undone!r}: nothing comes after it.")
        if name in each.targets() or name == each.on_error.to:
            yield Issue(path=f"steps.{other}", message=f"{name!r} runs only to undo {undone!r}: it is not chosen.")


def _circle(steps: Steps, before: Mapping[str, list[str]]) -> list[str]:
    """Steps that wait for each other, in order; empty where there are none."""
    done: set[str] = set()
    for start in steps:
        trail: list[str] = []
        on_trail: set[str] = set()
        stack: list[tuple[str, bool]] = [(start, False)]
        while stack:
            name, leaving = stack.pop()
            if leaving:
                trail.pop()
                on_trail.discard(name)
                done.add(name)
            elif name in on_trail:
                circle = list(reversed(trail[trail.index(name) :]))
                first = circle.index(min(circle, key=list(steps).index))
                return circle[first:] + circle[:first]
            elif name not in done:
                trail.append(name)
                on_trail.add(name)
                stack.append((name, True))
                stack += [(other, False) for other in before[name]]
    return []
