"""What a workflow is: typed data that people edit by forms and keep as YAML. Nothing in this module runs.

A definition is read by one model, wherever it comes from; `apps.workflows.checking` then tells what is wrong with it as
a whole, `apps.workflows.plan` makes of it what the engine follows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Annotated, Any, ClassVar, Final, Literal, Self

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    SerializeAsAny,
    StringConstraints,
    ValidationError,
    field_validator,
    model_validator,
)

from apps.common.errors import InvalidInput, Issue
from apps.common.registry import Registry
from apps.common.schemas import StrictModel
from apps.common.yamls import text_read, text_write
from apps.workflows.conditions import Condition, Group, Test, every_test
from apps.workflows.durations import Duration
from apps.workflows.values import Compiled, Reference, references_in, value_compile

FORMAT: Final = 1
MOST_STEPS: Final = 200
LARGEST: Final = 256 * 1024
"""Bytes of a definition as YAML."""

TAKEN: Final = frozenset({"new", "blueprints"})
"""Names that stand for pages where those of workflows do."""

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,59}$")]


def _readable(value: Any) -> Any:
    value_compile(value)
    return value


Value = Annotated[Any, AfterValidator(_readable)]
"""A literal, a reference, a text with references, or a function of values: see `apps.workflows.values`."""


class InputField(StrictModel):
    """One input of a workflow: what the form asks for, what the API takes, what references may rely on."""

    type: Literal["text", "number", "integer", "boolean", "date", "datetime", "choice", "list", "object", "dataset"]
    title: str = Field(default="", max_length=100)
    description: str = Field(default="", max_length=500, json_schema_extra={"more": True})
    required: bool = True
    default: Any = None
    choices: list[str] = Field(default=[], max_length=200, json_schema_extra={"only_with": {"type": "choice"}})
    minimum: float | None = Field(default=None, json_schema_extra={"only_with": {"type": ["number", "integer"]}})
    maximum: float | None = Field(default=None, json_schema_extra={"only_with": {"type": ["number", "integer"]}})
    example: Any = None

    @model_validator(mode="after")
    def sensible(self) -> Self:
        if (self.type == "choice") != bool(self.choices):
            raise ValueError("`choices` belong to an input of type choice, which needs them.")
        if self.type not in {"number", "integer"} and (self.minimum, self.maximum) != (None, None):
            raise ValueError("Only numbers have a minimum and a maximum.")
        return self

    def schema_of(self) -> dict[str, Any]:
        """The JSON schema of its values."""
        made = dict(_INPUT_TYPES[self.type])
        if self.choices:
            made["enum"] = self.choices
        for name, limit in (("minimum", self.minimum), ("maximum", self.maximum)):
            if limit is not None:
                made[name] = limit
        return made if self.required else {"anyOf": [made, {"type": "null"}]}


_INPUT_TYPES: Final[dict[str, dict[str, Any]]] = {
    "text": {"type": "string", "maxLength": 10_000},
    "number": {"type": "number"},
    "integer": {"type": "integer"},
    "boolean": {"type": "boolean"},
    "date": {"type": "string", "format": "date"},
    "datetime": {"type": "string", "format": "date-time"},
    "choice": {"type": "string"},
    "list": {"type": "array"},
    "object": {"type": "object"},
    "dataset": {"type": "string", "format": "uuid"},
}


class Retry(StrictModel):
    """When a step that failed is tried again. The n-th wait is `delay` × `factor`^(n-1), at most `longest`."""

    attempts: int = Field(default=3, ge=1, le=20, description="Tries in all.")
    delay: Duration = Field(default="2s", validate_default=True, title="First wait")
    factor: float = Field(default=2.0, ge=1, le=10, title="Each wait times", json_schema_extra={"more": True})
    longest: Duration = Field(
        default="15m", validate_default=True, title="Longest wait", json_schema_extra={"more": True}
    )
    jitter: bool = Field(
        default=True,
        description="Whether a wait is drawn between half of it and all of it.",
        json_schema_extra={"more": True},
    )
    only: list[str] = Field(
        default=[],
        max_length=50,
        title="Only on errors",
        description="Codes of problems to retry on; empty: every one.",
        json_schema_extra={"more": True},
    )


class OnError(StrictModel):
    """What happens when a step has failed for good."""

    do: Literal["fail", "continue", "go"] = Field(
        default="fail",
        title="After the last try",
        json_schema_extra={
            "labels": {"fail": "The run fails", "continue": "Go on with a value", "go": "Go to another step"}
        },
    )
    value: Value = Field(
        default=None, description="What the step gives instead.", json_schema_extra={"only_with": {"do": "continue"}}
    )
    to: Name | None = Field(
        default=None, description="The step that deals with it.", json_schema_extra={"only_with": {"do": "go"}}
    )

    @model_validator(mode="after")
    def complete(self) -> Self:
        if (self.do == "go") != (self.to is not None):
            raise ValueError("`to` names the step for `do: go`, and nothing else.")
        if self.do != "continue" and self.value is not None:
            raise ValueError("`value` belongs to `do: continue`.")
        return self


class ForEach(StrictModel):
    """Run a step once for each item of a list; it gives the list of what each gave, in order."""

    items: Value = Field(title="Items of", json_schema_extra={"wants": {"type": "array"}})
    concurrency: int = Field(
        default=10, ge=1, le=100, title="At the same time", description="Items that may be worked on at the same time."
    )
    on_item_error: Literal["fail", "skip"] = Field(
        default="fail",
        title="When an item fails",
        description="With `skip` a failed item gives null.",
        json_schema_extra={"labels": {"fail": "The step fails", "skip": "Skip the item"}},
    )


class Step(StrictModel):
    """What every step has. A kind of step is a subclass with its own fields, registered by `kind`."""

    kind: str
    title: str = Field(default="", max_length=100)
    description: str = Field(default="", max_length=1000, json_schema_extra={"more": True})
    after: list[Name] | None = Field(
        default=None, max_length=MOST_STEPS, description="Steps that come before; left out: the one above."
    )
    when: Condition | None = Field(default=None, description="The step is skipped where this does not hold.")
    for_each: ForEach | None = Field(default=None, json_schema_extra={"offer": "Run once for each item of a list"})
    retry: Retry | None = Field(default=None, title="Tries", json_schema_extra={"offer": "Try again when it fails"})
    timeout: Duration | None = Field(default=None, title="Fails after", description="How long a try may take.")
    on_error: OnError = Field(default=OnError(), title="When it has failed for good")
    compensate: Name | None = Field(
        default=None,
        title="Undone by",
        description="The step that undoes what this one did outside, where the run fails or is cancelled later. That "
        "step runs for nothing else.",
    )

    label: ClassVar[str]
    """What people call the kind."""
    icon: ClassVar[str]
    inline: ClassVar[bool] = False
    """Whether the engine computes it in its own process; else it opens the step and waits for its end."""
    has_effect: ClassVar[bool] = False
    """Whether it does something outside, which another step may have to undo."""
    can_undo: ClassVar[bool] = False
    """Whether it may undo what another step did."""
    proposed: ClassVar[dict[str, Any]] = {}
    """What a new step of the kind says to begin with, where a person adds one: not what it says when left out."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        STEP_KINDS.register(cls.model_fields["kind"].default, cls)

    def values(self) -> Iterator[tuple[str, Any]]:
        """The kind's own values that may hold references, with their places."""
        yield from ()

    def targets(self) -> list[str]:
        """The steps that it chooses among: those that it does not choose are skipped."""
        return []

    def gives(self) -> dict[str, Any]:
        """The JSON schema of its output, as far as the definition alone tells; `{}` for anything."""
        return {}

    def conditions(self) -> Iterator[tuple[str, Test | Group]]:
        """Every condition of the step with its place."""
        if self.when is not None:
            yield "when", self.when

    def compile(self) -> Compiled:
        """A function of the environment: the output of an inline step, or what any other is asked to do.

        The function raises `NoValue` or `ValueError` with what is wrong.
        """
        raise NotImplementedError

    def due(self, asked: Any, now: datetime) -> datetime | None:
        """When a step that was opened at `now` is overdue; None: it never is."""
        return now + self.timeout if self.timeout is not None else None

    def overdue(self, due: datetime) -> Any:
        """What a step gives that is overdue; None where that is a failure."""
        return None

    def undid(self, output: Any) -> bool:
        """Whether what the step gave, where it ran to undo another one, says that this was undone."""
        return True

    def all_values(self) -> Iterator[tuple[str, Any]]:
        yield from self.values()
        if self.for_each is not None:
            yield "for_each.items", self.for_each.items
        if self.on_error.do == "continue":
            yield "on_error.value", self.on_error.value

    def references(self) -> Iterator[tuple[str, Reference]]:
        """Every reference with its place in the step."""
        for place, value in self.all_values():
            yield from ((f"{place}.{under}".rstrip("."), found) for under, found in references_in(value))
        for place, condition in self.conditions():
            for at, test in every_test(condition, place):
                yield f"{at}.field".lstrip("."), test.reference
                yield from ((f"{at}.value".lstrip("."), found) for _, found in references_in(test.value))


