"""A browser for forms of steps: it posts what a page shows, and presses buttons."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from django.http import QueryDict
from django.template.loader import render_to_string
from lxml import html

from apps.common.permissions import codes_of
from apps.workflows.checking import Signature
from apps.workflows.stepforms import StepForm, step_form, step_read

AMOUNTS = {
    "type": "object",
    "properties": {
        "amount": {"type": "number", "description": "In euros."},
        "country": {"type": "string", "enum": ["DE", "FR"], "title": "Country of the beneficiary"},
        "note": {"anyOf": [{"type": "string"}, {"type": "null"}]},
        "lines": {"type": "array", "items": {"$ref": "#/$defs/Line"}},
        "urgent": {"type": "boolean"},
        "day": {"type": "string", "format": "date"},
    },
    "required": ["country"],
    "$defs": {"Line": {"type": "object", "properties": {"sku": {"type": "string"}, "count": {"type": "integer"}}}},
}
SCORE = {
    "type": "object",
    "properties": {
        "score": {"type": "integer", "title": "Risk score", "examples": [12]},
        "decision": {"type": "object", "properties": {"verdict": {"type": "string", "enum": ["pass", "hold"]}}},
        "hits": {"type": "array", "items": {"type": "string"}},
    },
}


class Builder:
    """Whoever has the rights of a builder."""

    def can(self, code: str) -> bool:
        return code in codes_of("builder")


WHO: Any = Builder()


class Shelf:
    """A catalogue with one agent, and one workflow that takes the same."""

    def agent(self, key: str) -> Signature | None:
        return Signature(AMOUNTS, SCORE) if key == "demo.risk" else None

    def workflow(self, name: str) -> Signature | None:
        return Signature(AMOUNTS, SCORE) if name == "payments" else None


def definition(**steps: Any) -> dict[str, Any]:
    """A definition as a person writes it, which need not be whole."""
    return {
        "format": 1,
        "name": "payments-in",
        "title": "Payments in",
        "inputs": {
            "amount": {"type": "number", "title": "Amount", "example": 1250},
            "country": {"type": "choice", "choices": ["DE", "FR"]},
            "day": {"type": "date", "required": False},
            "lines": {"type": "list", "example": [{"sku": "A"}]},
        },
        "steps": steps,
    }


def shown(made: StepForm) -> html.HtmlElement:
    """The form as a page has it."""
    page = render_to_string("workflows/editor/step_form.html", {"form": made})
    return html.fromstring(f"<form>{page}</form>")


def posted(form: html.HtmlElement) -> QueryDict:
    """What a browser sends of a form that nobody has touched."""
    data = QueryDict(mutable=True)
    for name, value in _controls(form):
        data.appendlist(name, value)
    return data


def _controls(form: html.HtmlElement) -> Iterator[tuple[str, str]]:
    for control in form.iter("input", "select", "textarea"):
        name = control.get("name")
        if not name:
            continue
        if control.tag == "select":
            options = list(control.iter("option"))
            chosen = [each for each in options if each.get("selected") is not None] or options[:1]
            yield from ((name, each.get("value", "")) for each in chosen[-1:])
        elif control.tag == "textarea":
            yield name, (control.text or "").removeprefix("\n").replace("\n", "\r\n")
        elif control.get("type") != "checkbox" or control.get("checked") is not None:
            yield name, control.get("value", "").replace("\r", "").replace("\n", "")


def read(given: Mapping[str, Any], name: str, data: QueryDict) -> dict[str, Any]:
    return step_read(data, given, name, who=WHO)


def again(given: Mapping[str, Any], name: str, *, act: str = "", **changes: str) -> dict[str, Any]:
    """The step after its form was posted with these fields changed (by path, `__` for a dot), and a button pressed."""
    data = posted(shown(step_form(given, name, who=WHO)))
    for path, value in changes.items():
        data[f"s.{path.replace('__', '.')}"] = value
    if act:
        data["act"] = act
    return read(given, name, data)


__all__ = ["AMOUNTS", "SCORE", "WHO", "Shelf", "again", "definition", "posted", "read", "shown"]
