"""Flat values as the nested data of an input."""

from __future__ import annotations

from apps.agents import fields


def test_paths_become_places_and_an_empty_value_leaves_the_default_of_the_model_in_force() -> None:
    assert fields.nest({"horizon": "", "history.dataset": "x", "history.columns.item": "y"}) == {
        "history": {"dataset": "x", "columns": {"item": "y"}}
    }


def test_a_value_that_stands_in_the_way_of_a_path_gives_way() -> None:
    assert fields.nest({"a": "x", "a.b": "y"}) == {"a": {"b": "y"}}


def test_merging_keeps_what_stands_beside() -> None:
    base = {"table": {"rows": [1], "columns": {"a": "x"}}, "steps": 3}
    over = {"table": {"columns": {"b": "y"}}, "steps": 4, "mood": "calm"}
    assert fields.merge(base, over) == {
        "table": {"rows": [1], "columns": {"a": "x", "b": "y"}},
        "steps": 4,
        "mood": "calm",
    }
