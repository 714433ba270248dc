"""What a step may refer to: inputs, what earlier steps give, its item, the error it handles. With types and samples."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

from apps.common.paths import NoValue, lookup, path_text
from apps.common.permissions import Principal
from apps.workflows.checking import Catalogue, Check
from apps.workflows.definition import Definition
from apps.workflows.json_schemas import NotThere, Schema, fits, resolved, told, types_of
from apps.workflows.selectors import TenantCatalogue
from apps.workflows.shapes import label_of
from apps.workflows.stepforms.loose import definition_loose
from apps.workflows.stepforms.modes import plain_schema, reference_of
from apps.workflows.stepforms.samples import samples_of
from apps.workflows.values import BadValue, Reference, text_parse

DEEPEST: Final = 3
"""Levels below an input or an output that are offered; what lies deeper is written as a text."""
MOST: Final = 400
LONGEST: Final = 60
"""Characters of a sample."""


@dataclass(frozen=True)
class Offer:
    """One thing that may be referred to."""

    path: tuple[str | int, ...]
    title: str
    """With what it lies in: ``Decision › Risk score``."""
    group: str
    schema: Schema
    sample: str = ""

    @property
    def reference(self) -> str:
        return "${" + path_text(self.path) + "}"

    @cached_property
    def type(self) -> str:
        """In words."""
        format = plain_schema(self.schema).get("format")
        return {"date": "a date", "date-time": "a moment"}.get(str(format), told(self.schema))

    @property
    def about(self) -> str:
        """Type and sample, for a list that one picks from."""
        return f"{self.type}, as {self.sample}" if self.sample else self.type


@dataclass
class Scope:
    definition: Definition
    name: str | None
    """The step that refers; None: the outputs of the workflow."""
    catalogue: Catalogue
    samples: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def _check(self) -> Check:
        check = Check(self.definition, self.catalogue)
        there = self.definition.steps
        check.before = {name: [each for each in before if each in there] for name, before in check.before.items()}
        return check

    @cached_property
    def offers(self) -> list[Offer]:
        """All of it, in the order in which it comes about."""
        made: list[Offer] = []
        for each in self._walks():
            made.append(each)
            if len(made) == MOST:
                break
        return made

    @cached_property
    def by_path(self) -> dict[tuple[str | int, ...], Offer]:
        return {offer.path: offer for offer in self.offers}

    def schema(self, value: Any) -> Schema:
        """The schema of what a reference names, as a text; anything where that cannot be told."""
        reference = reference_of(value)
        if reference is None:
            return {}
        try:
            return self._check.known(reference, self.name)
        except (NotThere, KeyError):
            return {}

    def title(self, reference: Reference) -> str:
        """What a reference is called in a sentence."""
        offer = self.by_path.get(reference.path)
        if offer is not None:
            return offer.title.rpartition(" › ")[2]
        words = [str(part) for part in reference.path[1:] or reference.path]
        return label_of(" ".join(words))

    def fault(self, reference: Reference) -> str:
        """Why a reference names nothing here; empty where it does."""
        try:
            self._check.known(reference, self.name)
        except NotThere as error:
            return str(error)
        except KeyError:
            return "This is not known here."
        return ""

    def fitting(self, wanted: Schema) -> tuple[list[Offer], list[Offer]]:
        """The offers whose type fits, and those whose type does not."""
        types = types_of(wanted)  # all that decides
        if types not in self._fitting:
            good = [offer for offer in self.offers if fits(offer.schema, wanted)]
            self._fitting[types] = good, [offer for offer in self.offers if not fits(offer.schema, wanted)]
        return self._fitting[types]

    def takes(self, kind: str, called: Any) -> Schema | None:
        """What is taken by what is called: of an agent, a workflow. None where there is no such thing."""
        if not isinstance(called, str) or not called or kind not in {"agent", "workflow"}:
            return None
        key = (kind, called)
        if key not in self._signatures:
            found = self.catalogue.agent(called) if kind == "agent" else self.catalogue.workflow(called)
            self._signatures[key] = found.takes if found is not None else None
        return self._signatures[key]

    @cached_property
    def _fitting(self) -> dict[frozenset[str], tuple[list[Offer], list[Offer]]]:
        return {}

    @cached_property
    def _signatures(self) -> dict[tuple[str, str], Schema | None]:
        return {}

    # ------------------------------------------------------------------------------------------------ what there is

    def _walks(self) -> Iterator[Offer]:
        steps = self.definition.steps
        step = steps.get(self.name) if self.name is not None else None
        undone = self._check.undoes.get(self.name) if self.name is not None else None
        many = steps.get(undone) if undone is not None else step
        if many is not None and many.for_each is not None:
            yield from self._walk(("item",), "This item", "This item")
            yield from self._walk(("index",), "Number of the item", "This item")
        if undone is not None or (self.name and any(each.on_error.to == self.name for each in steps.values())):
            yield from self._walk(("error",), "The error", "The error")
        for name, each in self.definition.inputs.items():
            yield from self._walk(("inputs", name), each.title or label_of(name), "Inputs")
        earlier = self._check.earlier(self.name) if self.name is not None and self.name in steps else frozenset(steps)
        for name, other in steps.items():
            if name in earlier and name != self.name:
                yield from self._walk(("steps", name), "All that it gives", other.title or label_of(name))
        yield from self._walk(("run",), "The run", "The run")

    def _walk(self, path: tuple[str | int, ...], title: str, group: str) -> Iterator[Offer]:
        try:
            schema = self._check.known(Reference(path), self.name)
        except (NotThere, KeyError):
            return
        yield from self._below(path, schema, schema, title, group, 0)

    def _below(
        self, path: tuple[str | int, ...], schema: Schema, whole: Schema, title: str, group: str, depth: int
    ) -> Iterator[Offer]:
        found = {**resolved(schema, whole), **({"$defs": whole["$defs"]} if "$defs" in whole else {})}
        yield Offer(path, title, group, found, self._sample(path, found))
        plain = plain_schema(found)
        if depth >= DEEPEST or "object" not in types_of(plain):
            return
        for name, inner in plain.get("properties", {}).items():
            words = str(resolved(inner, plain).get("title") or "") or label_of(name)
            label = label_of(name) if words == name.replace("_", " ").title() else words
            trail = label if depth == 0 and len(path) < 3 and path[0] != "inputs" else f"{title} › {label}"
            yield from self._below((*path, name), inner, plain, trail, group, depth + 1)

    def _sample(self, path: tuple[str | int, ...], schema: Schema) -> str:
        try:
            return sample_text(self._found(path))
        except (NoValue, LookupError):
            pass
        if path[0] == "inputs" and len(path) == 2:
            given = self.definition.inputs[str(path[1])]
            first = given.example if given.example is not None else given.default
            return sample_text(first) if first is not None else ""
        examples = plain_schema(schema).get("examples")
        return sample_text(examples[0]) if isinstance(examples, list) and examples else ""

    def _found(self, path: tuple[str | int, ...]) -> Any:
        if path[0] == "item" and self.name is not None:
            step = self.definition.steps[self.name]
            items = step.for_each.items if step.for_each is not None else None
            reference = reference_of(items)
            if reference is not None:
                return lookup(self.samples, (*reference.path, 0, *path[1:]))
            return lookup(items, (0, *path[1:]))
        return lookup(self.samples, path)


def scope_of(definition: Mapping[str, Any], name: str | None, *, who: Principal, catalogue: Catalogue | None = None,
             samples: Mapping[str, Any] | None = None) -> Scope:  # fmt: skip
    """What the step may refer to; `name` None: what the outputs of the workflow may.

    The definition is as it is written, and need not be whole. `samples` are those of the latest run where they are not
    given.
    """
    if samples is None:
        samples = samples_of(who=who, workflow=str(definition.get("name", "")))
    return Scope(definition_loose(definition), name, catalogue or TenantCatalogue(), samples)


def sample_text(value: Any) -> str:
    """A value in a few characters."""
    if value is None:
        return "nothing"
    if isinstance(value, Mapping):
        return f"{len(value):,} field{'s' if len(value) != 1 else ''}"
    if isinstance(value, list):
        return f"a list of {len(value):,}"
    if isinstance(value, int | float) and not isinstance(value, bool):
        return f"{value:,}"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    text = " ".join(text.split())
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def references_shown(text: str, scope: Scope) -> list[tuple[Reference, str]]:
    """The references in a text, each with what it is called."""
    try:
        parts = text_parse(text)
    except BadValue:
        return []
    return [(part, scope.title(part)) for part in parts if isinstance(part, Reference)]
