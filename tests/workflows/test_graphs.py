from __future__ import annotations

from typing import Any

from apps.workflows.definition import Definition, definition_parse
from apps.workflows.graphs import Edge, graph_of


def definition(**steps: Any) -> Definition:
    return definition_parse({"name": "test", "title": "Test", "steps": steps})


SET = {"kind": "transform", "set": {"x": 1}}


def test_a_step_that_names_none_before_it_follows_the_one_above() -> None:
    graph = graph_of(definition(load=SET, save=SET))
    assert graph.edges == [Edge("load", "save", "")]
    assert [(node.title, node.kind, node.is_many) for node in graph.nodes] == [
        ("Load", "Transform", False),
        ("Save", "Transform", False),
    ]


def test_an_edge_of_a_branch_says_its_condition_in_words() -> None:
    branch = {
        "kind": "branch",
        "cases": [
            {"when": {"field": "${inputs.score}", "op": ">=", "value": 70}, "go": ["ask"]},
            {"title": "harmless", "when": {"field": "${inputs.score}", "op": "<", "value": 10}, "go": ["release"]},
        ],
        "otherwise": ["wait"],
    }
    graph = graph_of(definition(decide=branch, ask=SET, release=SET, wait=SET))
    labels = {edge.after: edge.label for edge in graph.after("decide")}
    assert labels == {"ask": "score is at least 70", "release": "harmless", "wait": "otherwise"}


def test_an_edge_of_a_switch_says_its_value_and_one_to_a_handler_that_it_is_for_failures() -> None:
    switch = {"kind": "switch", "of": "${inputs.country}", "cases": {"DE": ["a"], "FR": ["a", "b"]}}
    send = {"kind": "http", "url": "https://shop.example", "on_error": {"do": "go", "to": "tell"}, "after": ["a"]}
    graph = graph_of(definition(by=switch, a=SET, b=SET, send=send, tell=SET))
    labels = {(edge.before, edge.after): edge.label for edge in graph.edges}
    assert labels[("by", "a")] == "DE or FR"
    assert labels[("by", "b")] == "FR"
    assert labels[("send", "tell")] == "if it fails"


def test_a_condition_of_a_step_stands_on_what_leads_to_it_and_a_long_one_is_cut() -> None:
    when = {"all": [{"field": "${inputs.amount}", "op": ">", "value": n} for n in range(10)]}
    graph = graph_of(definition(a=SET, b={**SET, "when": when}))
    (edge,) = graph.edges
    assert edge.label.startswith("if amount is more than 0 and")
    assert len(edge.label) <= 44
    assert edge.label.endswith("…")


def test_what_is_drawn_carries_the_states_of_the_steps_that_have_one() -> None:
    data = graph_of(definition(a=SET, b=SET)).as_json({"a": {"status": "failed", "note": "Failed, 3 attempts"}})
    assert data["nodes"][0]["status"] == "failed"
    assert data["nodes"][0]["note"] == "Failed, 3 attempts"
    assert "status" not in data["nodes"][1]
    assert data["edges"] == [{"before": "a", "after": "b", "label": ""}]
