"""What is wrong with a definition as a whole: every finding says where and why, in words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from apps.common.errors import InvalidInput, Issue
from apps.common.operators import ORDERED, UNARY
from apps.common.paths import path_text
from apps.workflows.among_steps import steps_issues
from apps.workflows.conditions import every_test
from apps.workflows.definition import Definition, Step
from apps.workflows.json_schemas import ANYTHING, NotThere, Schema, fits, schema_at, schema_of_value, told, types_of
from apps.workflows.kinds.approval import Approval
from apps.workflows.kinds.outward import AgentStep, SubWorkflow
from apps.workflows.values import CEL, BadValue, Reference, text_parse

RUN: Schema = {
    "type": "object",
    "properties": {
        "id": {"type": "string"},
        "number": {"type": "integer"},
        "started_at": {"type": "string", "format": "date-time"},
    },
}
ERROR: Schema = {
    "type": "object",
    "properties": {key: {"type": "string"} for key in ("step", "code", "title", "detail", "remedy")},
}


@dataclass(frozen=True)
class Signature:
    """What something that a step calls takes and gives, as JSON schemas."""

    takes: Schema
    gives: Schema


class Catalogue(Protocol):
    """What a definition may call in the current tenant."""

    def agent(self, key: str) -> Signature | None: ...
    def workflow(self, name: str) -> Signature | None: ...
    def strangers(self, addresses: Iterable[str]) -> set[str]:
        """Those of these addresses at which no active member is who may decide."""


def definition_check(definition: Definition, catalogue: Catalogue) -> None:
    """Raise `InvalidInput` with an issue for each thing that is wrong with the definition."""
    issues = list(Check(definition, catalogue).issues())
    if issues:
        count = len(issues)
        raise InvalidInput(
            f"{count} thing{'s are' if count != 1 else ' is'} wrong with the workflow; nothing was stored.",
            issues=issues,
        )


def signature_of(definition: Definition, catalogue: Catalogue) -> Signature:
    """What a workflow takes and gives."""
    inputs = definition.inputs.items()
    takes = {
        "type": "object",
        "properties": {name: field.schema_of() for name, field in inputs},
        "required": [name for name, field in inputs if field.required and field.default is None],
        "additionalProperties": False,
    }
    check = Check(definition, catalogue)
    outputs = {}
    for name, value in definition.outputs.items():
        try:
            outputs[name] = schema_of_value(value, lambda found: check.known(found, None))
        except NotThere:
            outputs[name] = {}
    gives = {"type": "object", "properties": outputs, "required": list(outputs), "additionalProperties": False}
    return Signature(takes, gives)


class Check:
    """What is known of a definition: what is wrong with it, and what each of its steps may refer to."""

    def __init__(self, definition: Definition, catalogue: Catalogue) -> None:
        self.definition, self.catalogue = definition, catalogue
        self.steps = definition.steps
        self.undoes = definition.undoes()
        self.before = {name: _distinct(definition.before(name)) for name in self.steps}
        chosen = definition.chosen_by()
        for name, choosers in chosen.items():
            if name in self.before:
                self.before[name] = _distinct([*self.before[name], *choosers])
        self._earlier: dict[str, frozenset[str]] = {}
        self._gives: dict[str, Schema] = {}

    def issues(self) -> Iterator[Issue]:
        among_steps = list(steps_issues(self.steps, self.undoes, self.before))
        yield from among_steps
        if among_steps:
            return
        for name, step in self.steps.items():
            yield from self._step(name, step)
        for name, value in self.definition.outputs.items():
            yield from self._value(f"outputs.{name}", value, None)
        if self.definition.on_failure and self.catalogue.workflow(self.definition.on_failure) is None:
            yield Issue(path="on_failure", message=f"There is no workflow {self.definition.on_failure!r} here.")

    def known(self, reference: Reference, reader: str | None) -> Schema:
        """The schema of what a reference names for the step `reader`; None reads when all is over.

        Raises `NotThere` with the reason.
        """
        root, path = reference.root, reference.path
        if root == "inputs":
            return self._input(path)
        if root == "steps":
            return self._output(path, reader)
        if root == "run":
            return schema_at(RUN, path[1:], named=("run",))
        if root == "error":
            handles = any(reader == each.on_error.to for each in self.steps.values())
            if reader is None or not (handles or reader in self.undoes):
                raise NotThere("`error` is known only to a step that another names in its `on_error` or `compensate`.")
            return schema_at(ERROR, path[1:], named=("error",))
        if root not in {"item", "index"}:
            raise NotThere(f"`{root}` is known only to the inputs of a trigger.")
        many = self.undoes.get(reader, reader) if reader is not None else None
        step = self.steps[many] if many is not None else None
        if step is None or step.for_each is None:
            raise NotThere(f"`{root}` is known only inside a step with `for_each`.")
        if root == "index":
            return {"type": "integer"}
        items = schema_of_value(step.for_each.items, lambda found: self.known(found, many))
        return schema_at(items, (0, *path[1:]), named=("item",))

    def _step(self, name: str, step: Step) -> Iterator[Issue]:
        at = f"steps.{name}"
        for place, value in step.all_values():
            yield from self._value(f"{at}.{place}", value, name)
        for place, condition in step.conditions():
            try:
                for under, test in every_test(condition, f"{at}.{place}"):
                    yield from self._test(under, test, name)
            except BadValue as error:
                yield Issue(path=f"{at}.{place}", message=str(error))
        if step.targets() and (step.for_each or step.on_error.do == "continue"):
            yield Issue(path=at, message="A step that chooses others runs once, and gives nothing else when it fails.")
        if step.for_each is not None:
            yield from self._wants(f"{at}.for_each.items", step.for_each.items, {"type": "array"}, name)
        if isinstance(step, Approval):
            yield from self._people(at, step)
        if isinstance(step, AgentStep):
            signature = self.catalogue.agent(step.agent)
            if signature is None:
                yield Issue(path=f"{at}.agent", message=f"There is no agent {step.agent!r} in your industries.")
            else:
                yield from self._call(f"{at}.input", step.input, signature.takes, name)
        if isinstance(step, SubWorkflow):
            signature = self.catalogue.workflow(step.workflow)
            if signature is None:
                yield Issue(path=f"{at}.workflow", message=f"There is no published workflow {step.workflow!r} here.")
            else:
                yield from self._call(f"{at}.inputs", step.inputs, signature.takes, name)

    def _people(self, at: str, step: Approval) -> Iterator[Issue]:
        """Whom a step asks by an address at which nobody is who may answer."""
        named = dict(step.addresses())
        strangers = self.catalogue.strangers(named.values()) if named else set()
        for place, address in named.items():
            if address in strangers:
                message = f"{address} is the address of no active member who may decide."
                yield Issue(path=f"{at}.{place}", message=message)

    def _value(self, place: str, value: Any, reader: str | None) -> Iterator[Issue]:
        """What is wrong with the references of a value, wherever in it they stand."""
        if isinstance(value, Mapping) and CEL in value:
            yield from self._expression(place, value[CEL], reader)
        elif isinstance(value, Mapping):
            for key, item in value.items():
                yield from self._value(f"{place}.{key}", item, reader)
        elif isinstance(value, list):
            for n, item in enumerate(value):
                yield from self._value(f"{place}.{n}", item, reader)
        elif isinstance(value, str):
            for part in text_parse(value):
                if isinstance(part, Reference):
                    try:
                        self.known(part, reader)
                    except NotThere as error:
                        yield Issue(path=place, message=f"{part}: {error}")

    def _expression(self, place: str, source: str, reader: str | None) -> Iterator[Issue]:
        """What is wrong with what an expression refers to, and where in it."""
        from apps.workflows.cel.checking import expression_parse, grown_said  # only where there are expressions

        expression = expression_parse(source)
        for reference, where in zip(expression.references, expression.places, strict=True):
            try:
                self.known(reference, reader)
            except NotThere as error:
                yield Issue(path=place, message=f"{where}: `{path_text(reference.path)}`: {error}")
        for reference, where in expression.grown:
            try:
                types = types_of(self.known(reference, reader))
            except NotThere:
                continue  # told above
            if types & {"string", "array"}:
                yield Issue(path=place, message=grown_said(where, "string" if "string" in types else "array"))

    def _test(self, place: str, test: Any, reader: str) -> Iterator[Issue]:
        found = [*self._value(f"{place}.field", test.field, reader), *self._value(f"{place}.value", test.value, reader)]
        yield from found
        if found or test.op in UNARY:
            return
        left = self.known(test.reference, reader)
        if test.op in ORDERED and types_of(left) and not types_of(left) & {"number", "integer", "string"}:
            message = f"`{test.op}` compares numbers, texts and dates; {test.field} is {told(left)}."
            yield Issue(path=place, message=message)
            return
        listed = test.value if test.op in {"in", "not in", "between"} and isinstance(test.value, list) else [test.value]
        if test.op in {"contains", "does not contain"} or (test.op in {"in", "not in"} and listed == [test.value]):
            return
        for value in listed:
            right = schema_of_value(value, lambda found: self.known(found, reader))
            if value is not None and not fits(right, left):
                yield Issue(path=f"{place}.value", message=f"{test.field} is {told(left)}, and this is {told(right)}.")
            choices = left.get("enum")
            if choices and right.get("const", choices[0]) not in choices:
                yield Issue(path=f"{place}.value", message=f"{test.field} is one of {', '.join(map(str, choices))}.")

    def _call(self, place: str, given: Mapping[str, Any], takes: Schema, reader: str) -> Iterator[Issue]:
        """What is wrong with the values that something is called with."""
        fields = takes.get("properties", {})
        for name, value in given.items():
            if name not in fields:
                yield Issue(path=f"{place}.{name}", message=f"It takes no {name!r}; it takes {', '.join(fields)}.")
            else:
                wanted = {**fields[name], "$defs": takes.get("$defs", {})}
                yield from self._wants(f"{place}.{name}", value, wanted, reader)
        for name in takes.get("required", []):
            if name not in given:
                yield Issue(path=f"{place}.{name}", message="This is needed, and not given.")

    def _wants(self, place: str, value: Any, wanted: Schema, reader: str) -> Iterator[Issue]:
        try:
            have = schema_of_value(value, lambda found: self.known(found, reader))
        except NotThere:
            return  # told where the value's references are looked at
        if not fits(have, wanted):
            yield Issue(path=place, message=f"This must be {told(wanted)}, and is {told(have)}.")

    def _input(self, path: tuple[str | int, ...]) -> Schema:
        if len(path) < 2 or path[1] not in self.definition.inputs:
            raise NotThere(f"There is no such input; there are {', '.join(self.definition.inputs) or 'none'}.")
        field = self.definition.inputs[str(path[1])].schema_of()
        return schema_at(field, path[2:], named=path[:2])

    def _output(self, path: tuple[str | int, ...], reader: str | None) -> Schema:
        name = str(path[1]) if len(path) > 1 else ""
        if name not in self.steps:
            raise NotThere(f"There is no step {name!r}; there are {', '.join(self.steps)}.")
        if name in self.undoes:
            raise NotThere(
                f"The step {name!r} runs only to undo {self.undoes[name]!r}: nobody waits for what it gives."
            )
        if reader is not None and name not in self.earlier(reader):
            raise NotThere(f"The step {name!r} does not come before {reader!r}: name it in `after`.")
        if reader is not None and self.undoes.get(reader) == name:
            return schema_at(self._one_schema(name), path[2:], named=path[:2])
        schema = self._gives.get(name)
        if schema is None:
            schema = self._gives[name] = self._output_schema(name)
        return schema_at(schema, path[2:], named=path[:2])

    def _one_schema(self, name: str) -> Schema:
        """Of what a step gives, or an item of it, where it is done."""
        step = self.steps[name]
        schema: Schema = step.gives()
        if isinstance(step, AgentStep):
            signature = self.catalogue.agent(step.agent)
            schema = signature.gives if signature else ANYTHING
        elif isinstance(step, SubWorkflow):
            signature = self.catalogue.workflow(step.workflow)
            schema = signature.gives if signature else ANYTHING
        elif step.kind == "transform":
            schema = schema_of_value(dict(step.values())["set"], lambda found: self._or_anything(found, name))
        return schema

    def _output_schema(self, name: str) -> Schema:
        step, schema = self.steps[name], self._one_schema(name)
        if step.for_each is not None:
            schema = {"type": "array", "items": schema, **({"$defs": schema["$defs"]} if "$defs" in schema else {})}
        if step.on_error.do == "continue":
            instead = schema_of_value(step.on_error.value, lambda found: self._or_anything(found, name))
            return {"anyOf": [schema, instead], **({"$defs": schema["$defs"]} if "$defs" in schema else {})}
        return schema

    def _or_anything(self, reference: Reference, reader: str) -> Schema:
        try:
            return self.known(reference, reader)
        except NotThere:
            return ANYTHING  # told where the step itself is looked at

    def earlier(self, name: str) -> frozenset[str]:
        """All steps that are over before `name` begins; of one that undoes another, that one and what is before it."""
        if name not in self._earlier:
            found: set[str] = set()
            stack = [self.undoes[name]] if name in self.undoes else list(self.before[name])
            while stack:
                other = stack.pop()
                if other not in found:
                    found.add(other)
                    stack += self.before[other]
            self._earlier[name] = frozenset(found)
        return self._earlier[name]


def _distinct(names: list[str]) -> list[str]:
    return list(dict.fromkeys(names))
