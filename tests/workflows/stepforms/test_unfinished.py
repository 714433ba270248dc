"""Whatever is posted, reading it never fails, and what comes of it can be shown and posted again."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.workflows.stepforms import step_form, step_read
from tests.workflows.stepforms.posting import WHO, definition, posted, shown

TEST = {"field": "${inputs.amount}", "op": "between", "value": [1, "${inputs.amount}"]}
STEPS: dict[str, dict[str, Any]] = {
    "risk": {
        "kind": "agent",
        "agent": "demo.risk",
        "input": {"country": "DE", "lines": [{"sku": "A", "count": 1}], "iban": {"$upper": "x"}},
        "for_each": {"items": ["a", "b"]},
        "retry": {"only": ["late"]},
    },
    "way": {
        "kind": "branch",
        "cases": [{"when": {"all": [TEST, {"none": [{**TEST, "op": "in", "value": [1]}]}]}, "go": ["ask"]}],
        "otherwise": ["told"],
    },
    "ask": {
        "kind": "approval",
        "question": "Pay ${inputs.amount}?",
        "people": ["ada@acme.example", "${inputs.country}"],
        "form": {"note": {"type": "text"}, "sum": {"type": "number", "minimum": 1, "default": 5}},
    },
    "by": {"kind": "switch", "of": {"$cel": "inputs.amount"}, "cases": {"1": ["told"], "2": []}},
    "told": {"kind": "http", "url": "https://shop.example", "headers": {"x": "y"}, "body": {"deep": [{"a": [1]}]}},
}
ODD = st.sampled_from(
    ["", " ", "0", "-1", "99999999999999999999", "1e999", "NaN", "true", "null", "2026-02-30", "\x00", "x" * 300, "İ𝟗",
     "${", "${}", "${inputs.amount}", "${a b}", "$${", "a: [", "- x\n- y", "{$round: [1]}", "from", "list", "object",
     "data", "computed", "unset", "between", "is empty", "in", "group", "test"]
)  # fmt: skip
VERBS = st.sampled_from(
    ["add", "remove", "up", "down", "add-test", "add-group", "word", "drop", "set", "imply", "insert", "mode", ""]
)


@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data(), st.sampled_from(sorted(STEPS)))
def test_no_post_breaks_a_form_and_what_comes_of_it_is_stable(data: st.DataObject, name: str) -> None:
    whole = definition(**STEPS)
    for _ in range(2):
        sent = posted(shown(step_form(whole, name, who=WHO)))
        for key in data.draw(st.lists(st.sampled_from(sorted(sent)), max_size=4)):
            sent.setlist(key, [data.draw(ODD)])
        path = data.draw(st.sampled_from(sorted(sent))).removesuffix(".rows").removesuffix(".is")
        sent["act"] = f"{data.draw(VERBS)} {data.draw(st.sampled_from(['-', '0', '1', '99', 'any', 'x']))} {path}"
        whole["steps"][name] = step_read(sent, whole, name, who=WHO)
    once = untouched(whole, name)
    assert untouched(definition(**{**whole["steps"], name: once}), name) == once


def untouched(whole: dict[str, Any], name: str) -> dict[str, Any]:
    """The step of a form that nobody touched."""
    return step_read(posted(shown(step_form(whole, name, who=WHO))), whole, name, who=WHO)
