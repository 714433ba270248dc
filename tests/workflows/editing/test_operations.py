"""What forms do to a definition: one that is whole stays whole, and one that is not is never lost."""

from __future__ import annotations

import json
from collections.abc import Iterable
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.common.errors import InvalidInput, NotFound
from apps.workflows.checking import Signature, definition_check
from apps.workflows.definition import MOST_STEPS, definition_dump, definition_load, definition_parse, definition_yaml
from apps.workflows.editing import operations
from apps.workflows.editing.operations import Raw, definition_raw
from apps.workflows.editing.outline import rows_of, sketch
from apps.workflows.graphs import graph_of
from tests.workflows.test_engine import definitions, give


class Anything:
    """A tenant in which every agent and every workflow is there, and takes and gives anything."""

    def agent(self, key: str) -> Signature:
        return Signature({"properties": {"n": {}, "x": {}}}, {})

    def workflow(self, name: str) -> Signature:
        return Signature({"properties": {}}, {})

    def strangers(self, addresses: Iterable[str]) -> set[str]:
        return set()


def raw(steps: dict[str, Any], **more: Any) -> Raw:
    inputs = {"order": {"type": "object"}}
    return definition_raw({"name": "test", "title": "Test", "inputs": inputs, "steps": steps, **more})


ORDER = raw(
    {
        "load": give(1),
        "check": {
            "kind": "branch",
            "cases": [{"when": {"field": "${steps.load.x}", "op": ">", "value": "${steps.load.x}"}, "go": ["hold"]}],
            "otherwise": ["ship"],
        },
        "hold": {"kind": "approval", "question": "Hold ${steps.load.x}, or ${ steps.load.x }, never $${steps.load.x}?"},
        "ship": {"kind": "http", "url": "https://example.com", "on_error": {"do": "go", "to": "mend"}},
        "mend": give({"$add": ["${steps.load.x}", 1]}, after=["ship"]),
        "close": give({"$cel": "steps.load.x + steps.loaded.x"}, after=["load", "ship"]),
    },
    outputs={"all": "${steps.load}"},
)


def test_a_step_is_put_below_another_under_a_name_of_its_own() -> None:
    made, name = operations.step_add(ORDER, {"kind": "wait", "title": "Load"}, after="load")
    assert name == "load_2"
    assert list(made["steps"])[:3] == ["load", "load_2", "check"]
    assert operations.step_add(ORDER, {"kind": "wait"})[1] == "wait"
    assert operations.step_add(ORDER, {"kind": "wait", "title": "42 Ümläute!"})[1] == "wait_42_ml_ute"
    assert list(operations.step_add(ORDER, {"kind": "wait"}, after="gone")[0]["steps"])[-1] == "wait"


def test_names_are_never_longer_than_a_name_may_be() -> None:
    made, name = operations.step_add(ORDER, {"kind": "wait", "title": "a" * 90})
    again, other = operations.step_add(made, {"kind": "wait", "title": "a" * 90})
    assert (len(name), len(other), name != other) == (40, 40, True)
    assert all(operations.NAME.fullmatch(each) for each in again["steps"])


def test_there_are_never_more_steps_than_a_workflow_may_have() -> None:
    full = raw({f"s{n}": give(n) for n in range(MOST_STEPS)})
    with pytest.raises(InvalidInput, match="at most 200 steps"):
        operations.step_add(full, give(1))
    with pytest.raises(InvalidInput):
        operations.step_duplicate(full, "s1")


