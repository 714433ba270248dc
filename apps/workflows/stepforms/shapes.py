"""What the model of a step declares, as far as a form needs it: a tree of shapes, made of the types of its fields.

A kind of step gets its form by this alone. Where a type does not say enough, a field says more by `json_schema_extra`:

``picks``
    What its texts are chosen from: a name of `apps.workflows.stepforms.picks`.
``wants``
    The JSON schema of what is wanted as a value.
``takes``
    The field beside it that names what is called: the values are those which that takes.
``noun``
    What one of its rows is called.
``more``
    True where it is seldom needed: it stands apart until it is said.
``offer``
    Of a group that need not be there: what the button says that adds it.
``only_with``
    The field beside it, with the value that it has to have for this one to matter.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache, cached_property
from types import NoneType, UnionType
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin

from pydantic import AfterValidator, BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from apps.workflows.conditions import Group, Test
from apps.workflows.definition import InputField, Name, Value

Kind = Literal[
    "value", "condition", "step", "steps", "text", "longtext", "number", "integer", "duration", "flag", "choice",
    "many", "rows", "pairs", "group", "fields", "plain",
]  # fmt: skip
LONG: Final = 500
"""A text that may have more characters gets a text area."""
UNSET: Final = object()
"""Of a field: that it has no default."""

_VALUE: Final = get_args(Value)[1]
_NAME: Final = get_args(Name)[1]


@dataclass(frozen=True)
class Shape:
    """One value of a model. `item` is what a list or a mapping holds, `key` what it is held by."""

    name: str
    kind: Kind
    label: str = ""
    help: str = ""
    required: bool = True
    nullable: bool = False
    default: Any = UNSET
    """As the definition writes it; `UNSET` where there is none."""
    choices: tuple[str, ...] = ()
    item: Shape | None = None
    parts: tuple[Shape, ...] = ()
    hints: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def by_name(self) -> dict[str, Shape]:
        return {part.name: part for part in self.parts}

    @property
    def picks(self) -> str:
        return str(self.hints.get("picks", ""))

    @property
    def takes(self) -> str:
        return str(self.hints.get("takes", ""))

    @property
    def wants(self) -> Mapping[str, Any]:
        return dict(self.hints.get("wants", {}))

    @property
    def offer(self) -> str:
        return str(self.hints.get("offer", ""))

    @property
    def is_asked(self) -> bool:
        """Whether nothing holds where it is left out: only then a form says that it may be."""
        return self.required or self.default in (UNSET, None, "", [], {})

    def matters(self, beside: Mapping[str, Any], others: Shape) -> bool:
        """Whether it is entered, as the fields beside it are."""
        for name, wanted in dict(self.hints.get("only_with", {})).items():
            other = others.by_name.get(name)
            default = other.default if other is not None else None
            if beside.get(name, default) not in (wanted if isinstance(wanted, list) else [wanted]):
                return False
        return True


@cache
def shape_of(model: type[BaseModel]) -> Shape:
    """The shape of a model: a group of its fields, by the names that a definition has for them."""
    parts = tuple(_of_field(info.alias or name, info) for name, info in model.model_fields.items())
    return Shape("", "group", label=_words(model.__name__), parts=parts)


def _of_field(name: str, info: FieldInfo) -> Shape:
    hints = info.json_schema_extra if isinstance(info.json_schema_extra, dict) else {}
    longest = next((each.max_length for each in info.metadata if hasattr(each, "max_length")), None)
    made = _of_type(info.annotation, list(info.metadata), hints, longest)
    default = info.get_default(call_default_factory=True) if not info.is_required() else PydanticUndefined
    return Shape(
        name,
        made.kind,
        label=info.title or _words(name),
        help=(info.description or "").replace("`", ""),
        required=info.is_required(),
        nullable=made.nullable,
        default=UNSET if default is PydanticUndefined else _written(default),
        choices=made.choices,
        item=made.item,
        parts=made.parts,
        hints=dict(hints),
    )


def _of_type(annotation: Any, metadata: list[Any], hints: Mapping[str, Any], longest: int | None) -> Shape:
    while get_origin(annotation) is Annotated:
        annotation, *more = get_args(annotation)
        metadata = [*metadata, *more]
    if any(isinstance(each, AfterValidator) and each == _VALUE for each in metadata):
        return Shape("", "value")
    if get_origin(annotation) in {Union, UnionType}:
        return _of_union(annotation, metadata, hints, longest)
    if get_origin(annotation) is Literal:
        return Shape("", "choice", choices=tuple(str(each) for each in get_args(annotation)))
    if get_origin(annotation) is list:
        return _of_list(annotation, hints, longest)
    if get_origin(annotation) is dict:
        return _of_mapping(annotation)
    if isinstance(annotation, type):
        return _of_class(annotation, metadata, hints, longest)
    return Shape("", "plain")


def _of_class(annotation: type, metadata: list[Any], hints: Mapping[str, Any], longest: int | None) -> Shape:
    if annotation is str and _NAME in metadata and not hints.get("picks"):
        return Shape("", "step")
    if annotation is str:
        return Shape("", "choice" if hints.get("picks") else "longtext" if (longest or 0) > LONG else "text")
    for known, kind in _CLASSES.items():
        if annotation is known:
            return Shape("", kind)
    if issubclass(annotation, BaseModel):
        return Shape("", "group", parts=shape_of(annotation).parts)
    return Shape("", "plain")


_CONDITION: Final[tuple[type, ...]] = (Test, Group)
_CLASSES: Final[dict[type, Kind]] = {bool: "flag", int: "integer", float: "number", timedelta: "duration"}


def _of_union(annotation: Any, metadata: list[Any], hints: Mapping[str, Any], longest: int | None) -> Shape:
    found = [each for each in get_args(annotation) if each is not NoneType]
    nullable = len(found) < len(get_args(annotation))
    if {_bare(each) for each in found} == set(_CONDITION):
        return Shape("", "condition", nullable=nullable)
    if len(found) != 1:
        return Shape("", "plain", nullable=nullable)
    made = _of_type(found[0], metadata, hints, longest)
    return Shape("", made.kind, nullable=nullable, choices=made.choices, item=made.item, parts=made.parts)


def _of_list(annotation: Any, hints: Mapping[str, Any], longest: int | None) -> Shape:
    (inner,) = get_args(annotation) or (Any,)
    item = _of_type(inner, [], {}, longest=None)
    if item.kind == "step":
        return Shape("", "steps")
    if item.kind in {"text", "choice"} and (hints.get("picks") or item.choices):
        return Shape("", "many", choices=item.choices)
    return Shape("", "rows", item=item) if item.kind not in {"plain", "rows", "pairs"} else Shape("", "plain")


def _of_mapping(annotation: Any) -> Shape:
    _, inner = get_args(annotation) or (str, Any)
    if _bare(inner) is InputField:
        return Shape("", "fields", item=shape_of(InputField))
    item = _of_type(inner, [], {}, longest=None)
    return Shape("", "pairs", item=item) if item.kind not in {"plain", "rows", "pairs"} else Shape("", "plain")


def _bare(annotation: Any) -> Any:
    while get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    return annotation


def _written(default: Any) -> Any:
    """A default as a definition writes it."""
    if isinstance(default, BaseModel):
        return default.model_dump(mode="json", exclude_defaults=True, by_alias=True)
    if isinstance(default, timedelta):
        from apps.workflows.durations import duration_text

        return duration_text(default)
    return list(default) if isinstance(default, tuple) else default


def _words(name: str) -> str:
    words = name.replace("_", " ").strip()
    return words[:1].upper() + words[1:]