STEP_KINDS: Registry[type[Step]] = Registry("Step kind")


def _step(given: Any) -> Any:
    """A step by its kind. Raises `ValueError` where there is no such kind."""
    if isinstance(given, Step):
        return given
    if not isinstance(given, Mapping):
        raise ValueError("A step is a mapping with at least a `kind`.")
    kind = STEP_KINDS.get(str(given.get("kind", "")))
    if kind is None:
        raise ValueError(f"`kind` is one of {', '.join(STEP_KINDS.keys())}.")
    return kind.model_validate(given)


class Overlap(StrictModel):
    """How many runs of a workflow are worked on at the same time, and what becomes of one more."""

    limit: int | None = Field(default=None, ge=1, le=10_000, description="Left out: as many as there are.")
    policy: Literal["wait", "skip", "cancel_previous"] = "wait"


class Definition(StrictModel):
    """A workflow. The order of steps is that in which people read them; what runs when is told by `after`."""

    format: Literal[1] = FORMAT
    name: Slug
    title: str = Field(min_length=1, max_length=100)
    description: str = Field(default="", max_length=2000)
    owner: str = Field(default="", max_length=254, description="Who answers for it: an address or a team.")
    tags: list[Slug] = Field(default=[], max_length=20)
    inputs: dict[Name, InputField] = Field(default={}, max_length=50)
    steps: dict[Name, SerializeAsAny[Annotated[Step, BeforeValidator(_step)]]] = Field(
        min_length=1, max_length=MOST_STEPS
    )
    outputs: dict[Name, Value] = Field(default={}, max_length=50)
    overlap: Overlap = Overlap()
    deadline: Duration | None = Field(default=None, description="A run that is still open after so long fails.")
    on_failure: Slug | None = Field(
        default=None,
        description="The workflow that is started when a run failed.",
        json_schema_extra={"picks": "workflow"},
    )

    @field_validator("name")
    @classmethod
    def addressable(cls, name: str) -> str:
        if name in TAKEN:
            raise ValueError(f"The console has a page called {name!r}: choose another name.")
        return name

    def before(self, name: str) -> list[str]:
        """The steps that come before `name`: those it names, or else the one above it that is no undo of another."""
        step, undoes = self.steps[name], self.undoes()
        if name in undoes:
            return []
        if step.after is not None:
            return step.after
        chosen = self.chosen_by().get(name)
        if chosen:
            return chosen
        above = ""
        for other in self.steps:
            if other == name:
                break
            above = above if other in undoes else other
        return [above] if above else []

    def undoes(self) -> dict[str, str]:
        """The steps that run only to undo others, with those others."""
        return {step.compensate: name for name, step in self.steps.items() if step.compensate is not None}

    def chosen_by(self) -> dict[str, list[str]]:
        """The steps that are chosen by others (a branch, a parallel, a handler of errors), with those others."""
        found: dict[str, list[str]] = {}
        for name, step in self.steps.items():
            for target in [*step.targets(), *([step.on_error.to] if step.on_error.to else [])]:
                found.setdefault(target, []).append(name)
        return found