def test_a_step_that_is_renamed_is_called_so_everywhere() -> None:
    made = operations.step_rename(ORDER, "load", "begin")
    assert next(iter(made["steps"])) == "begin"
    text = json.dumps(made).replace("$${steps.load.x}", "")
    assert "steps.load." not in text
    assert "steps.loaded.x" in text, "a longer name is another step"
    assert made["outputs"] == {"all": "${steps.begin}"}
    assert made["steps"]["close"]["after"] == ["begin", "ship"]
    assert "never $${steps.load.x}" in made["steps"]["hold"]["question"], "what is no reference stays"
    other = operations.step_rename(operations.step_rename(ORDER, "ship", "send"), "hold", "ask")
    assert other["steps"]["check"]["otherwise"] == ["send"]
    assert other["steps"]["check"]["cases"][0]["go"] == ["ask"]
    assert operations.step_rename(ORDER, "mend", "repair")["steps"]["ship"]["on_error"]["to"] == "repair"


def test_the_step_that_an_act_is_of_and_what_undoes_a_step_are_renamed_with_it() -> None:
    steps = {
        "look": {"kind": "agent", "agent": "x"},
        "do": {"kind": "act", "of": "look", "kinds": [], "compensate": "back"},
        "back": give(1),
        "pick": {"kind": "switch", "of": "look", "cases": {"look": ["back"]}},
    }
    made = operations.step_rename(operations.step_rename(raw(steps), "look", "see"), "back", "undo")
    assert made["steps"]["do"] == {"kind": "act", "of": "see", "kinds": [], "compensate": "undo"}
    assert made["steps"]["pick"] == {"kind": "switch", "of": "look", "cases": {"look": ["undo"]}}


@pytest.mark.parametrize("new", ["", "Ship", "1st", "a-b", "a" * 41, "hold"])
def test_a_name_that_a_step_cannot_have_is_refused(new: str) -> None:
    with pytest.raises(InvalidInput):
        operations.step_rename(ORDER, "ship", new)


def test_a_step_that_is_taken_out_is_waited_for_and_chosen_no_more() -> None:
    made = operations.step_remove(ORDER, "ship")
    assert made["steps"]["check"]["otherwise"] == []
    assert made["steps"]["mend"]["after"] == ["check"], "they wait for what it has waited for"
    assert made["steps"]["close"]["after"] == ["load", "check"]
    assert "on_error" not in operations.step_remove(ORDER, "mend")["steps"]["ship"]
    assert operations.step_remove(ORDER, "load")["steps"]["close"]["after"] == ["ship"]


def test_a_step_is_moved_and_stays_within_the_list() -> None:
    assert list(operations.step_move(ORDER, "load", to=2)["steps"])[:3] == ["check", "hold", "load"]
    assert list(operations.step_move(ORDER, "load", to=99)["steps"])[-1] == "load"
    assert next(iter(operations.step_move(ORDER, "close", to=-5)["steps"])) == "close"


def test_a_copy_stands_below_its_step_and_says_the_same() -> None:
    titled = operations.step_change(ORDER, "ship", {**ORDER["steps"]["ship"], "title": "Ship it"})
    made, name = operations.step_duplicate(titled, "ship")
    assert list(made["steps"])[4] == name == "ship_2"
    assert made["steps"][name] == {**titled["steps"]["ship"], "title": "Ship it (copy)"}


def test_what_is_empty_of_a_workflow_is_left_out_but_never_its_name_or_title() -> None:
    made = operations.settings_set(ORDER, {"title": "", "owner": "", "tags": ["a"], "deadline": "2h", "steps": {}})
    assert (made["title"], "owner" in made, made["tags"], made["deadline"]) == ("", False, ["a"], "2h")
    assert made["steps"] == ORDER["steps"], "they are no setting"


@pytest.mark.parametrize("act", ["step_change", "step_remove", "step_move", "step_duplicate", "step_rename"])
def test_a_step_that_is_not_there_is_not_found(act: str) -> None:
    more: dict[str, Any] = {"step_change": {"step": {}}, "step_move": {"to": 1}, "step_rename": {"new": "x"}}
    with pytest.raises(NotFound):
        getattr(operations, act)(ORDER, "gone", **more.get(act, {}))


