"""What a step may refer to: what comes before it and nothing else, with types and samples."""

from __future__ import annotations

from typing import Any

import pytest

from apps.common.errors import Issue
from apps.workflows.stepforms import scope_of, step_form
from apps.workflows.stepforms.nodes import ConditionNode, TestNode, ValueNode
from apps.workflows.stepforms.scope import Scope
from tests.workflows.stepforms.posting import WHO, definition, shown

RISK: dict[str, Any] = {"kind": "agent", "title": "Score the payment", "agent": "demo.risk", "input": {"country": "DE"}}


def scope(whole: dict[str, Any], name: str | None, **samples: Any) -> Scope:
    return scope_of(whole, name, who=WHO, samples=samples)


def titles(found: Scope) -> dict[str, str]:
    return {offer.reference: f"{offer.group} › {offer.title}: {offer.about}" for offer in found.offers}


def test_only_what_comes_before_is_offered_with_its_fields_and_types() -> None:
    whole = definition(risk=RISK, decide={"kind": "stop"}, later={"kind": "transform", "set": {"x": 1}})
    offered = titles(scope(whole, "decide"))
    assert offered["${steps.risk.score}"] == "Score the payment › Risk score: an integer, as 12"
    assert offered["${steps.risk.decision.verdict}"] == "Score the payment › Decision › Verdict: a text"
    assert offered["${inputs.amount}"] == "Inputs › Amount: a number, as 1,250"
    assert not any(reference.startswith("${steps.later") for reference in offered)
    assert not any(reference.startswith("${steps.") for reference in titles(scope(whole, "risk")))
    assert "${steps.later.x}" in titles(scope(whole, None))


def test_samples_are_those_of_the_latest_run() -> None:
    whole = definition(risk=RISK, decide={"kind": "stop"})
    offered = titles(scope(whole, "decide", inputs={"amount": 9}, steps={"risk": {"score": 71}}))
    assert offered["${steps.risk.score}"].endswith("as 71")
    assert offered["${inputs.amount}"].endswith("as 9")


def test_the_item_is_known_inside_a_for_each_and_the_error_to_its_handler() -> None:
    each = {"kind": "transform", "set": {"x": 1}, "for_each": {"items": "${inputs.lines}"}}
    whole = definition(each={**each, "on_error": {"do": "go", "to": "tell"}}, tell={"kind": "stop"})
    inside = titles(scope(whole, "each", inputs={"lines": [{"sku": "A-1"}]}))
    assert inside["${item}"] == "This item › This item: anything, as 1 field"
    assert inside["${index}"].startswith("This item › Number of the item")
    assert "${error.detail}" not in inside
    handler = titles(scope(whole, "tell"))
    assert handler["${error.detail}"].startswith("The error › ")
    assert "${item}" not in handler


@pytest.mark.parametrize(
    "broken",
    [
        {"kind": "agent", "agent": "demo.risk", "input": 5, "retry": {"attempts": "many"}},
        {"kind": "agent", "agent": "demo.risk", "after": ["gone"], "when": {"field": "", "op": "="}},
    ],
)
def test_a_step_that_is_not_finished_still_tells_what_it_gives(broken: dict[str, Any]) -> None:
    assert "${steps.risk.score}" in titles(scope(definition(risk=broken, decide={"kind": "stop"}), "decide"))


@pytest.mark.parametrize(
    "whole",
    [
        {},
        {"steps": [], "inputs": 5},
        {"steps": {"a": None, "b": {"kind": "gone"}, "c": {"kind": "branch"}}},
        {"steps": {"a": {"kind": "stop", "after": ["a", "b"]}, "b": {"kind": "stop", "after": ["a"]}}},
        {"steps": {"a": {"kind": "stop"}, "d": {"kind": "switch", "cases": {"x": ["a"]}}}, "inputs": {"x": 1}},
        {"steps": {"d": {"kind": "approval"}, "x": {"kind": "stop", "for_each": {"items": {"$round": 1}}}}},
        {"steps": {"d": {"kind": "agent", "agent": 5, "input": {"x": "${"}}}},
        {"steps": {"d": {"kind": "transform", "set": {"y": "${a b}", "z": "${}"}}}},
        {"steps": {"d": {"kind": "parallel", "go": ["d", "zz"]}, "x": {"kind": "http", "url": {"$round": [1]}}}},
    ],
)
def test_whatever_is_there_can_be_shown(whole: dict[str, Any]) -> None:
    steps = whole.get("steps")
    for name in [*(steps if isinstance(steps, dict) else []), "none"]:
        shown(step_form(whole, name, who=WHO))


