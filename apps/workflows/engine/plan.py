"""A definition as the engine follows it: steps by number, with all that can be worked out before a run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from apps.workflows.conditions import condition_compile
from apps.workflows.definition import Definition, OnError, Overlap, Retry, Step
from apps.workflows.values import Compiled, Env, has_call, value_compile

if TYPE_CHECKING:
    from apps.workflows.cel.checking import Expression


@dataclass(frozen=True, slots=True)
class PlanStep:
    """A step with its neighbours, which are numbers of steps."""

    index: int
    name: str
    step: Step
    inline: bool
    compute: Compiled
    """What the step gives (inline), or what it asks for."""
    when: Callable[[Env], bool] | None
    items: Compiled | None
    concurrency: int
    skips_items: bool
    """Whether an item that failed gives null rather than ending the step."""
    before: tuple[int, ...]
    after: tuple[int, ...]
    choosers: frozenset[int]
    """Steps one of which must choose this one, or it is skipped."""
    targets: frozenset[int]
    """Steps that this one chooses among."""
    handler: int | None
    on_error: OnError
    instead: Compiled | None
    """What the step gives when it has failed and the run goes on."""
    retry: Retry | None
    timeout: timedelta | None
    expressions: tuple[Expression, ...] = ()
    """What of its values is computed by expressions: these are evaluated together with those of other runs."""
    undo: int | None = None
    """The step that undoes what this one did."""
    undoes: int | None = None
    """The step that this one undoes. It runs for nothing else, and is no neighbour of any."""


@dataclass(frozen=True, slots=True)
class Plan:
    steps: tuple[PlanStep, ...]
    outputs: Compiled
    deadline: timedelta | None
    overlap: Overlap
    on_failure: str | None
    has_expressions: bool = False

    @property
    def undos(self) -> list[PlanStep]:
        """The steps that run only to undo others."""
        return [step for step in self.steps if step.undoes is not None]

    def from_step(self, first: int) -> set[int]:
        """A step and all that come after it."""
        found: set[int] = set()
        stack = [first]
        while stack:
            step = stack.pop()
            if step not in found:
                found.add(step)
                stack += self.steps[step].after
        return found


def plan_make(definition: Definition) -> Plan:
    """The plan of a definition that was checked. Takes long enough to be kept: a version never changes."""
    names, undoes = list(definition.steps), definition.undoes()
    number = {name: n for n, name in enumerate(names)}
    chosen = {name: [number[each] for each in choosers] for name, choosers in definition.chosen_by().items()}
    before = {
        name: tuple(dict.fromkeys([*(number[each] for each in definition.before(name)), *chosen.get(name, [])]))
        for name in names
    }
    after: dict[int, list[int]] = {n: [] for n in range(len(names))}
    for name in names:
        for other in before[name]:
            after[other].append(number[name])
    steps = []
    for n, (name, step) in enumerate(definition.steps.items()):
        handler = step.on_error.to
        steps.append(
            PlanStep(
                index=n,
                name=name,
                step=step,
                inline=step.inline,
                compute=step.compile(),
                when=condition_compile(step.when) if step.when is not None else None,
                items=value_compile(step.for_each.items) if step.for_each else None,
                concurrency=step.for_each.concurrency if step.for_each else 1,
                skips_items=step.for_each is not None and step.for_each.on_item_error == "skip",
                before=before[name],
                after=tuple(after[n]),
                choosers=frozenset(chosen.get(name, [])),
                targets=frozenset(number[each] for each in step.targets()),
                handler=number[handler] if handler is not None else None,
                on_error=step.on_error,
                instead=value_compile(step.on_error.value) if step.on_error.do == "continue" else None,
                retry=step.retry,
                timeout=step.timeout,
                expressions=_expressions(step),
                undo=number[step.compensate] if step.compensate is not None else None,
                undoes=number[undoes[name]] if name in undoes else None,
            )
        )
    outputs = value_compile(definition.outputs)
    return Plan(
        tuple(steps),
        outputs,
        definition.deadline,
        definition.overlap,
        definition.on_failure,
        any(step.expressions for step in steps),
    )


def _expressions(step: Step) -> tuple[Expression, ...]:
    values = [value for _, value in step.values()]
    if not any(map(has_call, values)):
        return ()
    from apps.workflows.cel.checking import expressions_in  # only where there may be some

    return tuple(expressions_in(values))
