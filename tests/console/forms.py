"""A browser without a screen, as far as forms go: what it would send of a piece of HTML."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

from django.template.loader import render_to_string
from pydantic import BaseModel

from apps.console.schemaforms import SchemaForm


class Sent(HTMLParser):
    """The names and values that a browser sends of a form, in their order; the last of a name counts, as in Django."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.values: dict[str, str] = {}
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self._text: str | None = None
        self._name = self._inert = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        assert len(given) == len(attrs), f"an attribute stands twice: {attrs}"
        if tag == "template":
            self._inert = tag
        if self._inert:
            return
        self.tags.append((tag, given))
        name = given.get("name") or ""
        if tag == "input" and name:
            if given.get("type") != "checkbox" or "checked" in given:
                self.values[name] = (given.get("value") or "").replace("\n", "")  # as an input has one line
        elif tag == "textarea":
            self._name, self._text = name, ""
        elif tag == "select":
            self._name = name
        elif tag == "option" and (self._name not in self.values or "selected" in given):
            self.values[self._name] = given.get("value") or ""

    def handle_data(self, data: str) -> None:
        if self._text is not None:
            self._text += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "template":
            self._inert = ""
        elif tag == "textarea" and self._text is not None:
            self.values[self._name] = self._text.removeprefix("\n").replace("\n", "\r\n")
            self._text = None


def html_of(form: SchemaForm) -> str:
    return render_to_string("console/schemaforms/_fields.html", {"fields": form.fields})


def sent(form: SchemaForm) -> dict[str, str]:
    """What a browser sends of the form when nobody has touched it."""
    return Sent(html_of(form)).values


def round_trip(model: type[BaseModel], data: Any, **options: Any) -> dict[str, Any]:
    """The data of a form that starts from these, after it was shown and sent."""
    shown = SchemaForm(model, {}, base=data, **options)
    return SchemaForm(model, sent(shown), **options).data()