def test_what_does_not_fit_is_offered_apart_and_says_so() -> None:
    whole = definition(risk={**RISK, "input": {"country": "DE", "amount": "${inputs.day}"}})
    form = step_form(whole, "risk", who=WHO)
    amount = next(node for node in form.nodes if isinstance(node, ValueNode) and node.place.endswith(".amount"))
    fitting = [choice.value for _, choices in amount.fitting for choice in choices]
    assert "${inputs.amount}" in fitting
    assert "${inputs.day}" not in fitting
    assert next(each for each in amount.others if each.chosen).about == "a date"
    assert "Not a number: these do not fit" in {each.get("label") for each in shown(form).iter("optgroup")}


def test_operators_are_those_of_the_type_and_values_are_typed_by_it() -> None:
    parts = [
        {"field": "${inputs.amount}", "op": ">="},
        {"field": "${inputs.country}", "op": "="},
        {"field": "${inputs.day}", "op": ">"},
    ]
    form = step_form(definition(risk={**RISK, "when": {"all": parts}}), "risk", who=WHO)
    amount, country, day = [node for node in form.nodes if isinstance(node, TestNode)]
    assert "starts with" not in {each.value for each in amount.operators}
    assert {each.value for each in country.operators} == {"=", "!=", "in", "not in", "is empty", "is not empty"}
    assert next(each.label for each in day.operators if each.value == ">") == "is after"
    modes = [node.value.mode for node in (amount, country, day) if node.value is not None]
    assert modes == ["number", "choice", "date"]
    assert country.value is not None
    assert [each.value for each in country.value.choices] == ["", "DE", "FR"]


def test_a_condition_is_told_with_the_titles_of_what_it_compares() -> None:
    when = {
        "any": [
            {"field": "${steps.risk.score}", "op": ">=", "value": 70},
            {
                "all": [
                    {"field": "${inputs.amount}", "op": ">", "value": 10000},
                    {"field": "${inputs.country}", "op": "in", "value": ["DE", "FR"]},
                ]
            },
        ]
    }
    form = step_form(definition(risk=RISK, ask={"kind": "stop", "when": when}), "ask", who=WHO)
    (condition,) = [node for node in form.nodes if isinstance(node, ConditionNode)]
    assert condition.says == (
        "Runs when risk score is at least 70, or both amount is more than 10,000 and country is one of DE or FR."
    )


def test_a_condition_that_is_not_finished_says_so() -> None:
    when = {"all": [{"field": "", "op": "="}]}
    form = step_form(definition(ask={"kind": "stop", "when": when}), "ask", who=WHO)
    (condition,) = [node for node in form.nodes if isinstance(node, ConditionNode)]
    assert condition.sentence == ""
    assert "not filled in yet" in condition.unfinished


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("steps.ask.when.group.all.0.test.value", "steps.ask.when.all.0.value"),
        ("steps.ask.when.all.0.field", "steps.ask.when.all.0"),
        ("steps.ask.retry.attempts", "steps.ask.retry.attempts"),
        ("steps.ask.reason", "steps.ask.reason"),
    ],
)
def test_what_is_wrong_stands_at_its_field_and_on_top(path: str, place: str) -> None:
    when = {"all": [{"field": "${inputs.amount}", "op": ">=", "value": 1}]}
    whole = definition(ask={"kind": "stop", "when": when, "retry": {}})
    issues = [Issue(path=path, message="Value error, Say `so`."), Issue(path="steps.other.x", message="Not here.")]
    form = step_form(whole, "ask", who=WHO, issues=issues)
    ((node, message),) = form.problems
    assert (node.place, message) == (place, "Say `so`.")
    page = shown(form)
    (link,) = page.xpath("//ul[@class='o-issues']//a")
    assert page.xpath(f"//*[@id='{link.get('href')[1:]}']")
    assert "Say so." in page.xpath("//*[contains(@class, 'invalid-feedback')]")[0].text_content()


def test_a_reference_that_names_nothing_is_told_once_at_its_field() -> None:
    whole = definition(ask={"kind": "stop", "reason": "${steps.gone.x}"})
    message = "${steps.gone.x}: There is no step 'gone'; there are ask."
    form = step_form(whole, "ask", who=WHO, issues=[Issue(path="steps.ask.reason", message=message)])
    ((node, told),) = form.problems
    assert told == node.error == message


def test_what_is_wrong_with_a_step_as_a_whole_stands_on_top() -> None:
    issues = [Issue(path="steps.ask", message="It chooses nothing."), Issue(path="steps.ask.kind_of", message="Odd.")]
    form = step_form(definition(ask={"kind": "stop"}), "ask", who=WHO, issues=issues)
    assert [each.message for each in form.others] == ["It chooses nothing.", "Odd."]
    assert form.trouble == "2 things are wrong with this step"
