"""A form that nobody has touched, posted, gives the step that it was made of: of every kind, whatever it holds."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from apps.common.actions import ACTIONS
from apps.common.permissions import ROLES
from apps.workflows.definition import STEP_KINDS, Step
from apps.workflows.stepforms import step_form
from apps.workflows.stepforms.shapes import Shape, shape_of
from tests.workflows.stepforms.posting import WHO, definition, posted, read, shown

KINDS = sorted(STEP_KINDS.keys())
CHARACTERS = st.characters(exclude_categories=("Cs", "Cc"))
TEXTS = st.one_of(
    st.text(CHARACTERS, max_size=12),
    st.sampled_from(["", " a ", "one\ntwo", "\nfirst", "12", "true", "a < b & 'c' \"d\""]),
)
NAMES = st.sampled_from(["first", "second", "third"])
KEYS = st.from_regex(r"[a-z][a-z0-9_]{0,5}", fullmatch=True)
REFERENCES = st.sampled_from(["${inputs.amount}", "${steps.first.score}", "${ inputs.day }", "${steps.gone.x[0]}"])
NUMBERS = st.one_of(st.integers(-(10**9), 10**9), st.floats(allow_nan=False, allow_infinity=False))
SCALARS = st.one_of(st.none(), st.booleans(), NUMBERS, TEXTS, REFERENCES, st.just("Pay ${inputs.amount} now"))
CALLS = st.sampled_from([{"$round": ["${inputs.amount}", 2]}, {"$cel": "inputs.amount * 2.0"}])
VALUES = st.recursive(
    st.one_of(SCALARS, CALLS),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(KEYS, inner, max_size=3)),
    max_leaves=6,
)
TESTS = st.one_of(
    st.fixed_dictionaries(
        {"field": REFERENCES, "op": st.sampled_from(["=", "!=", ">=", "contains"])}, optional={"value": SCALARS}
    ),
    st.fixed_dictionaries({"field": REFERENCES, "op": st.just("in"), "value": st.lists(SCALARS, max_size=3)}),
    st.fixed_dictionaries(
        {"field": REFERENCES, "op": st.just("between"), "value": st.lists(NUMBERS, min_size=2, max_size=2)}
    ),
    st.fixed_dictionaries({"field": REFERENCES, "op": st.just("is empty")}),
)
CONDITIONS = st.recursive(
    TESTS,
    lambda inner: st.builds(
        lambda word, parts: {word: parts}, st.sampled_from(["all", "any", "none"]), st.lists(inner, max_size=3)
    ),
    max_leaves=4,
)
INPUTS = st.one_of(
    st.fixed_dictionaries(
        {"type": st.sampled_from(["text", "boolean", "list", "object", "date"])},
        optional={
            "title": TEXTS,
            "required": st.booleans(),
            "default": SCALARS,
            "example": st.lists(NUMBERS, max_size=2),
        },
    ),
    st.fixed_dictionaries(
        {"type": st.sampled_from(["number", "integer"])},
        optional={"minimum": st.integers(0, 5), "maximum": st.integers(6, 9), "default": NUMBERS},
    ),
    st.fixed_dictionaries({"type": st.just("choice"), "choices": st.lists(TEXTS, min_size=1, max_size=3)}),
)
PICKED = {
    "agent": ["demo.risk", "demo.gone"],
    "workflow": ["payments", "gone"],
    "action": [*ACTIONS.keys()],
    "role": [*ROLES],
    "member": ["ada@acme.example"],
}


def values_of(shape: Shape) -> st.SearchStrategy[Any]:
    """What a field of a shape may hold, valid or nearly so."""
    if shape.kind == "group":
        return groups_of(shape)
    if shape.kind == "rows":
        assert shape.item is not None
        return st.lists(values_of(shape.item), max_size=2)
    if shape.kind == "pairs":
        assert shape.item is not None
        keys = st.one_of(KEYS, st.sampled_from(["amount", "country", "note", "urgent", "day", "lines"]))
        return st.dictionaries(keys, values_of(shape.item), max_size=3)
    if shape.kind == "many":
        return st.lists(st.sampled_from(PICKED[shape.picks]), min_size=1, max_size=3, unique=True)
    if shape.picks:
        return st.sampled_from(PICKED[shape.picks])
    plain: dict[str, st.SearchStrategy[Any]] = {
        "value": VALUES,
        "condition": CONDITIONS,
        "step": NAMES,
        "steps": st.lists(NAMES, max_size=3),
        "fields": st.dictionaries(KEYS, INPUTS, max_size=2),
        "text": TEXTS,
        "longtext": TEXTS,
        "flag": st.booleans(),
        "integer": st.integers(1, 5),
        "number": st.sampled_from([1, 1.5, 2.0, 9]),
        "duration": st.sampled_from(["1s", "5m", "1h30m", "2d"]),
        "choice": st.sampled_from(shape.choices or ("none",)),
        "plain": VALUES,
    }
    return plain[shape.kind]


def groups_of(shape: Shape) -> st.SearchStrategy[dict[str, Any]]:
    """Mappings with some of the fields of a group."""
    parts = {part.name: values_of(part) for part in shape.parts if part.name != "kind"}
    needed = {part.name for part in shape.parts if part.required}
    return st.fixed_dictionaries(
        {name: each for name, each in parts.items() if name in needed},
        optional={name: each for name, each in parts.items() if name not in needed},
    )


@pytest.mark.parametrize("kind", KINDS)
def test_a_form_that_nobody_touched_gives_the_step_that_it_was_made_of(kind: str) -> None:
    model = STEP_KINDS[kind]

    @settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
    @given(groups_of(shape_of(model)))
    def holds(made: dict[str, Any]) -> None:
        step = _dumped(kind, made)
        whole = definition(first={"kind": "agent", "agent": "demo.risk", "input": {"country": "DE"}}, second=step)
        assert read(whole, "second", posted(shown(step_form(whole, "second", who=WHO)))) == step

    holds()


def _dumped(kind: str, made: dict[str, Any]) -> dict[str, Any]:
    """A valid step as a definition writes it."""
    try:
        step: Step = STEP_KINDS[kind].model_validate({"kind": kind, **made})
    except ValidationError:
        assume(False)
    return {"kind": kind, **step.model_dump(mode="json", exclude_defaults=True, by_alias=True)}