def definition_load(text: str) -> Definition:
    """A definition from YAML or JSON. Raises `InvalidInput` with an issue for each place that is wrong."""
    if len(text.encode()) > LARGEST:
        raise InvalidInput(f"A definition has at most {LARGEST // 1024} KiB. Nothing was stored.")
    return definition_parse(text_read(text))


def definition_parse(given: Any) -> Definition:
    """A definition from data. Raises `InvalidInput`."""
    try:
        return Definition.model_validate(given)
    except ValidationError as error:
        raise InvalidInput.from_pydantic(error) from error


def definition_named(definition: Definition, name: str) -> Definition:
    """The definition, which has to be that of the workflow of this name. Raises `InvalidInput`."""
    if definition.name != name:
        issue = Issue(path="name", message=f"It is {name!r}, as in the address: the name of a workflow never changes.")
        raise InvalidInput("The definition is that of another workflow; nothing was stored.", issues=[issue])
    return definition


def definition_dump(definition: Definition) -> dict[str, Any]:
    """A definition as data, without what is as it would be anyway; `definition_parse` gives it back."""
    data = definition.model_dump(mode="json", exclude_defaults=True, by_alias=True)
    data["steps"] = {name: {"kind": step.kind, **data["steps"][name]} for name, step in definition.steps.items()}
    return {"format": definition.format, **{key: data[key] for key in type(definition).model_fields if key in data}}


def definition_yaml(definition: Definition) -> str:
    """A definition as YAML that people read and edit; `definition_load` gives it back."""
    return text_write(definition_dump(definition))
