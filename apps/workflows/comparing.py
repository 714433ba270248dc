"""Two runs of a workflow side by side: how each step went, and what of its output is other."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.db.models import F, IntegerField
from django.db.models.expressions import Func

from apps.common.permissions import Principal, demand
from apps.workflows.engine.ledger import STEP
from apps.workflows.models import StepRun, WorkflowRun
from apps.workflows.payloads import without_credentials
from apps.workflows.permissions import WORKFLOWS_VIEW
from apps.workflows.progress import RunProgress, StepProgress

LARGEST: Final = 64 * 1024
"""Bytes as stored of an output that is compared; of a larger one only that it is."""
MOST_CHANGES: Final = 12
_LONGEST: Final = 120
_NOTHING: Final = object()


@dataclass(frozen=True)
class Change:
    """One place of an output that is other."""

    place: str
    before: str
    after: str


@dataclass(frozen=True)
class Compared:
    """A step in both runs; None where a run's version does not have it."""

    title: str
    name: str
    good: StepProgress | None
    now: StepProgress | None
    changes: list[Change]
    more: int
    """Places that are other and not told."""
    is_large: bool

    @property
    def is_same(self) -> bool:
        return self.word == "the same"

    @property
    def word(self) -> str:
        """What there is to say in a word or two."""
        if self.good is None or self.now is None:
            return "only in one version"
        if self.good.status != self.now.status:
            return "ended otherwise"
        if self.is_large:
            return "too large to compare here"
        return "other output" if self.changes else "the same"


def runs_compare(*, who: Principal, good: RunProgress, now: RunProgress) -> list[Compared]:
    """Every step of both runs, in the order of the second. Two statements."""
    demand(who, WORKFLOWS_VIEW)
    one, other = _outputs(good.run, good), _outputs(now.run, now)
    names = dict.fromkeys([*(step.name for step in now.steps), *(step.name for step in good.steps)])
    return [_compared(name, good.of(name), now.of(name), one, other) for name in names]


def inputs_compare(good: WorkflowRun, now: WorkflowRun) -> list[Change]:
    """The places of the runs' inputs that are other."""
    return list(changes(without_credentials(good.inputs), without_credentials(now.inputs)))[:MOST_CHANGES]


def changes(before: Any, after: Any, place: str = "") -> Iterator[Change]:
    """The places at which two values are other, each with both."""
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in dict.fromkeys([*before, *after]):
            under = f"{place}.{key}" if place else str(key)
            yield from changes(before.get(key, _NOTHING), after.get(key, _NOTHING), under)
    elif isinstance(before, list) and isinstance(after, list):
        if len(before) != len(after):
            yield Change(f"{place or 'list'}, length", f"{len(before):,}", f"{len(after):,}")
        for at, (one, other) in enumerate(zip(before, after, strict=False)):
            yield from changes(one, other, f"{place}[{at}]")
    elif before is _NOTHING or after is _NOTHING or before != after:
        yield Change(place or "value", _shown(before), _shown(after))


def _compared(
    name: str, good: StepProgress | None, now: StepProgress | None, one: dict[str, Any], other: dict[str, Any]
) -> Compared:
    title = now.title if now is not None else good.title if good is not None else name
    both = name in one and name in other
    large = one.get(name) is _NOTHING or other.get(name) is _NOTHING
    found = list(changes(one[name], other[name])) if both and not large else []
    return Compared(title, name, good, now, found[:MOST_CHANGES], max(0, len(found) - MOST_CHANGES), large)


def _outputs(run: WorkflowRun, progress: RunProgress) -> dict[str, Any]:
    """What the steps of a run gave, by name; `_NOTHING` for what is too large. Items are not compared one by one."""
    rows = StepRun.objects.filter(run=run, item=STEP, ended=True, outcome="succeeded")
    size = Func(F("output"), function="octet_length", output_field=IntegerField())
    names = {step.step.index: step.name for step in progress.steps}
    found: dict[str, Any] = {}
    large = rows.annotate(size=size).filter(size__gt=LARGEST).values_list("step", flat=True)
    for index in large:
        found[names[index]] = _NOTHING
    for row in rows.annotate(size=size).filter(size__lte=LARGEST):
        found[names[row.step]] = without_credentials(row.output)
    return found


def _shown(value: Any) -> str:
    if value is _NOTHING:
        return "not there"
    if isinstance(value, Mapping):
        return f"an object of {len(value)} fields"
    if isinstance(value, list):
        return f"a list of {len(value):,}"
    text = value if isinstance(value, str) else "nothing" if value is None else json.dumps(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