@pytest.mark.parametrize(
    "given",
    [None, [], "a", {"steps": []}, {"steps": {"a": 1}}, {"inputs": [1]}, {"steps": {f"s{n}": {} for n in range(201)}}],
)
def test_what_is_no_definition_at_all_is_refused(given: Any) -> None:
    with pytest.raises(InvalidInput):
        definition_raw(given)


KINDS: list[dict[str, Any]] = [
    give("${inputs.order.note}"),
    {"kind": "agent", "agent": "dummy.echo", "input": {"n": 1}},
    {"kind": "approval", "question": "Go on?"},
    {"kind": "wait", "duration": "5m"},
    {"kind": "http", "url": "https://example.com/${run.number}"},
    {"kind": "stop", "reason": "Enough"},
]
BROKEN: list[dict[str, Any]] = [
    {},
    {"kind": "branch"},
    {"kind": "gone"},
    {"kind": "agent", "after": "x", "on_error": 5, "cases": [1, {}]},
]


def act(data: st.DataObject, made: Raw, kinds: list[dict[str, Any]]) -> Raw:
    """One operation that a form offers, drawn."""
    names = list(made["steps"])
    what = data.draw(st.sampled_from(["add", "move", "duplicate", "rename", "remove", "change"] if names else ["add"]))
    if what == "add":
        after = data.draw(st.sampled_from([None, *names]))
        return operations.step_add(made, data.draw(st.sampled_from(kinds)), after=after)[0]
    name = data.draw(st.sampled_from(names))
    if what == "move":
        return operations.step_move(made, name, to=data.draw(st.integers(-1, len(names))))
    if what == "duplicate":
        return operations.step_duplicate(made, name)[0]
    if what == "rename":
        new = data.draw(st.sampled_from(["other", "b_2", "x"]))
        return made if new in names else operations.step_rename(made, name, new)
    if what == "change":
        return operations.step_change(made, name, data.draw(st.sampled_from(kinds)))
    return operations.step_remove(made, name)


def is_whole(made: Raw) -> bool:
    try:
        definition_check(definition_parse(made), Anything())
    except InvalidInput:
        return False
    return True


@settings(max_examples=30, deadline=None)
@given(st.data())
def test_whatever_is_done_a_definition_that_is_whole_round_trips_and_is_drawn_as_the_engine_follows_it(
    data: st.DataObject,
) -> None:
    made = raw(data.draw(st.one_of(st.just({}), definitions())))
    for _ in range(data.draw(st.integers(1, 8))):
        kept = deepcopy(made)
        after = act(data, made, KINDS)
        assert made == kept, "an operation leaves what it was given as it is"
        made = after
    rows, graph = rows_of(made, {}), sketch(made)
    assert [row.name for row in rows] == [node.name for node in graph.nodes] == list(made["steps"])
    if not is_whole(made):
        return
    definition = definition_parse(made)
    assert definition_load(definition_yaml(definition)) == definition
    assert definition_parse(definition_raw(definition_dump(definition))) == definition
    assert graph == graph_of(definition)


@settings(max_examples=20, deadline=None)
@given(st.data())
def test_what_is_not_whole_is_listed_and_drawn_as_well(data: st.DataObject) -> None:
    made = raw(data.draw(definitions()))
    for _ in range(data.draw(st.integers(1, 6))):
        made = act(data, made, [*KINDS, *BROKEN])
    names = set(made["steps"])
    assert {name for edge in sketch(made).edges for name in (edge.before, edge.after)} <= names
    assert [row.name for row in rows_of(made, {})] == list(made["steps"])


@settings(max_examples=20, deadline=None)
@given(definitions(), st.data())
def test_a_renamed_step_changes_nothing_but_its_name(steps: dict[str, Any], data: st.DataObject) -> None:
    made = raw(steps)
    name = data.draw(st.sampled_from(list(steps)))
    renamed = operations.step_rename(made, name, "other")
    assert is_whole(renamed) == is_whole(made)
    assert operations.step_rename(renamed, "other", name) == made
